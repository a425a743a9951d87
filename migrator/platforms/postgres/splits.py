"""A large table in pieces: ranges of its primary key of about the same size, found by steps over its index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.relation import Relation
from migrator.platforms.relational.sqltext import listed, literal, quoted

SPLIT_BYTES = 16 << 20
_ROWS_WHERE_UNKNOWN = 32_768


def ranges(relation: Relation, ask: Callable[[str], pa.Table]) -> Iterator[str]:
    """Conditions on the primary key, in its order, that between them select every row; found one ahead of its use."""
    row = ask(catalog.SIZE.format(oid=relation.oid))
    size, rows = row.column(0)[0].as_py(), row.column(1)[0].as_py()
    if size <= SPLIT_BYTES:
        yield "true"
        return
    step = max(1, rows * SPLIT_BYTES // size) if rows else _ROWS_WHERE_UNKNOWN
    start: Sequence[str] | None = None
    while end := _step(relation, start, step, ask):
        yield _between(relation, start, end)
        start = end
    yield _between(relation, start, None)


def _step(relation: Relation, start: Sequence[str] | None, step: int, ask: Callable[[str], pa.Table]) -> list[str]:
    """The key `step` rows further on, as text; empty where the table ends before."""
    key = relation.table.primary_key
    texts = ", ".join(f"t.{quoted(name)}::text" for name in key)
    found = ask(
        f"SELECT {texts} FROM {relation.sql} t WHERE {_between(relation, start, None)}"
        f" ORDER BY {listed(key, 't.')} OFFSET {step} LIMIT 1"
    )
    return [column[0].as_py() for column in found.columns] if found.num_rows else []


def _between(relation: Relation, start: Sequence[str] | None, end: Sequence[str] | None) -> str:
    """The condition that a row's key is at or after `start` and before `end`; the server reads them as its own type."""
    key = listed(relation.table.primary_key, "t.")
    sides = [
        f"({key}) {sign} ({', '.join(map(literal, bound))})" for sign, bound in ((">=", start), ("<", end)) if bound
    ]
    return " AND ".join(sides) or "true"
