"""The files that come with a load: which content stands under which name, by what the loaded rows say.

In the workbench: `due.contents` what the archive has for each name that source rows use; `due.rows` one row for each
loaded row that has a file or names one: rule, place, name, sha256, size, and what the source row calls it (`said`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from mappings.compiled import CompiledEdge
from mappings.nearest import nearest
from mappings.quote import identifier as quoted
from mappings.quote import literal
from mappings.used import read_columns
from migrator.contracts import JOURNALS
from migrator.engine.large import size_aside
from migrator.engine.live import found
from migrator.engine.portions import portions
from migrator.engine.prepare import Prepared, loaded_beside
from migrator.plan import FileRule
from storage.archive import Archive
from storage.errors import Misuse, Red
from storage.problem import Problem
from storage.schema import Column, Kind

_SAID = "migrator_said"
_BATCH = 10_000
_NAMING = frozenset({Kind.TEXT, Kind.INTEGER})  # what a source may name files by: one text each, everywhere
_LONGEST, _LONGEST_SEGMENT = 1024, 255  # bytes of a name, as buckets and folders take it
_RESERVED = (JOURNALS, ".unfinished")  # and what is being written
_CONTENTS = pa.schema(
    [*(pa.field(name, pa.string()) for name in ("table", "column", "location", "sha256")), pa.field("size", pa.int64())]
)


@dataclass(frozen=True, kw_only=True)
class DueFile:
    """A file that has to stand under this name, relative to its place."""

    name: str
    sha256: str
    size: int  # bytes

    @property
    def content(self) -> str:
        """What stands there, as `standing` says it."""
        return said_hash(self.sha256)


def said_hash(sha256: str) -> str:
    return f"sha256:{sha256}"


def expect_files(prepared: Prepared, rules: Sequence[FileRule], places: Sequence[int]) -> tuple[Problem, ...]:
    """Find the files these rules ask for, each rule with the number of its place; what is wrong with them.

    Misuse where a rule names what mapping or archive have not; Red where the archive does not say whose its files are.
    """
    bench = prepared.workbench
    bench.schema("due")
    bench.ingest("due", "contents", _contents(prepared.archive), _CONTENTS)
    bench.execute(
        "CREATE OR REPLACE TABLE due.rows"
        " (rule INTEGER, place INTEGER, name VARCHAR, sha256 VARCHAR, size BIGINT, said VARCHAR)"
    )
    for number, (rule, place) in enumerate(zip(rules, places, strict=True)):
        for edge in _edges(prepared, rule):
            source = _source_column(prepared, edge, rule)
            query = _rows_sql(prepared, edge, rule, source)
            for _ in portions(bench, prepared.archive, edge):
                bench.execute(f"INSERT INTO due.rows SELECT {number}, {place}, name, sha256, size, said FROM ({query})")
    return tuple(problem for number, rule in enumerate(rules) for problem in _problems(prepared, number, rule))


def sources(prepared: Prepared, rule: FileRule) -> frozenset[tuple[str, str]]:
    """The columns (table, column) of the archive whose files the rule's column names."""
    return frozenset((edge.source, _source_column(prepared, edge, rule).name) for edge in _edges(prepared, rule))


def due_files(prepared: Prepared, condition: str) -> Iterator[DueFile]:
    """Each file once by its name, of the rows of `due.rows` that satisfy the condition."""
    query = f"SELECT DISTINCT name, sha256, size FROM due.rows WHERE {condition} AND sha256 IS NOT NULL ORDER BY name"
    for batch in prepared.workbench.batches(query):
        for row in batch.to_pylist():
            yield DueFile(**row)


def _contents(archive: Archive) -> Iterator[pa.RecordBatch]:
    """The files that rows name, once for each name."""
    entries = archive.files()
    while few := list(islice(entries, _BATCH)):
        rows = [{name: getattr(entry, name) for name in _CONTENTS.names} for entry in few]
        yield pa.RecordBatch.from_pylist(rows, schema=_CONTENTS)


# ── what a rule is about ────────────────────────────────────────────────────────────────────────────────────
def _edges(prepared: Prepared, rule: FileRule) -> list[CompiledEdge]:
    """The edges that fill the rule's column."""
    filled = prepared.compiled.filled
    if rule.table not in filled:
        raise Misuse(f"the mapping fills no table {rule.table!r}", where=rule.at, next=nearest(rule.table, filled))
    columns = {column.name: column.type for column in filled[rule.table]}
    if rule.column not in columns:
        raise Misuse(
            f"the mapping fills no column {rule.label}", where=rule.at, next=nearest(rule.column, list(columns))
        )
    if columns[rule.column].kind is not Kind.TEXT:
        raise Misuse(
            f"{rule.label} is {columns[rule.column]}: it names no files", where=rule.at, next="name a column of text"
        )
    edges = (edge for edge in prepared.compiled.edges if edge.target == rule.table)
    return [edge for edge in edges if edge.mapping.column(rule.column)]


def _source_column(prepared: Prepared, edge: CompiledEdge, rule: FileRule) -> Column:
    """The column of the edge's source whose files go under the names the edge makes."""
    table = prepared.archive.table(edge.source).table
    mapped = edge.mapping.column(rule.column)
    assert mapped is not None
    attached = [column for column in table.columns if column.attachment]
    columns = [column for column in attached if column.name == rule.source]
    if rule.source is None:
        columns = [column for column in attached if column.name in read_columns(mapped, table)] or attached
    if len(columns) != 1:
        raise Misuse(
            f"which files of {edge.source} go under the names in {rule.label} is not said",
            where=rule.at,
            next=f"write from: COLUMN; the archive has files of {', '.join(column.name for column in attached)}"
            if attached
            else "the archive has none of it: declare them in source.scope.attachments, and take a new snapshot",
        )
    return _nameable(columns[0], edge.source, prepared.archive)


def _nameable(column: Column, table: str, archive: Archive) -> Column:
    assert column.attachment is not None
    if not column.attachment.named and column.type.kind is Kind.VARIANT:
        raise Red(
            f"{table}.{column.name} holds values of several types: what the archive has of them are no files' bytes",
            where=archive.location,
            next="make them all bytes in the source and take a new snapshot, or leave the column out of the plan",
        )
    if column.attachment.named and column.type.kind not in _NAMING:
        raise Misuse(
            f"{table}.{column.name} is {column.type}: its files cannot be found by it",
            where=archive.location,
            next="files are loaded where their names are text or whole numbers",
        )
    return column


def _rows_sql(prepared: Prepared, edge: CompiledEdge, rule: FileRule, source: Column) -> str:
    """name, said, sha256 and size for each loaded row of the edge that has a file, or names one."""
    rows = loaded_beside(prepared, edge, source.name, _SAID)
    name, said = quoted(rule.column), quoted(_SAID)
    assert source.attachment is not None
    if not source.attachment.named:
        size = f"octet_length({said})" if source.type.kind is Kind.BINARY else f"strlen({said})"
        return (
            f"SELECT {name} AS name, NULL AS said, sha256({said}) AS sha256, {size} AS size"
            f" FROM ({rows}) WHERE {said} IS NOT NULL OR {name} IS NOT NULL"
        )
    contents = (
        "SELECT DISTINCT location, sha256, size FROM due.contents"
        f' WHERE "table" = {literal(edge.source)} AND "column" = {literal(source.name)}'
    )
    _require_locations(prepared, edge.source, source.name)
    mine = f"SELECT {name} AS name, nullif(CAST({said} AS VARCHAR), '') AS said FROM ({rows})"
    return (
        f"SELECT r.name, r.said, c.sha256, c.size FROM ({mine}) r LEFT JOIN ({contents}) c ON c.location = r.said"
        " WHERE r.said IS NOT NULL OR r.name IS NOT NULL"
    )


def _require_locations(prepared: Prepared, table: str, column: str) -> None:
    unsaid = prepared.workbench.one(
        'SELECT count(*) FROM due.contents WHERE "table" = ? AND "column" = ? AND location IS NULL', [table, column]
    )
    if unsaid:
        raise Red(
            f"the archive does not say which of its files {table}.{column} names: an older version made it",
            where=prepared.archive.location,
            next="take a new snapshot, or leave target.attachments out of the plan",
        )


# ── what is wrong ───────────────────────────────────────────────────────────────────────────────────────────
def _problems(prepared: Prepared, number: int, rule: FileRule) -> Iterator[Problem]:
    of_rule = f"FROM due.rows WHERE rule = {number}"
    where = f"{rule.at} {rule.label}"
    for query, what, next_ in (
        (
            f"SELECT coalesce(said, sha256) {of_rule} AND sha256 IS NOT NULL AND name IS NULL",
            "a row has a file, and the mapping gives it no name in the target",
            "give the column a value for every row that has a file, or leave the row out with where or reject",
        ),
        (
            f"SELECT name {of_rule} AND said IS NULL AND sha256 IS NULL",
            "the mapping names a file, and the source row has none",
            "make it NULL where the source names none (sql: CASE WHEN … END)",
        ),
        (
            f"SELECT name {of_rule} AND ({_unusable('name')})",
            "this cannot name a file below the base",
            f"names are relative, without empty parts, '.', '..', backslash and NUL, of at most {_LONGEST} bytes",
        ),
        (
            f"SELECT min(name) FROM due.rows WHERE place = (SELECT any_value(place) {of_rule})"
            " AND sha256 IS NOT NULL GROUP BY name"
            f" HAVING count(DISTINCT sha256) > 1 AND bool_or(rule = {number})",
            "several rows give one name to different files",
            "make the name differ in the mapping: concat the row's key, or name files by their hash",
        ),
    ):
        yield from found(prepared.workbench, query, where=where, what=what, next=next_)


def _unusable(name: str) -> str:
    """The condition that no object of a store, nor a file of a folder, can be called that."""
    parts = f"string_split({name}, '/')"
    return (
        f"list_has_any({parts}, ['', '.', '..']) OR contains({name}, '\\') OR contains({name}, chr(0))"
        f" OR {parts}[1] IN {_RESERVED} OR strlen({name}) > {_LONGEST} OR {size_aside(name, 'VARCHAR')} > 0"
        f" OR list_bool_or(list_transform({parts}, lambda part: strlen(part) > {_LONGEST_SEGMENT}))"
    )
