"""Passwords, kept as argon2id hashes."""

from __future__ import annotations

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.errors import Misuse

_SHORTEST, _LONGEST = 12, 1024

# RFC 9106, second recommended option: 64 MiB, 3 passes, 4 lanes
_at_once = BoundedSemaphore(2)  # each takes that much memory: many who log in at once wait, the server stays small
_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody's password")


def _bytes(password: str) -> bytes:
    """Whatever somebody types or sends is some password, halves of characters too."""
    return password.encode("utf-8", "surrogatepass")


def hashed(password: str) -> str:
    """As it is kept. Misuse where it is too short, or too long to be one."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise Misuse(
            f"a password has {_SHORTEST} characters at least, and {_LONGEST} at most",
            where="password",
            next="choose a longer one: a few words are easy to remember",
        )
    with _at_once:
        return _hasher.hash(_bytes(password))


def is_right(password: str, kept: str | None) -> bool:
    """Whether it is the one that is kept; takes as long where none is, so that nobody learns who has an account."""
    try:
        with _at_once:
            is_equal = _hasher.verify(kept or _nobody(), _bytes(password[:_LONGEST]))
    except (VerificationError, InvalidHashError):
        return False
    return is_equal and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was hashed with less than what is asked for today."""
    return _hasher.check_needs_rehash(kept)
