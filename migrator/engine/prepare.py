"""What should be in the target: archive and mapping brought together in a workbench, before the target is touched.

Schemas of the workbench: `arc` the archived tables, `src` the same as a mapping sees them (views, where large values
are themselves), `xw` the crosswalks (old, new), `live` rows of the target that staged rows might be, `decided` which
of them they are, `staged` the rows of every target table with action and edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from mappings.compile import Compiled, CompiledEdge, compile_mapping
from mappings.kinds import duckdb_type
from mappings.model import Mapping
from mappings.quote import identifier as quoted
from migrator.contracts import ACTION, CREATE, EDGE, KEEP, Staged
from migrator.engine.large import held_sql
from migrator.engine.native import as_archived
from migrator.engine.order import parents_first
from migrator.engine.portions import affordable, portions, show_all
from migrator.engine.room import Room, row_bytes
from migrator.engine.workbench import QueryKeys, Workbench
from migrator.outcomes import Progress, Tick, silent
from storage.archive import Archive
from storage.schema import Schema, Table, Type
from storage.types import arrow_schema


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A mapping over an archive, for a target of this schema. `tables` are in merge order."""

    workbench: Workbench
    archive: Archive
    compiled: Compiled
    tables: tuple[Staged, ...]

    def staged(self, name: str) -> Staged:
        return next(staged for staged in self.tables if staged.table.name == name)

    def rows(self, staged: Staged, *, to_stage: bool = False) -> str:
        """The query for a table's expected rows; `to_stage`: each matched live row once, with action and edge."""
        name = f"staged.{quoted(staged.table.name)}"
        columns = ", ".join(map(quoted, staged.columns))
        if not to_stage:
            return f"SELECT {columns} FROM {name} WHERE {ACTION} <> '{KEEP}'"
        if not staged.key:
            return f"SELECT {columns}, {ACTION}, {EDGE} FROM {name}"
        key = ", ".join(map(quoted, staged.key))
        once = f"SELECT DISTINCT ON ({key}) {columns}, {ACTION}, {EDGE} FROM {name} WHERE {ACTION} = '{KEEP}'"
        return f"SELECT {columns}, {ACTION}, {EDGE} FROM {name} WHERE {ACTION} <> '{KEEP}' UNION ALL ({once})"

    def keys(self, staged: Staged, columns: Sequence[str], condition: str = "true") -> QueryKeys:
        """The distinct values of some columns among the expected rows, NULL left out."""
        names = ", ".join(map(quoted, columns))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
        return QueryKeys(
            workbench=self.workbench,
            query=f"SELECT DISTINCT {names} FROM staged.{quoted(staged.table.name)}"
            f" WHERE {filled} AND {condition} ORDER BY ALL",
            types=tuple(staged.table.column(column).type for column in columns),
        )

    def count(self, staged: Staged, condition: str = "true") -> int:
        return int(self.workbench.one(f"SELECT count(*) FROM staged.{quoted(staged.table.name)} WHERE {condition}"))


def room_for(archive: Archive, mapping: Mapping) -> Room:
    """What a workbench needs to hold the archive's tables, and those the mapping makes of them."""
    archived = (len(part.table.columns) for part in archive.tables)
    widest = max((*archived, *(len(edge.columns) for edge in mapping.edges)), default=0)
    return Room.of(widest, max(map(row_bytes, archive.tables), default=0))


def prepare(
    workbench: Workbench,
    archive: Archive,
    mapping: Mapping,
    target: Schema,
    *,
    master: bool = False,
    progress: Progress = silent,
) -> Prepared:
    """Read the archive into `src` (from the CSV master with `master`) and make the crosswalks. Red if it is corrupt."""
    target = as_archived(target, archive, mapping)
    compiled = compile_mapping(
        mapping, [a.table for a in archive.tables], target.tables, tenant=archive.identity.tenant
    )
    _read(workbench, archive, master=master, progress=progress)
    make_crosswalks(workbench, archive, compiled)
    ordered = parents_first([target.table(name) for name in compiled.target_tables])
    tables = tuple(_staged(table, compiled) for table in ordered)
    return Prepared(workbench=workbench, archive=archive, compiled=compiled, tables=tables)


def _read(workbench: Workbench, archive: Archive, *, master: bool, progress: Progress) -> None:
    for schema in ("arc", "src"):
        workbench.schema(schema)
    for archived in archive.tables:
        progress(Tick(step="read", what=archived.table.name, total=archived.rows))
        batches = archive.scan(archived.table.name, master=master)
        workbench.ingest("arc", archived.table.name, batches, arrow_schema(archived.table))
        show_all(workbench, archived.table.name)


def make_crosswalks(bench: Workbench, archive: Archive, compiled: Compiled) -> None:
    for schema in ("carried", "xw"):
        bench.schema(schema)
    for crosswalk in compiled.crosswalks:
        carried = f"carried.{quoted(crosswalk.table)}"
        bench.execute(f"CREATE OR REPLACE TABLE {carried} AS {crosswalk.carried_sql} LIMIT 0")
        for _ in affordable(bench, archive, crosswalk.table):
            bench.execute(f"INSERT INTO {carried} {crosswalk.carried_sql}")
        # in the order of the old keys: a join with a portion skips the parts of it that have none of its keys
        bench.execute(f"CREATE OR REPLACE TABLE xw.{quoted(crosswalk.table)} AS {crosswalk.sql} ORDER BY old")


def _staged(table: Table, compiled: Compiled) -> Staged:
    """The table with the types the mapping gives its columns, and the first key the mapping fills whole."""
    types: dict[str, Type] = {column.name: column.type for column in compiled.columns(table.name)}
    columns = tuple(replace(column, type=types.get(column.name, column.type)) for column in table.columns)
    candidates = (table.primary_key, *(key.columns for key in table.unique))
    key = next((found for found in candidates if found and _identifies(table, found, types)), ())
    return Staged(table=replace(table, columns=columns), columns=tuple(types), key=key)


def _identifies(table: Table, key: tuple[str, ...], filled: dict[str, Type]) -> bool:
    """All its columns are filled, and none can be NULL (NULLs do not collide, so they do not identify)."""
    return all(name in filled and (name in table.primary_key or not table.column(name).nullable) for name in key)


def materialise(prepared: Prepared, *, progress: Progress = silent) -> None:
    """Fill `staged` from `src`, `xw` and `decided`: every expected row once, with its action and edge."""
    bench = prepared.workbench
    bench.schema("staged")
    for staged in prepared.tables:
        progress(Tick(step="map", what=staged.table.name))
        _create(prepared, staged)
        for edge in prepared.compiled.edges:
            if edge.target == staged.table.name:
                for _ in portions(bench, prepared.archive, edge):
                    bench.execute(
                        f"INSERT INTO staged.{quoted(staged.table.name)} {_acted(prepared, staged, edge.rows_sql)}"
                    )


def loaded_beside(prepared: Prepared, edge: CompiledEdge, source_column: str, name: str) -> str:
    """The rows of an edge that a load writes, each with that column of its source row, called `name`."""
    staged = prepared.staged(edge.target)
    rows = _acted(prepared, staged, edge.rows_beside(source_column, name), beside=name)
    return f"SELECT * FROM ({rows}) WHERE {ACTION} <> '{KEEP}'"


def _create(prepared: Prepared, staged: Staged) -> None:
    types = {column.name: duckdb_type(column.type) for column in prepared.compiled.columns(staged.table.name)}
    columns = ", ".join(f"{quoted(name)} {types[name]}" for name in staged.columns)
    prepared.workbench.execute(
        f"CREATE OR REPLACE TABLE staged.{quoted(staged.table.name)} ({columns}, {ACTION} VARCHAR, {EDGE} INTEGER)"
    )


def _acted(prepared: Prepared, staged: Staged, rows: str, *, beside: str | None = None) -> str:
    """These rows with what is to be done with each; and with the column `beside` that they have beyond."""
    columns = ", ".join(f"r.{quoted(column)}" for column in staged.columns)
    beyond = f", {quoted(beside)}" if beside else ""
    rows = f"SELECT {held_columns(staged, staged.columns)}, {EDGE}{beyond} FROM ({rows})"
    if not staged.key or not decided_exists(prepared.workbench, staged):
        return f"SELECT {columns}, '{CREATE}' AS {ACTION}, r.{EDGE}{beyond} FROM ({rows}) r"
    on = " AND ".join(f"r.{quoted(column)} = d.{quoted(column)}" for column in staged.key)
    action = f"coalesce(d.{ACTION}, '{CREATE}') AS {ACTION}"
    decided = f"decided.{quoted(staged.table.name)}"
    return f"SELECT {columns}, {action}, r.{EDGE}{beyond} FROM ({rows}) r LEFT JOIN {decided} d ON {on}"


def held_columns(staged: Staged, columns: Iterable[str]) -> str:
    """These columns of mapped rows, as the workbench holds them."""
    return ", ".join(
        f"{held_sql(quoted(name), duckdb_type(staged.table.column(name).type))} AS {quoted(name)}" for name in columns
    )


def decided_exists(bench: Workbench, staged: Staged) -> bool:
    return bench.holds("decided", staged.table.name)
