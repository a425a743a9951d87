"""What a database declares, as SQLAlchemy's inspector tells it, and how to select from it: the default schema alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine.reflection import Inspector

from migrator.platforms.sql.types import SqlType, Unreadable, declared_type, fidelity_of, is_read_as_text
from storage.errors import Red
from storage.schema import Column, Fidelity, ForeignKey, Schema, Table, TableKind, UniqueKey


@dataclass(frozen=True, kw_only=True)
class Described:
    """The schema, and beside it what SQLAlchemy needs to select from a table."""

    schema: Schema
    selectable: dict[str, sa.TableClause]


def describe(connection: sa.Connection) -> Described:
    """Every table and view of the default schema, in name order."""
    inspector = sa.inspect(connection)
    with warnings.catch_warnings():
        # of types a dialect does not know, the column tells itself; and some leave cursors to the garbage collector
        warnings.simplefilter("ignore")
        names = sorted(inspector.get_table_names())
        _refuse_homonyms(names)
        selectable = {name: _selectable(connection, inspector, name) for name in names}
        tables = tuple(_table(inspector, name, selectable[name]) for name in names)
        shown = {name: _selectable(connection, inspector, name) for name in sorted(inspector.get_view_names())}
        views = tuple(_view(inspector, name, clause) for name, clause in shown.items())
    selectable |= shown
    return Described(
        schema=Schema(platform=_platform(connection), version=_version(connection), tables=tables, views=views),
        selectable={str(name): clause for name, clause in selectable.items()},
    )


def _platform(connection: sa.Connection) -> str:
    return connection.engine.url.get_backend_name()


def _version(connection: sa.Connection) -> str:
    known = getattr(connection.dialect, "server_version_info", None)
    return ".".join(map(str, known)) if known else "unknown"


def _refuse_homonyms(names: Sequence[str]) -> None:
    for one, next_ in pairwise(names):
        if str(one) == str(next_):
            raise Red(f"two tables are named {one}, once in quotes and once not", where=one, next="rename one of them")


def _selectable(connection: sa.Connection, inspector: Inspector, name: str) -> sa.TableClause:
    columns = [sa.column(column["name"], column["type"]) for column in inspector.get_columns(name)]
    clause = sa.table(name, *columns)
    for column in columns:
        if is_read_as_text(column.type) and not _is_written(connection, clause, column):
            column.type = Unreadable()
    return clause


def _is_written(connection: sa.Connection, clause: sa.TableClause, column: sa.ColumnClause[Any]) -> bool:
    """Whether the database makes a text of the column's type: asked without reading a row."""
    try:
        with connection.begin_nested():
            connection.execute(sa.select(sa.cast(column, sa.Text())).select_from(clause).where(sa.false())).close()
    except (exc.DBAPIError, exc.CompileError):
        return False
    return True


def _table(inspector: Inspector, name: str, clause: sa.TableClause) -> Table:
    primary_key = tuple(map(str, inspector.get_pk_constraint(name)["constrained_columns"]))
    return Table(
        name=str(name),
        columns=tuple(
            _column(inspector, column, clause.c[column["name"]].type, primary_key)
            for column in inspector.get_columns(name)
        ),
        primary_key=primary_key,
        unique=_unique_keys(inspector, name),
        foreign_keys=tuple(sorted((_foreign_key(name, key) for key in inspector.get_foreign_keys(name)), key=_by_name)),
        comment=_told(lambda: inspector.get_table_comment(name)["text"]),
    )


def _view(inspector: Inspector, name: str, clause: sa.TableClause) -> Table:
    found = (_column(inspector, column, clause.c[column["name"]].type, ()) for column in inspector.get_columns(name))
    columns = tuple(replace(column, default=None, identity=False, generated=False) for column in found)
    return Table(name=str(name), columns=columns, kind=TableKind.VIEW)


def _column(inspector: Inspector, found: Any, read: SqlType, primary_key: Sequence[str]) -> Column:
    declared: SqlType = found["type"]
    type_ = declared_type(read)
    generated = "computed" in found
    return Column(
        name=str(found["name"]),
        type=type_,
        native=_native(inspector, declared),
        nullable=bool(found["nullable"]) and found["name"] not in primary_key,
        default=None if generated else found.get("default"),
        generated=generated,
        identity="identity" in found or found.get("autoincrement") is True,
        max_length=getattr(declared, "length", None),
        collation=getattr(declared, "collation", None),
        comment=found.get("comment"),
        choices=tuple(getattr(declared, "enums", None) or ()),
        fidelity=Fidelity.UNSUPPORTED if isinstance(read, Unreadable) else fidelity_of(type_),
    )


def _native(inspector: Inspector, declared: SqlType) -> str:
    try:
        return declared.compile(dialect=inspector.dialect)
    except exc.CompileError:
        return type(declared).__name__


def _unique_keys(inspector: Inspector, name: str) -> tuple[UniqueKey, ...]:
    """Unique constraints and whole unique indexes; an index on an expression is no key to match rows by."""
    constraints: Sequence[Any] = _told(lambda: inspector.get_unique_constraints(name)) or ()
    indexes = [index for index in inspector.get_indexes(name) if index["unique"] and not index.get("expressions")]
    found: dict[tuple[str, ...], UniqueKey] = {}
    for key in (*constraints, *indexes):
        columns = tuple(map(str, key["column_names"]))
        if not any(str(option).endswith("where") and value for option, value in _options(key)):
            found.setdefault(columns, UniqueKey(name=str(key["name"] or ""), columns=columns))
    return tuple(sorted(found.values(), key=_by_name))


def _options(key: Any) -> Sequence[tuple[str, Any]]:
    return tuple((key.get("dialect_options") or {}).items())


def _foreign_key(table: str, found: Any) -> ForeignKey:
    columns = tuple(map(str, found["constrained_columns"]))
    options = found.get("options") or {}
    schema = found["referred_schema"]
    return ForeignKey(
        name=str(found["name"] or f"{table}.{'+'.join(columns)}"),
        columns=columns,
        parent=f"{schema}.{found['referred_table']}" if schema else str(found["referred_table"]),
        parent_columns=tuple(map(str, found["referred_columns"])),
        on_delete=options.get("ondelete") or "NO ACTION",
        on_update=options.get("onupdate") or "NO ACTION",
        deferrable=bool(options.get("deferrable")),
    )


def _by_name(key: UniqueKey | ForeignKey) -> str:
    return key.name


def _told(ask: Callable[[], Any]) -> Any:
    """What the dialect tells, or None where it has not learnt to ask for that."""
    try:
        return ask()
    except NotImplementedError:
        return None
