"""Rows that do not satisfy what their table declares, counted after the fact: the declaration stands, and is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.declaration import condition_of
from migrator.platforms.relational.sqltext import listed, quoted, said
from storage.model import Check
from storage.problem import Problem
from storage.schema import ForeignKey, Table

_EXAMPLES = 10
_HOLDS = "it holds for what is written from now on; whether these rows may stay is the owner's to say"


def unchecked(connection: Connection, table: Table, name: str, checks: Sequence[Check]) -> Iterator[Problem]:
    """The checks that rows of the table, called `name` now, do not satisfy; one pass over it where all do."""
    conditions = [condition_of(check, table.name) for check in checks]
    if not conditions:
        return
    sums = ", ".join(f"COALESCE(SUM(NOT {condition}), 0)" for condition in conditions)
    (counts,) = connection.texts(f"SELECT {sums} FROM {quoted(name)} t")
    for check, condition, count in zip(checks, conditions, counts, strict=True):
        if int(count or 0):
            yield Problem(
                where=f"{table.name}.{check.name}",
                what="rows do not satisfy this check, and did not in the archive either",
                count=int(count or 0),
                examples=_examples(connection, table, name, f"NOT {condition}"),
                next=_HOLDS,
            )


def orphaned(connection: Connection, table: Table, name: str, key: ForeignKey, parent: str) -> Iterator[Problem]:
    """Rows that point at none of the table called `parent` now."""
    pairs = zip(key.columns, key.parent_columns, strict=True)
    same = " AND ".join(f"p.{quoted(theirs)} = t.{quoted(own)}" for own, theirs in pairs)
    filled = " AND ".join(f"t.{quoted(column)} IS NOT NULL" for column in key.columns)
    condition = f"{filled} AND NOT EXISTS (SELECT 1 FROM {quoted(parent)} p WHERE {same})"
    count = int(connection.text(f"SELECT COUNT(*) FROM {quoted(name)} t WHERE {condition}"))
    if count:
        yield Problem(
            where=f"{table.name}.{key.name}",
            what=f"rows point at rows of {key.parent} that the archive does not hold",
            count=count,
            examples=_examples(connection, table, name, condition),
            next=_HOLDS,
        )


def _examples(connection: Connection, table: Table, name: str, condition: str) -> tuple[str, ...]:
    """The keys of some of the rows."""
    if not table.primary_key:
        return ()
    shown = listed(table.primary_key, "t.")
    rows = connection.rows(f"SELECT {shown} FROM {quoted(name)} t WHERE {condition} LIMIT {_EXAMPLES}")
    return tuple(said([[value and value.decode(errors="backslashreplace") for value in row]]) for row in rows)
