"""The one tree of errors. The type names the recovery; the message says what, where and what next.

MigratorError
├── Fault                 exit 1    outside: a server, a disk, a permission, a connection
│   ├── TransientFault    exit 1    the same call may succeed when repeated
│   ├── FenceLost         exit 1    a point in time is held by nobody any more: reading starts anew from another
│   ├── Refused           exit 1    this call is refused, others are not: a right is missing, or it took too long
│   └── AlreadyExists     exit 1    another writer made this object first
├── Misuse                exit 2    wrong usage or configuration: the person changes something
├── Red                   exit 3    a red answer about the data: somebody has to decide
├── Parked                exit 130  interrupted; nothing visible was left behind
└── Recast                never reaches a person: read the table again with another column type
"""

# ruff: noqa: N818 - these are the words of the design, not a library's exception names
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage.problem import Problem
    from storage.schema import Column


class MigratorError(Exception):
    """Something a person must read: `what` happened, `where` (file:line, table, column, key), what to do `next`."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next = next

    def __str__(self) -> str:
        return " · ".join(part for part in (self.what, self.where, self.next) if part)


class Fault(MigratorError):
    """A fault outside: an unreachable server, a full disk, a lost connection, a missing permission."""


class TransientFault(Fault):
    """A fault that may be gone at the next try; `storage.retry` repeats these and nothing else."""


class FenceLost(Fault):
    """A view of a source that somebody else held is gone, or is not the same one: whoever needs it starts anew."""


class Refused(Fault):
    """A platform refuses this call alone, for want of a right or because it took too long: it still answers others."""


class AlreadyExists(Fault):
    """An object that may be written once is there already: another writer was first."""


class Misuse(MigratorError):
    """Wrong usage or configuration: a typo, an unknown table or tenant, an empty root, no archive."""

    exit_code = 2


class Red(MigratorError):
    """A red answer: unclassified, unmapped, does not fit, duplicate, corrupt, unequal, gate closed."""

    exit_code = 3

    def __init__(self, what: str, *, where: str = "", next: str = "", problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(what, where=where, next=next)
        self.problems = problems


class Parked(MigratorError):
    """The run was interrupted and parked: nothing is visible, the same command starts it again."""

    exit_code = 130


class Recast(Exception):  # a control signal between a reader or writer and the snapshot, not a fault
    """A value does not fit its column as described: read the table again with `column` in its place.

    Raised by a source (text that is not UTF-8 in a text column) and by the archive writer (a text equal to the
    NULL token, a value above the inline limit). Re-reading within the fence gives the same rows, so this is cheap
    to reason about: a table is always written by one pass that knew its columns from the start.
    """

    def __init__(self, table: str, column: Column) -> None:
        super().__init__(f"{table}.{column.name} needs {column.type} held {column.held}, NULL as {column.null_token}")
        self.table = table
        self.column = column


def may_be_resumed(error: BaseException) -> bool:
    """Whether what it stopped can go on later: it is no answer about the data, and nothing that somebody misused."""
    return not isinstance(error, Red | Misuse)
