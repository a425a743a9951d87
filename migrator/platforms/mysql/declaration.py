"""Tables and sequences of MariaDB and MySQL as statements, made of descriptions that may come from anywhere.

Names are quoted, texts escaped, words compared with those known; what else the archive brings passes `archived`. The
session has ANSI_QUOTES, and backslashes escape, as in what the server itself writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from migrator.platforms.mysql.indexes import first_indexes, index_declared
from migrator.platforms.mysql.model import COLLATION, ENGINE, UNFILLED, UNVERSIONED, VERSIONED
from migrator.platforms.mysql.partitions import is_by_time, partitioned
from migrator.platforms.mysql.words import Words, text, word
from migrator.platforms.relational.archived import MYSQL
from migrator.platforms.relational.sqltext import listed, quoted
from storage import model
from storage.errors import Red
from storage.model import Check, TableModel
from storage.problem import Problem
from storage.schema import Column, Table

_TEXT = r"'(?:[^'\\]|''|\\.)*'"
_NATIVE = re.compile(
    rf"(?P<type>[a-z]\w*(?:\((?:\d+(?:,\d+)?|{_TEXT}(?:,{_TEXT})*)\))?(?: unsigned)?(?: zerofill)?)"
    r"(?: /\*(?:M!\d+ (?P<compressed>COMPRESSED)| mariadb-5\.3 )\*/)?",
    re.DOTALL,
)
_CONSTANT = re.compile(rf"(?:[bxBX]?{_TEXT}|[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|NULL)", re.DOTALL)
_PRESENT = re.compile(r"current_timestamp(?:\(\d?\))?", re.IGNORECASE)
_ROW = ("ROW START", "ROW END")
_OPTIONS = (
    *("row_format", "key_block_size", "checksum", "page_checksum", "transactional", "pack_keys", "delay_key_write"),
    *("stats_persistent", "stats_auto_recalc", "stats_sample_pages", "avg_row_length", "max_rows", "min_rows"),
    *("page_compressed", "page_compression_level", "encrypted", "encryption_key_id"),
)
_NEXT = "make it by hand where it is needed"
_SAID_ELSEWHERE = (ENGINE, COLLATION, VERSIONED, UNVERSIONED, UNFILLED)


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────────
def table_declared(table: Table, of: TableModel, *, name: str, words: Words) -> str:
    """CREATE TABLE, with the keys that it cannot be without while it is filled."""
    parts = [
        *(_column(table, column, of, words) for column in table.columns),
        *(index_declared(index, where=table.name, words=words) for index in first_indexes(table, of)),
        *(_check(check, table.name, words) for check in of.checks if not check.column),
        *_period(of),
    ]
    return f"CREATE TABLE {quoted(name)} ({', '.join(parts)}) {' '.join(_options(table, of))}{partitioned(of)}"


def _period(of: TableModel) -> Iterator[str]:
    rows = {one.expression.upper(): one.column for one in of.generated if is_row(one)}
    if len(rows) == len(_ROW):
        yield f"PERIOD FOR SYSTEM_TIME ({listed(rows[side] for side in _ROW)})"


def is_row(generated: model.Generated) -> bool:
    """Whether the column says since or until when the server has had the row so."""
    return generated.expression.upper() in _ROW


def _options(table: Table, of: TableModel) -> Iterator[str]:
    if engine := of.options.get(ENGINE):
        yield f"ENGINE={word(engine, table.name)}"
    if collation := of.options.get(COLLATION):
        yield f"DEFAULT {_collated(collation, table.name)}"
    for option in _OPTIONS:
        if value := of.options.get(option):
            yield f"{option}={word(value, table.name)}"
    if table.comment:
        yield f"COMMENT={text(table.comment)}"
    if VERSIONED in of.options:
        yield "WITH SYSTEM VERSIONING"


def left_out(table: Table, of: TableModel) -> Iterator[Problem]:
    """What the table had and the statement does not say, one each."""
    computed = {one.column for one in of.generated}
    for column in table.columns:
        if column.generated and column.name not in computed:
            what = "the column was computed, by what the archive does not say: it holds the archived values"
            yield Problem(where=f"{table.name}.{column.name}", what=what, next=_NEXT)
    for option, value in _unknown_options(of).items():
        yield Problem(where=of.table, what=f"{option}{f'={value}' if value else ''} is left out", next=_NEXT)
    for note in of.notes:
        yield Problem(where=of.table, what=f"{note}: left out", next=_NEXT)
    if table.triggers:
        what, names = "triggers are not restored", table.triggers
        yield Problem(where=of.table, what=what, count=len(names), examples=names[:10], next=_NEXT)
    if is_by_time(of):
        what = f"the table is not partitioned: {of.partitioned_by} keeps old versions, which the archive does not hold"
        yield Problem(where=of.table, what=what, next=_NEXT)
    if VERSIONED in of.options:
        what = "the archive holds no older versions of rows: the table's history begins with the restore"
        yield Problem(where=of.table, what=what, next="nothing is to be done where nobody asks for older versions")


def _unknown_options(of: TableModel) -> Mapping[str, str]:
    """What the archive says of a table that no statement here says again."""
    known = (*_OPTIONS, *_SAID_ELSEWHERE, "partitioned")
    return {key: value for key, value in of.options.items() if key.partition(" ")[0] not in known}


def unfilled(table: Table, of: TableModel) -> Iterator[str]:
    """Changes of the table, for columns that an INSERT may not leave out: CREATE TABLE itself would fill them."""
    for column in table.columns:
        if f"{UNFILLED} {column.name}" in of.options:
            yield f"ALTER COLUMN {quoted(column.name)} DROP DEFAULT"


def _check(check: Check, table: str, words: Words) -> str:
    return f"CONSTRAINT {quoted(check.name)} CHECK {condition_of(check, table)}{words.unchecked}"


def condition_of(check: Check, table: str) -> str:
    """What every row satisfies, in parentheses."""
    return MYSQL.expression(check.expression, where=f"{table}.{check.name}")


# ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────
def _column(table: Table, column: Column, of: TableModel, words: Words) -> str:
    return " ".join([quoted(column.name), *_clauses(table, column, of, words)])


def _clauses(table: Table, column: Column, of: TableModel, words: Words) -> Iterator[str]:
    where = f"{table.name}.{column.name}"
    yield _native(column, where)
    if column.collation:
        yield _collated(column.collation, where)
    if column.name in of.reference_systems:
        yield f"{words.reference_system}{of.reference_systems[column.name]}"
    yield from _filled(column, of, where)
    if column.name in of.invisible:
        yield "INVISIBLE"
    if f"{UNVERSIONED} {column.name}" in of.options:
        yield "WITHOUT SYSTEM VERSIONING"
    if column.comment:
        yield f"COMMENT {text(column.comment)}"
    for check in of.checks:
        if check.column == column.name:
            yield f"CHECK {condition_of(check, table.name)}"


def _filled(column: Column, of: TableModel, where: str) -> Iterator[str]:
    """What a column holds that is left out: a computed one is always."""
    generated = next((one for one in of.generated if one.column == column.name), None)
    if generated and is_row(generated):
        yield f"GENERATED ALWAYS AS {generated.expression.upper()}"
        return
    if generated:
        computed = MYSQL.expression(generated.expression, where=where)
        yield f"GENERATED ALWAYS AS {computed} {'STORED' if generated.stored else 'VIRTUAL'}"
        if not column.nullable:
            yield "NOT NULL"
        return
    yield "NULL" if column.nullable else "NOT NULL"
    if column.identity:
        yield "AUTO_INCREMENT"
    elif column.default is not None:
        yield f"DEFAULT {_default(column.default, where)}"
    if column.name in of.on_update:
        yield f"ON UPDATE {_present(of.on_update[column.name], where)}"


def _native(column: Column, where: str) -> str:
    found = _NATIVE.fullmatch(column.native)
    if not found:
        raise Red(f"this is no type: {column.native[:80]!r}", where=where, next="restore nothing of it")
    native = MYSQL.type_name(found["type"], where=where)
    return f"{native} COMPRESSED" if found["compressed"] else native


def _collated(collation: str, where: str) -> str:
    return "CHARACTER SET binary" if collation == "binary" else f"COLLATE {word(collation, where)}"


def _default(default: str, where: str) -> str:
    """A constant is one only outside of parentheses."""
    enclosed = MYSQL.expression(default, where=where)
    return default if _CONSTANT.fullmatch(default) or _PRESENT.fullmatch(default) else enclosed


def _present(said: str, where: str) -> str:
    if not _PRESENT.fullmatch(said):
        raise Red(f"no column is updated to this: {said[:80]!r}", where=where, next="restore nothing of it")
    return said


# ── sequences ───────────────────────────────────────────────────────────────────────────────────────────────
def sequence_declared(sequence: model.Sequence, comment: str) -> str:
    """CREATE SEQUENCE, where it starts anew."""
    bounds = {"MINVALUE": sequence.least, "MAXVALUE": sequence.greatest}
    bounded = "".join(f" {word} {bound}" for word, bound in bounds.items() if bound is not None)
    cycle = " CYCLE" if sequence.cycle else " NOCYCLE"
    return (
        f"CREATE SEQUENCE {quoted(sequence.name)} START WITH {sequence.start}{bounded}"
        f" INCREMENT BY {sequence.increment} CACHE {sequence.cache}{cycle} ENGINE=InnoDB COMMENT={text(comment)}"
    )
