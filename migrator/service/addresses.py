"""Addresses of runs, which are kept without their passwords, and may be another place's when somebody comes back."""

from __future__ import annotations

import re

from migrator.runs.records import RunRecord
from storage.address import redacted, without_user
from storage.errors import Misuse

_HIDDEN = "***"
_RELATIVE = re.compile(r"sqlite:///(?!/)|(?![a-z][a-z0-9+.-]*:|/)", re.IGNORECASE)


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


def require_whole(*addresses: str | None) -> None:
    """Misuse where one leads on from the folder that its reader happens to be in: a worker is in another."""
    for address in filter(None, addresses):
        if _RELATIVE.match(address):
            raise Misuse(
                "this leads elsewhere for a worker, which is in a folder of its own",
                where=redacted(address),
                next="write the whole path (sqlite:////folder/app.db, file:///folder/store), or leave out --detach",
            )


def require_same_place(record: RunRecord, target: str) -> None:
    """Misuse where a plan's variables lead elsewhere by now: of what a run did, only the target it did it to can tell.

    By another user it is the same place.
    """
    if record.target is not None and without_user(record.target) != without_user(target):
        raise Misuse(
            f"the target holds no load of this run, which was at work on {record.target}: its plan leads to"
            f" {redacted(target)} now",
            where=record.run_id,
            next="set the variables of the plan as they were, and give the same command again",
        )
