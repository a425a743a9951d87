"""The contract between the suites and a dialect, and the words in which dialects differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from migrator.contracts import Source, Target


class Platform(Protocol):
    """An empty database. Scripts are standard SQL with `{words}` where dialects disagree.

    `{text}`, `{blob}`, `{real}` are types, `{serial}` an integer primary key the platform fills, `{nowhere}` the
    address of a database that is not there. `{sqlite:…}`, `{postgresql:…}`, `{mysql:…}` is said in that dialect alone,
    `{ahead:…}` where a table may point at one that comes later, and `{afterwards:…}` where it may not.
    """

    words: Mapping[str, object]

    def run(self, script: str) -> None:
        """Statements on a connection of its own, committed; foreign keys are enforced."""
        ...

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None: ...

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...

    def dump(self) -> dict[str, list[str]]:
        """Every row of every table and, as "", the catalog, this software's own tables included; sequences are not."""
        ...

    def source(self) -> Source: ...

    def target(self) -> Target: ...


class Aside:
    """A word that says what stands after its colon, or nothing."""

    def __init__(self, said: bool) -> None:
        self._said = said

    def __format__(self, text: str) -> str:
        return text if self._said else ""


def asides(dialect: str) -> dict[str, object]:
    """The words that one dialect says and the others pass over."""
    dialects = {name: Aside(name == dialect) for name in ("sqlite", "postgresql", "mysql")}
    return {**dialects, "ahead": Aside(dialect == "sqlite"), "afterwards": Aside(dialect != "sqlite")}
