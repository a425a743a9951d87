"""What a SQLite file declares: tables, columns, keys, triggers, views, read from its own catalog."""

from __future__ import annotations

import sqlite3

from migrator.platforms.relational.journal import is_ours
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.identity import is_strict
from migrator.platforms.sqlite.types import declared_length, declared_type, fidelity_of, limits_of
from storage.schema import NO_LIMITS, Column, ForeignKey, Schema, Table, TableKind, UniqueKey

_GENERATED_HIDDEN = (2, 3)


def describe(connection: sqlite3.Connection) -> Schema:
    """Every table and view of the main database, in name order."""
    tables = tuple(_table(connection, name) for name in _names(connection, "table", "virtual"))
    views = tuple(_view(connection, name) for name in _names(connection, "view"))
    return Schema(platform="sqlite", version=sqlite3.sqlite_version, tables=tables, views=views)


def _names(connection: sqlite3.Connection, *kinds: str) -> list[str]:
    return sorted(
        name
        for schema, name, kind in connection.execute("SELECT schema, name, type FROM pragma_table_list")
        if schema == "main" and kind in kinds and not name.startswith("sqlite_") and not is_ours(name)
    )


def _view(connection: sqlite3.Connection, name: str) -> Table:
    try:
        info = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    except sqlite3.OperationalError:  # it shows what is not there any more
        info = []
    columns = tuple(_column(row, None, None, strict=False) for row in info)
    return Table(name=name, columns=columns, kind=TableKind.VIEW)


def _table(connection: sqlite3.Connection, name: str) -> Table:
    found = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone()
    ddl = found[0] if found else None
    info = connection.execute("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    key = sorted((row for row in info if row[5]), key=lambda row: row[5])
    primary_key = tuple(row[1] for row in key)
    rowid_alias = primary_key[0] if len(key) == 1 and _is_rowid(connection, name, key[0][2]) else None
    collations = _collations(connection, name, ddl)
    strict = is_strict(ddl)
    return Table(
        name=name,
        columns=tuple(_column(row, rowid_alias, collations.get(row[1]), strict=strict) for row in info if row[6] != 1),
        primary_key=primary_key,
        unique=_unique_keys(connection, name),
        foreign_keys=_foreign_keys(connection, name),
        triggers=tuple(
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? ORDER BY name", (name,)
            )
        ),
        ddl=ddl,
    )


def _is_rowid(connection: sqlite3.Connection, table: str, native: str) -> bool:
    """Whether the one column of a primary key is the rowid under another name: then no index stands for the key."""
    query = "SELECT count(*) FROM pragma_index_list(?) WHERE origin = 'pk'"
    return native.upper() == "INTEGER" and connection.execute(query, (table,)).fetchone() == (0,)


def _collations(connection: sqlite3.Connection, table: str, ddl: str | None) -> dict[str, str]:
    """The columns whose texts are not compared byte by byte. No pragma says so: a value of each is asked."""
    if "collate" not in (ddl or "").lower():
        return {}
    found: dict[str, str] = {}
    for (name,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)).fetchall():
        one = f"(SELECT {quoted(name)} AS v FROM main.{quoted(table)} WHERE false UNION ALL SELECT 'a')"
        no_case, no_space = connection.execute(f"SELECT v = 'A', v = 'a ' FROM {one}").fetchone()
        if no_case or no_space:
            found[name] = "NOCASE" if no_case else "RTRIM"
    return found


def _column(
    row: tuple[int, str, str, int, str | None, int, int],
    rowid_alias: str | None,
    collation: str | None,
    *,
    strict: bool,
) -> Column:
    _, name, native, not_null, default, key_position, hidden = row
    type_ = declared_type(native)
    return Column(
        name=name,
        type=type_,
        native=native,
        nullable=not not_null and not (key_position and name == rowid_alias),
        default=default,
        generated=hidden in _GENERATED_HIDDEN,
        identity=name == rowid_alias,
        max_length=declared_length(native),
        collation=collation,
        limits=NO_LIMITS if name == rowid_alias else limits_of(native, strict=strict),
        fidelity=fidelity_of(type_),
    )


def _unique_keys(connection: sqlite3.Connection, table: str) -> tuple[UniqueKey, ...]:
    """Unique constraints and whole unique indexes; a partial or expression index is no key to match rows by."""
    found = []
    for name, origin, partial in connection.execute(
        'SELECT name, origin, partial FROM pragma_index_list(?) WHERE "unique" ORDER BY name', (table,)
    ).fetchall():
        columns = [
            row[0] for row in connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,))
        ]
        if origin != "pk" and not partial and None not in columns:
            found.append(UniqueKey(name=name, columns=tuple(columns)))
    return tuple(found)


def _foreign_keys(connection: sqlite3.Connection, table: str) -> tuple[ForeignKey, ...]:
    by_id: dict[int, list[tuple[int, str, str, str | None, str, str]]] = {}
    for id_, seq, parent, column, parent_column, on_update, on_delete in connection.execute(
        'SELECT id, seq, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table,),
    ):
        by_id.setdefault(id_, []).append((seq, parent, column, parent_column, on_update, on_delete))
    keys = [_foreign_key(connection, table, parts) for parts in by_id.values()]
    return tuple(sorted(keys, key=lambda key: key.name))


def _foreign_key(
    connection: sqlite3.Connection, table: str, parts: list[tuple[int, str, str, str | None, str, str]]
) -> ForeignKey:
    _, written_parent, _, first_target, on_update, on_delete = parts[0]
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", (written_parent,)
    ).fetchone()
    parent = found[0] if found else written_parent
    columns = tuple(part[2] for part in parts)
    if first_target is None:  # REFERENCES parent, without columns: the parent's primary key
        parent_columns = tuple(
            row[0]
            for row in connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (parent,))
        )
    else:
        names = {
            row[0].lower(): row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (parent,))
        }
        written = [part[3] or "" for part in parts]
        parent_columns = tuple(names.get(name.lower(), name) for name in written)  # SQLite's names have no case
    return ForeignKey(
        name=f"{table}.{'+'.join(columns)}",
        columns=columns,
        parent=parent,
        parent_columns=parent_columns,
        on_delete=on_delete,
        on_update=on_update,
        deferrable=True,  # any SQLite foreign key can wait until commit: PRAGMA defer_foreign_keys
    )
