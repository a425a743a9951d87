"""Tables as random tests draw them: columns of native types, a key of any of them, references, and rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

Value = str | bytes | int | float | None
"""As a platform's plain client gives it, and takes it back: PostgreSQL and MariaDB speak text."""
Row = tuple[Value, ...]


class Sense(StrEnum):
    """What a value means, on whatever platform; OWN means something there alone."""

    TRUTH = "truth"
    WHOLE = "whole"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    BYTES = "bytes"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    INSTANT = "instant"
    UUID = "uuid"
    DOCUMENT = "document"
    OWN = "own"


@dataclass(frozen=True, kw_only=True)
class Native:
    """A type as a platform declares it; `values` are what its plain client writes, never NULL."""

    declared: str
    sense: Sense
    values: st.SearchStrategy[Any] = field(repr=False)
    is_key: bool = False  # of a table: values are told apart by the server as they are written


@dataclass(frozen=True, kw_only=True)
class Field:
    name: str
    native: Native
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class Reference:
    column: str
    parent: str
    parent_column: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A table; without a key it may hold a row twice."""

    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    def place(self, name: str) -> int:
        return self.names.index(name)

    def key_of(self, row: Sequence[Value]) -> Row:
        return tuple(row[self.place(name)] for name in self.key)

    @property
    def ddl(self) -> str:
        """As any platform takes it; a parent comes before its children."""
        parts = [
            f"{quoted(field.name)} {field.native.declared}"
            f"{' NOT NULL' if field.is_required or field.name in self.key else ''}"
            for field in self.fields
        ]
        if self.key:
            parts.append(f"PRIMARY KEY ({listed(self.key)})")
        parts += [
            f"CONSTRAINT {quoted(f'{self.name[:40]} {number}')} FOREIGN KEY ({quoted(one.column)})"
            f" REFERENCES {quoted(one.parent)} ({quoted(one.parent_column)})"
            for number, one in enumerate(self.references)
        ]
        return f"CREATE TABLE {quoted(self.name)} ({', '.join(parts)})"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
