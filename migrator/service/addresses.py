"""Addresses of runs, which are kept without their passwords: whoever goes on with such a run names it once more."""

from __future__ import annotations

from storage.address import redacted
from storage.errors import Misuse

_HIDDEN = "***"


def whole(kept: str, given: str | None, *, run: str) -> str:
    """The address that was kept, with its password. Misuse where nobody gave that, or gave another address."""
    if given is not None and redacted(given) != kept:
        raise Misuse("this is not the address that the run was given", where=redacted(given), next=f"name {kept}")
    if given is None and needs_password(kept):
        raise Misuse(
            "the address held a password, and none is ever kept",
            where=run,
            next=f"name it once more: --url {kept}, with its password",
        )
    return given or kept


def needs_password(kept: str) -> bool:
    return _HIDDEN in kept
