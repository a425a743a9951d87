"""What is shown once and kept as a hash: session ids, tokens, links. They hold 256 random bits: one hash is enough."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32


def new_key(prefix: str = "") -> str:
    """A key nobody guesses, in letters, digits, - and _."""
    return prefix + secrets.token_urlsafe(_BYTES)


def new_id() -> str:
    return secrets.token_hex(8)


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()
