"""The lock of a run: held by the one process that performs it, and given up by the system when that process dies."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migrator.runs.records import RunRecord, is_alive

_HOST_LENGTH = 24  # PostgreSQL keeps 63 characters of what a session is called
_PROCESSES = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The process that holds a lock, as the lock itself tells it. A number is given again to processes that come
    after: `born` tells them apart."""

    process: int
    namespace: int  # of process numbers: containers on one host, or of one name, have each their own
    born: int  # when it started, in the system's own count; 0 where that is not known
    host: str

    @classmethod
    def here(cls) -> Holder:
        names = _PROCESSES / "self/ns/pid"
        namespace, own = names.stat().st_ino if names.exists() else 0, os.getpid()
        return cls(process=own, namespace=namespace, born=_birth_of(own), host=_short(socket.gethostname()))

    @classmethod
    def read(cls, written: str) -> Holder | None:
        """What `written` gave; None for anything else."""
        *numbers, host = written.strip().split(" ", 3)
        if len(numbers) != 3 or not all(number.isdigit() for number in numbers):
            return None
        process, namespace, born = map(int, numbers)
        return cls(process=process, namespace=namespace, born=born, host=host)

    @property
    def written(self) -> str:
        return f"{self.process} {self.namespace} {self.born} {self.host}"

    @property
    def said(self) -> str:
        return f"process {self.process} on {self.host}"

    @property
    def can_be_ended_here(self) -> bool:
        return self._is_here and self.process != os.getpid() and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Whether this machine can say that there is no such process."""
        return self._is_here and (not is_alive(self.process) or self._is_another)

    @property
    def _is_another(self) -> bool:
        """Whether the process of this number came after."""
        born = _birth_of(self.process)
        return born != self.born and 0 not in (born, self.born)

    @property
    def _is_here(self) -> bool:
        own = Holder.here()
        return (self.namespace, self.host) == (own.namespace, own.host)

    def is_of(self, record: RunRecord) -> bool:
        """Whether it is who performs the run by its record, and not somebody who is about to."""
        return (self.process, self.host) == (record.process, _short(record.host))


def _birth_of(process: int) -> int:
    """When it started, in ticks since the machine did; 0 where the system does not say."""
    with suppress(OSError):
        status = (_PROCESSES / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
        return int(status.rpartition(")")[2].split()[19])  # what stands before may hold blanks: its name
    return 0


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
