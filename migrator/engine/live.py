"""Live rows brought into the workbench, and how rows of a target table are told apart there."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Staged, Target
from migrator.engine.equality import folded
from migrator.engine.workbench import QueryKeys, Workbench
from storage.errors import Recast, Red
from storage.problem import Problem
from storage.schema import Table
from storage.types import arrow_type

_EXAMPLES = 10


def ingest_live(
    bench: Workbench, target: Target, table: Table, columns: tuple[str, ...], keys: QueryKeys, wanted: tuple[str, ...]
) -> str:
    """Read live rows whose `columns` are among `keys` into `live."table"`; gives its name."""
    schema = pa.schema([pa.field(name, arrow_type(table.column(name).type)) for name in wanted])
    try:
        with target.scan(table, Among(columns=columns, keys=keys), columns=wanted) as batches:
            bench.ingest("live", table.name, batches, schema)
    except Recast as recast:
        raise Red(
            f"live rows hold values that are no {table.column(recast.column.name).type}, so they cannot be matched",
            where=f"{table.name}.{recast.column.name}",
            next="mend these values in the target, or match by another column",
        ) from recast
    return f"live.{quoted(table.name)}"


def unique_keys(staged: Staged) -> list[tuple[str, ...]]:
    """The keys of the table that the mapping fills whole."""
    candidates = (staged.table.primary_key, *(key.columns for key in staged.table.unique))
    return [key for key in dict.fromkeys(candidates) if key and set(key) <= set(staged.columns)]


def equal(left: str, right: str, table: Table, columns: tuple[str, ...]) -> str:
    """The condition that two rows of the table agree on these columns, as its collations have it."""
    return " AND ".join(f"{told_apart(left, table, column)} = {told_apart(right, table, column)}" for column in columns)


def told_apart(alias: str, table: Table, column: str) -> str:
    """The expression by which the target tells values of the column apart."""
    return folded(f"{alias}.{quoted(column)}", table.column(column))


def unexplained(
    bench: Workbench, live: str, staged: str, table: Table, columns: tuple[str, ...], condition: str = "true"
) -> Iterator[Problem]:
    """Live rows that the target says have one of the staged values, and the workbench does not see with which.

    Only a server knows all of its collation: where it calls more the same than the workbench does, it is believed.
    """
    if not any(table.column(column).collation for column in columns):
        return
    partner = f"SELECT 1 FROM {staged} s WHERE {equal('s', 'l', table, columns)} AND {condition}"
    yield from found(
        bench,
        f"SELECT {shown(columns, 'l.{}')} FROM {live} l WHERE NOT EXISTS ({partner})",
        where=f"{table.name} ({', '.join(columns)})",
        what="duplicate: by the target's collation, these live values are the same as archived ones written otherwise",
        next="write them alike in the mapping, or leave the archived rows out with where or reject",
    )


def shown(columns: tuple[str, ...], value: str) -> str:
    """These columns of a row as one text; `value` is the expression of one, its name where {} stands."""
    return " || ', ' || ".join(f"{value.format(quoted(column))}::VARCHAR" for column in columns)


def found(bench: Workbench, query: str, *, where: str, what: str, next: str) -> Iterator[Problem]:
    """The problem whose every case is a row of the query, its one column the example; none where there is no row."""
    count = bench.one(f"SELECT count(*) FROM ({query}) q (example)")
    if count:
        examples = bench.rows(f"SELECT DISTINCT example FROM ({query}) q (example) ORDER BY 1 LIMIT {_EXAMPLES}")
        yield Problem(where=where, what=what, count=count, examples=tuple(row[0] for row in examples), next=next)
