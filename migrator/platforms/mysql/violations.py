"""Rows that do not satisfy what their table declares, counted after the fact: the declaration stands, and is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.declaration import condition_of
from migrator.platforms.relational.breaches import (
    BREAK_CHECK,
    SHOWN,
    STANDS,
    breach,
    point_nowhere,
    pointing_nowhere,
    telling,
)
from migrator.platforms.relational.sqltext import listed, quoted
from storage.model import Check
from storage.problem import Problem
from storage.schema import ForeignKey, Table


def unchecked(
    connection: Connection, table: Table, name: str, checks: Sequence[Check], *, but: str = STANDS
) -> Iterator[Problem]:
    """The checks that rows of the table, called `name` now, do not satisfy; one pass over it where all do."""
    conditions = [condition_of(check, table.name) for check in checks]
    if not conditions:
        return
    sums = ", ".join(f"COALESCE(SUM(NOT {condition}), 0)" for condition in conditions)
    (counts,) = connection.texts(f"SELECT {sums} FROM {quoted(name)} t")
    for check, condition, count in zip(checks, conditions, counts, strict=True):
        if int(count or 0):
            rows = _first(connection, table, f"FROM {quoted(name)} t WHERE NOT {condition}")
            yield breach(f"{table.name}.{check.name}", BREAK_CHECK, int(count or 0), rows, but=but)


def orphaned(connection: Connection, table: Table, name: str, key: ForeignKey, parent: str) -> Iterator[Problem]:
    """Rows that point at none of the table called `parent` now."""
    orphans = pointing_nowhere(quoted(name), quoted(parent), key)
    if count := int(connection.text(f"SELECT COUNT(*) {orphans}")):
        rows = _first(connection, table, orphans)
        yield breach(f"{table.name}.{key.name}", point_nowhere(key.parent), count, rows)


def _first(connection: Connection, table: Table, source: str) -> Iterator[list[str | None]]:
    for row in connection.rows(f"SELECT {listed(telling(table), 't.')} {source} LIMIT {SHOWN}"):
        yield [None if value is None else value.decode(errors="backslashreplace") for value in row]
