"""A few real rows through one edge of a mapping that is being written: read no further than they need, every value by
itself, so that one that does not fit says why beside those that do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mappings.compile import compile_mapping
from mappings.compiled import Compiled, CompiledEdge
from mappings.model import Edge
from mappings.model import Mapping as WrittenMapping
from mappings.quote import identifier as quoted
from mappings.scope import ROW
from mappings.used import read_columns
from migrator.engine.native import as_archived
from migrator.engine.portions import show_all, taken_apart
from migrator.engine.prepare import make_crosswalks
from migrator.engine.workbench import Workbench
from storage.archive import Archive
from storage.schema import Held, Schema, Table
from storage.types import arrow_schema

SAMPLE = 2_000
"""Rows of the source table that those on trial are spread over."""

MOST_ROWS = 1_000_000
"""Rows of another table that what they point at is looked for in."""

_NUMBER = "migrator_row"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A source row and what becomes of it; `left` says `excluded` or `rejected` where the edge does not carry it,
    `refused` why a target column cannot take its value."""

    before: Mapping[str, Any]
    after: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    left: str = ""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`reads` says of each target column that is filled which source columns it is made of; `partly` are tables of
    which only the first rows were looked through: what seems missing may come later."""

    source: str
    target: str
    reads: Mapping[str, tuple[str, ...]]
    rows: tuple[Tried, ...]
    partly: tuple[str, ...] = ()


def trial(
    bench: Workbench,
    archive: Archive,
    mapping: WrittenMapping,
    target: Schema,
    number: int,
    *,
    rows: int,
    column: str | None = None,
) -> Trial:
    """Rows of the archive, spread over the first of the edge's source table; of one target column where it is named.

    Misuse where the edge, or that column of it, does not compile; what is wrong elsewhere does not matter.
    """
    tables = as_archived(target, archive, mapping).tables
    described = {table.name: table for table in tables}
    edge = mapping.edges[number] if column is None else _only(mapping.edges[number], column, described)
    if not edge.columns:
        return Trial(source=edge.source, target=edge.target, reads={}, rows=())
    alone = _alone(mapping, number, edge, described)
    compiled = compile_mapping(alone, [part.table for part in archive.tables], tables, tenant=archive.identity.tenant)
    (found,) = (one for one in compiled.edges if one.mapping is edge)
    chosen = _chosen(archive, edge.source, rows)
    partly = _read(bench, archive, compiled, found, chosen)
    make_crosswalks(bench, archive, compiled)
    if not _reads_itself(found):  # else what it looks up stands behind them
        bench.ingest("arc", edge.source, chosen.to_batches(), chosen.schema)
        show_all(bench, edge.source)
    source = archive.table(edge.source).table
    return Trial(
        source=edge.source,
        target=edge.target,
        reads={one.mapping.target: read_columns(one.mapping, source) for one in found.columns},
        rows=tuple(_tried(bench, found, chosen)),
        partly=partly,
    )


def _only(edge: Edge, column: str, target: Mapping[str, Table]) -> Edge:
    """The edge with that column, and its rows' own key where that column reads those."""
    chosen = tuple(one for one in edge.columns if one.target == column)
    reads_own = any(edge.source in step.tables() for one in chosen for step in one.steps)
    keys = _keys_of(edge, target).columns if reads_own else ()
    return replace(edge, columns=(*chosen, *(one for one in keys if one not in chosen)))


def _alone(mapping: WrittenMapping, number: int, edge: Edge, target: Mapping[str, Table]) -> WrittenMapping:
    """The mapping with nothing but this edge in the place of that number, and what carries the keys that it reads."""
    written = mapping.edges[number]
    needed = {table for column in edge.columns for step in column.steps for table in step.tables()}
    tables = []
    for table in mapping.tables:
        edges = [edge if one is written else _keys_of(one, target) for one in table.edges]
        kept = tuple(one for one in edges if one is edge or (one.source in needed and one.columns))
        if kept:
            tables.append(replace(table, edges=kept, match=()))
    keys = tuple(remap for remap in mapping.keys if remap.table in needed)
    return replace(mapping, tables=tuple(tables), keys=keys)


def _keys_of(edge: Edge, target: Mapping[str, Table]) -> Edge:
    """The edge with nothing but what may fill the target's key with its row's own."""
    key = target[edge.target].primary_key if edge.target in target else ()
    column = edge.column(key[0]) if len(key) == 1 else None
    own = column is not None and all(table == edge.source for step in column.steps for table in step.tables())
    return replace(edge, columns=(column,) if column is not None and own else ())


# ── what is read ────────────────────────────────────────────────────────────────────────────────────────────
def _chosen(archive: Archive, name: str, rows: int) -> pa.Table:
    """So many rows, evenly spread over the first; the very first where values are files of their own."""
    part = archive.table(name)
    has_files = any(column.held is Held.FILES for column in part.table.columns)
    first = pa.Table.from_batches(_first(archive, name, rows if has_files else SAMPLE), arrow_schema(part.table))
    every = max(1, first.num_rows // rows)
    return first.take(pa.array(range(0, first.num_rows, every), pa.int64())).slice(0, rows)


def _first(archive: Archive, name: str, most: int) -> Iterator[pa.RecordBatch]:
    left = most

    def among(cells: pa.RecordBatch) -> pa.RecordBatch:
        return cells.slice(0, left)

    for batch in archive.scan(name, among=among):
        yield batch
        left -= batch.num_rows
        if left <= 0:
            return


def _read(
    bench: Workbench, archive: Archive, compiled: Compiled, edge: CompiledEdge, chosen: pa.Table
) -> tuple[str, ...]:
    """The archived tables as the edge's steps need them; which of them not to their end."""
    for schema in ("arc", "src"):
        bench.schema(schema)
    needed: dict[str, _Wanted | None] = {}
    for name, wanted in _wanted(archive, compiled, edge, chosen):
        known = needed.get(name, _Wanted())
        needed[name] = known.or_else(wanted) if known is not None and wanted is not None else None
    needed.setdefault(edge.source, _Wanted())
    before = {edge.source: chosen.to_batches()}
    return tuple(
        name for name, wanted in needed.items() if not _ingested(bench, archive, name, wanted, before.get(name, ()))
    )


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """Rows of a table that have one of these values in one of these columns."""

    values: Mapping[str, pa.Array] = field(default_factory=dict)

    def or_else(self, other: _Wanted) -> _Wanted:
        both = {**self.values}
        for name, values in other.values.items():
            both[name] = pa.concat_arrays([both[name], values]) if name in both else values
        return _Wanted(values=both)

    def among(self, cells: pa.RecordBatch) -> pa.RecordBatch:
        mask = pa.array([False] * cells.num_rows, pa.bool_())
        for name, values in self.values.items():
            mask = pc.or_(mask, pc.is_in(cells.column(name), value_set=values))
        return cells.filter(mask)


def _wanted(
    archive: Archive, compiled: Compiled, edge: CompiledEdge, chosen: pa.Table
) -> Iterator[tuple[str, _Wanted | None]]:
    """What each step looks into, and which rows of it: all where other values are looked for than the column's own."""
    keys = {crosswalk.table: crosswalk.column for crosswalk in compiled.crosswalks}
    for column in edge.columns:
        for place, step in enumerate(column.mapping.steps):
            inputs = column.mapping.inputs if not place else ()
            for table in step.tables():
                yield table, _values(archive, chosen, inputs, table, keys[table]) if step.name == "remap" else None
            for table, key in step.looked_up()[:1]:
                yield table, _values(archive, chosen, inputs, table, key)


def _values(archive: Archive, chosen: pa.Table, inputs: Sequence[str], table: str, key: str) -> _Wanted | None:
    """The rows whose key is among the chosen rows' values; None for all, where values are not compared as they are."""
    described = archive.table(table).table
    if len(inputs) != 1:
        return None
    values = chosen.column(inputs[0]).combine_chunks()
    column = described.column(key)
    if column.held is Held.FILES or arrow_schema(described).field(key).type != values.type:
        return None
    return _Wanted(values={key: values})


def _ingested(
    bench: Workbench, archive: Archive, name: str, wanted: _Wanted | None, before: Sequence[pa.RecordBatch]
) -> bool:
    """Whether the table was read to its end, or nothing of it; `before` its rows come those on trial."""
    part = archive.table(name)
    seen = 0

    def among(cells: pa.RecordBatch) -> pa.RecordBatch:
        nonlocal seen
        seen += cells.num_rows
        return cells if wanted is None else wanted.among(cells)

    def batches() -> Iterator[pa.RecordBatch]:
        yield from before
        if wanted is not None and not wanted.values:
            return
        for batch in archive.scan(name, among=among):
            yield batch
            if seen >= MOST_ROWS:
                return

    bench.ingest("arc", name, batches(), arrow_schema(part.table))
    show_all(bench, name)
    return seen < MOST_ROWS or seen >= part.rows


def _reads_itself(edge: CompiledEdge) -> bool:
    steps = (step for column in edge.columns for step in column.mapping.steps)
    return any(table == edge.source for step in steps for table, _ in step.looked_up())


# ── what becomes of it ──────────────────────────────────────────────────────────────────────────────────────
def _tried(bench: Workbench, edge: CompiledEdge, chosen: pa.Table) -> Iterator[Tried]:
    names, columns = chosen.column_names, [column.mapping.target for column in edge.columns]
    listed = ", ".join(map(quoted, names))
    before = bench.rows(f"SELECT {listed} FROM arc.{quoted(edge.source)} ORDER BY rowid LIMIT {chosen.num_rows}")
    try:
        after = _after(bench, edge, columns, f"< {chosen.num_rows}")
    except duckdb.Error:
        after = {}
    with taken_apart(bench, edge.source) as shown:
        for number, values in enumerate(before):
            row = dict(zip(names, values, strict=True))
            if number in after:
                yield Tried(before=row, after=after[number])
                continue
            if not _reads_itself(edge):
                shown.row(number)
            yield _by_value(bench, edge, columns, number, row)


def _by_value(
    bench: Workbench, edge: CompiledEdge, columns: Sequence[str], number: int, before: dict[str, Any]
) -> Tried:
    """A row by itself, value by value."""
    after: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for column in columns:
        try:
            found = _after(bench, edge, [column], f"= {number}")
        except duckdb.Error as error:
            refused[column] = _why(error)
            continue
        if number not in found:
            return Tried(before=before, left="rejected" if bench.one(edge.rejected_sql) else "excluded")
        after[column] = found[number][column]
    return Tried(before=before, after=after, refused=refused)


def _after(bench: Workbench, edge: CompiledEdge, columns: Sequence[str], which: str) -> dict[int, dict[str, Any]]:
    """By the number of the row, of those that are carried. DuckDB's error where a value does not fit."""
    listed = ", ".join(map(quoted, columns))
    rows = f"SELECT {edge.selected}, {ROW} FROM {edge.relation} AS mapped WHERE {ROW} {which}"
    found = bench.rows(f"SELECT {ROW}, {listed} FROM ({rows})")
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in found}


def _why(error: duckdb.Error) -> str:
    """What our own error() said, without the place; else DuckDB's first line."""
    told = str(error).splitlines()[0].partition("Error: ")[2] or str(error).splitlines()[0]
    place, colon, what = told.partition(": ")
    return what if colon and " " not in place else told
