"""One sheet as data: what it is called, what it says of itself, its columns and its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.reports.xlsx.cells import Row


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's head in two languages, its width in characters, and whether it `counts`."""

    english: str
    french: str
    width: int
    counts: bool = False

    @property
    def head(self) -> str:
        same = self.english.lower() == self.french
        return self.english if same else f"{self.english}\n{self.french}"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A sheet that can be filtered. `about` says what it holds, or why it holds nothing; `total` stands above the head,
    where no filter hides it."""

    name: str
    english: str
    french: str
    about: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: Row = ()
    is_alarming: bool = False
