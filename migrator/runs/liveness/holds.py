"""The lock of a run: held by the one process that performs it, and given up by the system when that process dies."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migrator.runs.records import RunRecord, is_alive

_HOST_LENGTH = 32  # PostgreSQL keeps 63 characters of what a session is called
_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process that holds a lock, as the lock itself tells it: no number of a process that came after."""

    process: int
    namespace: int  # of process numbers: containers on one host, or of one name, have each their own
    host: str

    @classmethod
    def here(cls) -> Holder:
        namespace = _NAMESPACE.stat().st_ino if _NAMESPACE.exists() else 0
        return cls(process=os.getpid(), namespace=namespace, host=_short(socket.gethostname()))

    @classmethod
    def read(cls, written: str) -> Holder | None:
        """What `written` gave; None for anything else."""
        parts = written.strip().split(" ", 2)
        if len(parts) < 3 or not (parts[0].isdigit() and parts[1].isdigit()):
            return None
        return cls(process=int(parts[0]), namespace=int(parts[1]), host=parts[2])

    @property
    def written(self) -> str:
        return f"{self.process} {self.namespace} {self.host}"

    @property
    def said(self) -> str:
        return f"process {self.process} on {self.host}"

    @property
    def can_be_ended_here(self) -> bool:
        return self._is_here and self.process != os.getpid()

    @property
    def is_gone(self) -> bool:
        """Whether this machine can say that there is no such process."""
        return self._is_here and not is_alive(self.process)

    @property
    def _is_here(self) -> bool:
        own = Holder.here()
        return (self.namespace, self.host) == (own.namespace, own.host)

    def is_of(self, record: RunRecord) -> bool:
        """Whether it is who performs the run by its record, and not somebody who is about to."""
        return (self.process, self.host) == (record.process, _short(record.host))


def _short(host: str) -> str:
    return host[:_HOST_LENGTH]


class Hold(Protocol):
    """A run's lock, ours until it is released."""

    def is_kept(self) -> bool:
        """Whether it is ours still; one that was lost with its connection is taken again where nobody was quicker.

        Fault where that cannot be said now.
        """

    def release(self) -> None:
        """Give it up; no error where that was done before."""


class Holds(Protocol):
    """The locks of a catalog's runs."""

    def take(self, run_id: str) -> Hold | None:
        """None where somebody else holds it."""

    def holder(self, run_id: str) -> Holder | None:
        """Who holds it; None where nobody does."""

    def end(self, run_id: str) -> None:
        """Take the lock from a holder that cannot be reached from here, where that is possible."""

    def close(self) -> None: ...


def open_holds(url: str, folder: Callable[[str], Path]) -> Holds:
    """The locks for the catalog at this address; in a run's folder where the catalog is a file of this machine."""
    if url.startswith("postgres"):
        from migrator.runs.liveness.held_sessions import SessionHolds

        return SessionHolds.open(url)
    from migrator.runs.liveness.held_files import FileHolds

    return FileHolds(folder=folder)
