"""The indexes of a table: what pragmas tell, and of those with a statement of their own what its text says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.platforms.sqlite.declared import DeclaredKey, DeclaredTable
from migrator.platforms.sqlite.tokens import NotUnderstood, Reader, Sign, Token, said, split, tokens
from storage.model import Index, IndexPart

ROWID, CONFLICT = "rowid", "on conflict"
"""The method of a primary key that is the rowid itself, and the option that says what becomes of a row in its way."""

_CONSTRAINTS = {"pk": "p", "u": "u"}


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """One row of pragma_index_xinfo: `name` is None for an expression."""

    name: str | None
    descending: bool
    collation: str


def indexes(connection: sqlite3.Connection, table: str, declared: DeclaredTable) -> Iterator[Index]:
    """Keys first, in the order of their declaration. NotUnderstood where a text says something else than the pragmas.

    A key that is the rowid has no index, and is told as one without a name.
    """
    rows = connection.execute('SELECT name, origin, "unique" FROM pragma_index_list(?)', (table,)).fetchall()
    if not any(origin == "pk" for _, origin, _ in rows):
        yield from (_rowid_key(key, declared) for key in declared.keys if key.primary)
    for name, origin, unique in sorted(rows, key=_by_declaration):
        stored = tuple(_stored(connection, name))
        if origin == "c":
            yield _made(connection, name, stored, declared, unique=bool(unique))
        else:
            yield _key(name, _CONSTRAINTS[origin], stored, declared)


def _by_declaration(row: tuple[str, str, int]) -> tuple[bool, int, str]:
    """sqlite_autoindex_…_N are numbered as they were declared; the others have names of their own."""
    name, origin, _ = row
    return (False, int(name.rpartition("_")[2]), "") if origin != "c" else (True, 0, name)


def _stored(connection: sqlite3.Connection, index: str) -> Iterator[_Stored]:
    query = 'SELECT cid, name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
    for number, name, descending, collation in connection.execute(query, (index,)):
        found = "rowid" if number == -1 else name
        yield _Stored(name=found, descending=bool(descending), collation=collation)


def _rowid_key(key: DeclaredKey, declared: DeclaredTable) -> Index:
    (small,) = key.columns
    (name,) = (column for column in declared.columns if column.lower() == small)
    return Index(
        name="", parts=(IndexPart(column=name),), unique=True, method=ROWID, constraint="p", options=_options(key)
    )


def _key(name: str, constraint: str, stored: Sequence[_Stored], declared: DeclaredTable) -> Index:
    columns = tuple((part.name or "").lower() for part in stored)
    key = next((key for key in declared.keys if key.columns == columns), None)
    if key is None and constraint == "p":  # of a table without rowid: a column named twice is in it once
        key = next((key for key in declared.keys if key.primary), None)
    return Index(
        name=name,
        parts=tuple(_part(part, declared) for part in stored),
        unique=True,
        constraint=constraint,
        options=_options(key),
    )


def _options(key: DeclaredKey | None) -> dict[str, str]:
    return {CONFLICT: key.conflict} if key and key.conflict else {}


def _part(stored: _Stored, declared: DeclaredTable) -> IndexPart:
    own = declared.collations.get(stored.name or "", "BINARY")
    collation = stored.collation if stored.collation.upper() != own.upper() else None
    return IndexPart(column=stored.name, descending=stored.descending, collation=collation)


def _made(
    connection: sqlite3.Connection, name: str, stored: Sequence[_Stored], declared: DeclaredTable, *, unique: bool
) -> Index:
    query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
    reader = Reader(tokens(str(connection.execute(query, (name,)).fetchone()[0])))
    reader.expect("CREATE")
    reader.took("UNIQUE")
    reader.expect("INDEX")
    reader.took("IF", "NOT", "EXISTS")
    reader.name()
    if reader.took_sign("."):
        reader.name()
    reader.expect("ON")
    reader.name()
    parts = split(reader.inside())
    if len(parts) != len(stored):
        raise NotUnderstood(f"{name} has {len(stored)} parts, and its text {len(parts)}")
    where = said(reader.rest()) if reader.took("WHERE") else None
    if not reader.is_done:
        raise reader.lost("the end")
    return Index(
        name=name,
        parts=tuple(
            _part(one, declared) if one.name is not None else _computed(part, one)
            for part, one in zip(parts, stored, strict=True)
        ),
        unique=unique,
        where=where,
    )


def _computed(part: Sequence[Token], stored: _Stored) -> IndexPart:
    if part and part[-1].is_word("ASC", "DESC"):
        part = part[:-1]
    collation = None
    if len(part) > 2 and part[-2].is_word("COLLATE") and part[-1].sign is not Sign.OTHER:
        part, collation = part[:-2], part[-1].name
    if not part:
        raise NotUnderstood("a part of nothing")
    return IndexPart(expression=said(part), descending=stored.descending, collation=collation)
