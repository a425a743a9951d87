"""The seal on addresses and keys of platforms: whoever reads the database alone learns none of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage import private
from storage.errors import Misuse
from storage.system import translated

_NONCE, _KEY = 12, 32


@dataclass(frozen=True, kw_only=True)
class Vault:
    """AES-256-GCM; what is sealed under one name opens under no other."""

    key: bytes = field(repr=False)
    where: str = ""

    @classmethod
    def load_or_create(cls, path: Path) -> Vault:
        """The key in this file, made on first use with mode 0600; of all who serve or work, each has the same.

        Misuse where others can read it, or it is none.
        """
        with translated(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = private.load_or_create(path, lambda: secrets.token_bytes(_KEY), what="vault key")
        if len(key) != _KEY:
            raise Misuse("this is not a vault key", where=str(path), next="put the right key back")
        return cls(key=key, where=str(path))

    def sealed(self, name: str, content: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.key).encrypt(nonce, content.encode(), name.encode())

    def opened(self, name: str, sealed: bytes) -> str:
        """Misuse where another key sealed it."""
        try:
            return AESGCM(self.key).decrypt(sealed[:_NONCE], sealed[_NONCE:], name.encode()).decode()
        except InvalidTag:
            raise Misuse(
                f"the address of {name} was sealed with another key",
                where=self.where,
                next="bring the right vault key here (MIGRATOR_VAULT_KEY), or register the platform's address again",
            ) from None
