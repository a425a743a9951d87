"""Indexes and keys of MariaDB and MySQL as parts of statements; see `declaration` for what may come from outside."""

from __future__ import annotations

from migrator.platforms.mysql.model import HIDDEN
from migrator.platforms.mysql.words import Words, text
from migrator.platforms.relational.archived import MYSQL
from migrator.platforms.relational.sqltext import listed, quoted
from storage.model import Index, IndexPart, TableModel
from storage.schema import ForeignKey, Table

_METHODS = {"fulltext": "FULLTEXT KEY", "spatial": "SPATIAL KEY", "rtree": "SPATIAL KEY", "vector": "VECTOR KEY"}
_ACTIONS = ("CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT")


def first_indexes(table: Table, of: TableModel) -> tuple[Index, ...]:
    """The indexes a table is made with: its primary key; all where a column that numbers itself needs another."""
    indexes = indexes_of(table, of)
    numbered = [column.name for column in table.columns if column.identity]
    if numbered and list(table.primary_key[:1]) != numbered:
        return indexes
    return tuple(index for index in indexes if index.constraint == "p")


def indexes_of(table: Table, of: TableModel) -> tuple[Index, ...]:
    """As the model has them; of an archive without one, the keys of the descriptor, and what numbering needs."""
    if of.indexes:
        return of.indexes
    keys = [("PRIMARY", table.primary_key, "p"), *((key.name, key.columns, "u") for key in table.unique)]
    leading = {columns[:1] for _, columns, _ in keys}
    numbered = [(one.name, (one.name,), None) for one in table.columns if one.identity and (one.name,) not in leading]
    return tuple(
        Index(
            name=name,
            parts=tuple(IndexPart(column=column) for column in columns),
            unique=constraint is not None,
            constraint=constraint,
        )
        for name, columns, constraint in (*keys, *numbered)
        if columns
    )


def index_declared(index: Index, *, where: str, words: Words) -> str:
    """An index or a key, as CREATE TABLE and ALTER TABLE … ADD have it."""
    parts = ", ".join(_part(part, f"{where}.{index.name}") for part in index.parts)
    kind = _METHODS.get(index.method or "", "UNIQUE KEY" if index.unique else "KEY")
    named = "PRIMARY KEY" if index.constraint == "p" else f"{kind} {quoted(index.name)}"
    hashed = " USING HASH" if index.method == "hash" else ""
    comment = f" COMMENT {text(index.comment)}" if index.comment else ""
    hidden = f" {words.hidden}" if HIDDEN in index.options else ""
    return f"{named} ({parts}){hashed}{comment}{hidden}"


def _part(part: IndexPart, where: str) -> str:
    of = MYSQL.expression(part.expression, where=where) if part.expression else quoted(part.column or "")
    return f"{of}{f'({part.length})' if part.length else ''}{' DESC' if part.descending else ''}"


def reference_declared(key: ForeignKey, parent: str) -> str:
    """A foreign key at the table of that name; NO ACTION and RESTRICT are one, and what is not said."""
    actions = {"DELETE": key.on_delete, "UPDATE": key.on_update}
    said = [f" ON {event} {action}" for event, action in actions.items() if action in _ACTIONS]
    return (
        f"CONSTRAINT {quoted(key.name)} FOREIGN KEY ({listed(key.columns)})"
        f" REFERENCES {quoted(parent)} ({listed(key.parent_columns)}){''.join(said)}"
    )
