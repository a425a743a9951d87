"""What a SQLite file declares beside columns and keys, as a restore needs it.

Pragmas tell the least of it: the rest stands in the texts of its CREATE statements alone, and is read from there. What
a text says in a way nobody here understands is told in the notes of its table, and never guessed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from migrator.platforms.sqlite.declared import DeclaredTable, declared_table, virtual_table
from migrator.platforms.sqlite.indexes import ROWID, indexes
from migrator.platforms.sqlite.tokens import NotUnderstood, Reader, said, tokens
from storage.model import IdentityColumn, Index, IndexPart, Model, ReferenceDetail, TableModel, View
from storage.schema import Schema, Table

STRICT, WITHOUT_ROWID = "strict", "without rowid"
MODULE, ARGUMENTS = "using", "arguments"
"""Options of a table; the last two of a virtual one."""

PRAGMAS = ("encoding", "auto_vacuum", "application_id", "user_version")
"""Options of a file; the first two can be said of one that is new, and of no other."""

LEFT_ALONE = {"encoding": "UTF-8", "auto_vacuum": "0", "application_id": "0", "user_version": "0"}
"""What they are where nobody says."""


def not_null_conflict(column: str) -> str:
    """The option of a table that says what becomes of a row with NULL in that column."""
    return f"not null on conflict: {column}"


def model(connection: sqlite3.Connection, schema: Schema, tables: Collection[str]) -> Model:
    """What these tables need to be made again, every view, and the file's own options."""
    said_of = {name: str(connection.execute(f"PRAGMA main.{name}").fetchone()[0]) for name in PRAGMAS}
    return Model(
        platform="sqlite",
        tables=tuple(_table(connection, table) for table in schema.tables if table.name in tables),
        views=tuple(_views(connection)),
        options={name: value for name, value in said_of.items() if value != LEFT_ALONE[name]},
    )


def _table(connection: sqlite3.Connection, table: Table) -> TableModel:
    ddl = table.ddl or ""
    try:
        if virtual := virtual_table(ddl):
            return TableModel(table=table.name, options={MODULE: virtual.module, ARGUMENTS: virtual.arguments})
        declared = declared_table(ddl)
        if tuple(declared.columns) != table.column_names:
            raise NotUnderstood(f"the text has the columns {', '.join(declared.columns)}")
        found = _of(table, declared, _kind(connection, table.name))
        return replace(found, indexes=tuple(indexes(connection, table.name, declared)))
    except NotUnderstood as error:
        notes = (f"checks, generated columns and indexes are left out, since its text is not understood: {error}",)
        return replace(from_description(table), options=_kind(connection, table.name), notes=notes)


def from_description(table: Table) -> TableModel:
    """What the table alone says of its keys, where nothing else is known."""
    keys = [
        Index(name=key.name, parts=_parts(key.columns), unique=True, constraint=_constraint(key.name))
        for key in table.unique
    ]
    if table.primary_key:
        is_rowid = any(column.identity for column in table.columns)
        method = ROWID if is_rowid else None
        keys.insert(0, Index(name="", parts=_parts(table.primary_key), unique=True, method=method, constraint="p"))
    collations = {column.name: column.collation for column in table.columns if column.collation}
    return TableModel(table=table.name, indexes=tuple(keys), collations=collations)


def _parts(columns: Collection[str]) -> tuple[IndexPart, ...]:
    return tuple(IndexPart(column=name) for name in columns)


def _constraint(index: str) -> str | None:
    return "u" if index.startswith("sqlite_autoindex_") else None


def _of(table: Table, declared: DeclaredTable, options: dict[str, str]) -> TableModel:
    conflicts = {not_null_conflict(column): conflict for column, conflict in declared.not_null_conflicts.items()}
    return TableModel(
        table=table.name,
        checks=tuple(declared.checks),
        references=tuple(_references(table, declared)),
        generated=tuple(declared.generated),
        identities=tuple(IdentityColumn(column=name) for name in table.primary_key if declared.counts_up),
        collations=declared.collations,
        options={**options, **conflicts},
    )


def _references(table: Table, declared: DeclaredTable) -> list[ReferenceDetail]:
    """Those that are not the common kind."""
    names = {tuple(column.lower() for column in key.columns): key.name for key in table.foreign_keys}
    return [
        ReferenceDetail(name=names[one.columns], match=one.match, initially_deferred=one.deferred)
        for one in declared.references
        if one.columns in names and (one.deferred or one.match != "SIMPLE")
    ]


def _kind(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    query = "SELECT wr, strict FROM pragma_table_list(?) WHERE schema = 'main'"
    without_rowid, strict = connection.execute(query, (table,)).fetchone()
    return {name: "true" for name, is_so in ((WITHOUT_ROWID, without_rowid), (STRICT, strict)) if is_so}


def _views(connection: sqlite3.Connection) -> list[View]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'view' ORDER BY name"
    return [View(name=name, definition=_definition(sql)) for name, sql in connection.execute(query)]


def _definition(statement: str) -> str:
    """The query of a CREATE VIEW; the whole of it where it says more than a name and a query."""
    try:
        reader = Reader(tokens(statement))
        reader.expect("CREATE", "VIEW")
        reader.name()
        return said(reader.rest()) if reader.took("AS") else statement
    except NotUnderstood:
        return statement
