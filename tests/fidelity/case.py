"""The nouns of the measurement: a column of values, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from migrator.contracts import Source, Target
from storage.schema import Column, Kind


@dataclass(frozen=True, kw_only=True)
class Case:
    """A column as it is declared, and its values as SQL expressions; `about` says which, where the type does not."""

    native: str
    values: tuple[str, ...]
    about: str = ""
    options: str = ""  # of the table, after its columns: cases of other options have another table
    is_taken_back: bool = True  # by the server: a value that only it can make is archived and not restored

    @property
    def name(self) -> str:
        return f"{self.native}: {self.about}" if self.about else self.native


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One case as its archive holds it.

    `wrong` is where twin, master and server disagree, `refused` why the server does not take an archived field back,
    `lost` what another server says of the restored values that this one does not: all of them should hold nothing.
    """

    case: Case
    column: Column
    field: str  # the first value as it stands in the CSV master, quotes included
    wrong: tuple[str, ...]
    refused: str
    lost: tuple[str, ...]


class Database(Protocol):
    """An empty database, and how values go in and are asked for by its plain client, without a line of ours."""

    cases: tuple[Case, ...]

    @property
    def title(self) -> str:
        """Its name and version, as the document prints it."""
        ...

    def prepare(self) -> None:
        """Make the types that the cases are of."""
        ...

    def create(self, table: str, cases: Sequence[Case]) -> None:
        """A table with an integer key n and the columns c0, c1, … of these cases, which may all be NULL."""
        ...

    def insert(self, table: str, values: Sequence[tuple[int, int, str]]) -> None:
        """One row for each (n, column, SQL expression)."""
        ...

    def say(self, table: str, cases: Sequence[Case]) -> list[list[str | None]]:
        """By column, and by n: everything the server tells of a value, as one text; None where it is NULL."""
        ...

    def put(self, table: str, n: int, column: int, case: Case, kind: Kind, field: str) -> str:
        """Give an archived field back, by the type's own input; the server's refusal, or nothing."""
        ...

    def source(self) -> Source: ...

    def target(self) -> Target: ...
