"""The signing keys of an installation, and the signatures they put on an archive's tag manifest.

Two signatures over the same bytes: Ed25519 is the identity, P-256 serves those whose openssl is older than 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_p256
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from storage import private
from storage.errors import Fault, Misuse

ED25519_SIGNATURE, ED25519_KEY = "tagmanifest.ed25519.sig", "ed25519.pem"
P256_SIGNATURE, P256_KEY = "tagmanifest.p256.sig", "p256.pem"
SIGNATURE_FILES = (ED25519_SIGNATURE, ED25519_KEY, P256_SIGNATURE, P256_KEY)
LATER_FILES = ("tagmanifest.tsr", "tsa-chain.pem")
"""Files a timestamp authority's answer may add; allowed beside the signatures, never required."""

_FILES = ("ed25519.key.pem", "p256.key.pem")

_PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
_PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


def _public_pem(key: _PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _fingerprint(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


@dataclass(frozen=True, kw_only=True)
class SigningKeys:
    """Both private keys; they never leave the folder they were made in."""

    ed25519: Ed25519PrivateKey
    p256: EllipticCurvePrivateKey

    @classmethod
    def load_or_create(cls, directory: Path) -> SigningKeys:
        """The keys in `directory`, made on first use with mode 0600; of many first users one wins and all agree.

        Misuse if a key file is readable by others or is not such a key; Fault if the folder cannot be used.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            ed25519 = _load_or_create(directory / _FILES[0], Ed25519PrivateKey.generate)
            p256 = _load_or_create(directory / _FILES[1], lambda: generate_p256(SECP256R1()))
        except OSError as error:
            raise _unusable(directory, error) from error
        if not isinstance(ed25519, Ed25519PrivateKey) or not isinstance(p256, EllipticCurvePrivateKey):
            raise Misuse("a signing key is of another kind", where=str(directory), next="put the right key back")
        return cls(ed25519=ed25519, p256=p256)

    @classmethod
    def load(cls, directory: Path) -> SigningKeys | None:
        """The keys in `directory` as they are, None where they have yet to be made; errors as in `load_or_create`."""
        try:
            known = all((directory / name).exists() for name in _FILES)
        except OSError as error:
            raise _unusable(directory, error) from error
        return cls.load_or_create(directory) if known else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the Ed25519 public key in DER, 64 hexadecimal digits."""
        return _fingerprint(self.ed25519.public_key())

    def sign(self, data: bytes) -> dict[str, bytes]:
        """The four files of signatures/, by name."""
        return {
            ED25519_SIGNATURE: self.ed25519.sign(data),
            ED25519_KEY: _public_pem(self.ed25519.public_key()),
            P256_SIGNATURE: self.p256.sign(data, ECDSA(hashes.SHA256())),
            P256_KEY: _public_pem(self.p256.public_key()),
        }


def _unusable(directory: Path, error: OSError) -> Fault:
    advice = "give this user that folder, or name another with MIGRATOR_SIGNING_KEY"
    return Fault(f"the signing keys cannot be used: {error.strerror}", where=str(directory), next=advice)


def _load_or_create(path: Path, generate: Callable[[], _PrivateKey]) -> _PrivateKey:
    pem = private.load_or_create(path, lambda: _private_pem(generate()), what="signing key")
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise Misuse("this is not a signing key", where=str(path), next="put the right key back") from error
    if not isinstance(key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise Misuse("a signing key is of another kind", where=str(path), next="put the right key back")
    return key


def _private_pem(key: _PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, kw_only=True)
class Signatures:
    """What signatures/ says about a tag manifest: whose key (empty if unreadable), and what is wrong, by file name."""

    fingerprint: str
    problems: Mapping[str, str]


def verify(data: bytes, files: Mapping[str, bytes]) -> Signatures:
    """Both signatures in `files` (the content of signatures/, by name) checked against `data`."""
    problems = {name: "missing" for name in SIGNATURE_FILES if name not in files}
    ed25519 = _public(files.get(ED25519_KEY), Ed25519PublicKey)
    p256 = _public(files.get(P256_KEY), EllipticCurvePublicKey)
    fingerprint = _fingerprint(ed25519) if isinstance(ed25519, Ed25519PublicKey) else ""
    checks: dict[str, Callable[[], None]] = {}
    if isinstance(ed25519, Ed25519PublicKey):
        checks[ED25519_SIGNATURE] = lambda: ed25519.verify(files[ED25519_SIGNATURE], data)
    if isinstance(p256, EllipticCurvePublicKey):
        checks[P256_SIGNATURE] = lambda: p256.verify(files[P256_SIGNATURE], data, ECDSA(hashes.SHA256()))
    for name, key_name in ((ED25519_SIGNATURE, ED25519_KEY), (P256_SIGNATURE, P256_KEY)):
        if name not in checks:
            problems.setdefault(key_name, "not a public key of its kind")
        elif name not in problems and not _holds(checks[name]):
            problems[name] = "not a signature of tagmanifest-sha256.txt by this key"
    return Signatures(fingerprint=fingerprint, problems=problems)


def _public(pem: bytes | None, kind: type[_PublicKey]) -> _PublicKey | None:
    if pem is None:
        return None
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    other_curve = isinstance(key, EllipticCurvePublicKey) and not isinstance(key.curve, SECP256R1)
    return key if isinstance(key, kind) and not other_curve else None


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidSignature:
        return False
    return True
