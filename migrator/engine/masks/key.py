"""The secret that makes masking repeatable for its owner and for nobody else."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import Fault, Misuse
from storage.private import load_or_create

FILE = "mask.key"
"""Beside the signing keys."""

_BYTES = 32
_LEAST = 16  # characters of a secret somebody wrote
_SALT = b"migrator mask key"  # fixed: the same secret must give the same key everywhere


@dataclass(frozen=True)
class MaskKey:
    """32 bytes; neither its value nor anything to guess it by faster than it was made ever leaves this machine."""

    _secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: str) -> MaskKey:
        """From words somebody keeps: slow to make, so that they are slow to guess. Misuse if they are too few."""
        if len(secret) < _LEAST:
            raise Misuse(
                f"the masking secret has fewer than {_LEAST} characters",
                where="MIGRATOR_MASK_KEY",
                next="take a long random text, or leave the variable out: a key is then made beside the signing keys",
            )
        return cls(hashlib.scrypt(secret.encode(), salt=_SALT, n=1 << 14, r=8, p=1, dklen=_BYTES))

    @classmethod
    def load_or_create(cls, folder: Path) -> MaskKey:
        """The one in `folder`, made on first use with mode 0600. Misuse if others can read it, or it is no key."""
        path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            text = load_or_create(path, lambda: secrets.token_hex(_BYTES).encode() + b"\n", what="masking key")
        except OSError as error:
            advice = "give this user that folder, or set MIGRATOR_MASK_KEY"
            raise Fault(f"the masking key cannot be used: {error.strerror}", where=str(path), next=advice) from error
        try:
            secret = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            secret = b""
        if len(secret) != _BYTES:
            raise Misuse("this is not a masking key", where=str(path), next="put the right key back")
        return cls(secret)

    @property
    def fingerprint(self) -> str:
        """What archives say of it: two of the same fingerprint were masked alike, and join."""
        return self.digest("fingerprint", b"", 16).hex()

    def digest(self, purpose: str, value: bytes, size: int = 32) -> bytes:
        """So many bytes (64 at most) that only this key gives for this value and purpose."""
        named = purpose.encode() + b"\0" + value
        return hashlib.blake2b(named, key=self._secret, digest_size=size).digest()
