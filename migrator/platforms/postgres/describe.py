"""What a PostgreSQL database declares: tables, columns, keys, triggers, read from its own catalog in a few queries.

A partition is no table of its own: its rows are read through its parent. Foreign tables are left out.
A column's `collation` is stated only where it makes equal what is not the same bytes (citext, and collations that are
not deterministic); every other collation sorts, and is in the table's `ddl`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from psycopg import Connection
from psycopg.rows import namedtuple_row

from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.ddl import create_table
from migrator.platforms.postgres.limits import limits_of
from migrator.platforms.postgres.types import declared_type, fidelity_of
from storage.errors import Red
from storage.schema import Column, ForeignKey, Schema, Table, TableKind, UniqueKey

Found = Any
"""A row of a catalog query, its columns by name."""

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_VIEWS = {"v": TableKind.VIEW, "m": TableKind.MATERIALIZED_VIEW}
CITEXT = "citext"
"""What is stated as the collation of a type that is blind to case without one."""

OLDEST = 12


def describe(connection: Connection, *, of_partitions: bool = False) -> Schema:
    """Every table and view, in name order; those of the session's own schema by bare names, others as schema.table.

    `of_partitions`: a foreign key that only a partition declares counts as one of the table it belongs to.
    """
    return schema_of(connection, describe_all(connection, of_partitions=of_partitions))


def schema_of(connection: Connection, described: Sequence[Described]) -> Schema:
    """What was described, as the schema of this server."""
    tables = [each.table for each in described]
    return Schema(
        platform="postgresql",
        version=_version(connection),
        tables=tuple(table for table in tables if not table.is_view),
        views=tuple(table for table in tables if table.is_view),
        home=_home(connection),
        of_partitions=tuple((each.table.name, key) for each in described for key in each.of_partitions),
    )


def _home(connection: Connection) -> str | None:
    found = connection.execute("SELECT current_schema()").fetchone()
    return found[0] if found else None


@dataclass(frozen=True, kw_only=True)
class Described:
    """A table or view and its object id in the catalog."""

    oid: int
    table: Table
    schema: str
    partitioned: bool
    of_partitions: tuple[ForeignKey, ...] = ()  # those that partitions alone declare, where its own are told apart


def describe_all(connection: Connection, *, of_partitions: bool = False, only: str | None = None) -> list[Described]:
    """Every table and view with what the catalog knows it by, in name order.

    `only` this one, where it is named: what it costs then follows no other table, and no reference to one is told.
    """
    _require_version(connection)
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        found: list[Found] = list(cursor.execute(catalog.TABLES, {"only": only}))
        asked = [row.oid for row in found]

        def by_table(query: str) -> dict[int, list[Found]]:
            rows: list[Found] = list(cursor.execute(query, (asked,)))
            return {oid: list(group) for oid, group in groupby(rows, key=lambda row: int(row[0]))}

        parts = _Parts(
            names={row.oid: _name(row) for row in found},
            columns=by_table(catalog.COLUMNS),
            keys=by_table(catalog.KEYS),
            foreign_keys=by_table(catalog.FOREIGN_KEYS),
            triggers=by_table(catalog.TRIGGERS),
            constraints=by_table(catalog.CHECKS),
            encoding=connection.info.parameter_status("server_encoding") or "",
            roots={row[0]: row[1] for row in cursor.execute(catalog.PARTITION_ROOTS)},
        )
    described = (_described(row, parts, of_partitions=of_partitions) for row in found)
    return sorted(described, key=lambda each: each.table.name)


def is_too_old(connection: Connection) -> bool:
    """Whether its catalog lacks what is asked of it."""
    return connection.info.server_version < OLDEST * 10_000


def _require_version(connection: Connection) -> None:
    if is_too_old(connection):
        raise Red(
            f"PostgreSQL {_version(connection)} is too old",
            where=connection.info.dbname,
            next=f"restore a backup on a server of version {OLDEST} or later, and name that one",
        )


def _version(connection: Connection) -> str:
    return connection.info.parameter_status("server_version") or ""


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What the queries found, by the object id of the table."""

    names: dict[int, str]
    columns: dict[int, list[Found]]
    keys: dict[int, list[Found]]
    foreign_keys: dict[int, list[Found]]
    triggers: dict[int, list[Found]]
    constraints: dict[int, list[Found]]
    encoding: str
    roots: dict[int, int]  # partition → the table its rows are read through


def _name(row: Found) -> str:
    return str(row.relname if row.by_default else f"{row.nspname}.{row.relname}")


def _described(row: Found, parts: _Parts, *, of_partitions: bool) -> Described:
    keys = parts.foreign_keys.get(row.oid, [])
    own = [key for key in keys if of_partitions or key.conrelid == row.oid]
    return Described(
        oid=row.oid,
        table=_view(row, parts) if row.kind in _VIEWS else _table(row, own, parts),
        schema=row.nspname,
        partitioned=row.partitioned,
        of_partitions=tuple(_foreign_keys([key for key in keys if key not in own], parts)),
    )


def _view(row: Found, parts: _Parts) -> Table:
    columns = (_column(column, parts.encoding) for column in parts.columns.get(row.oid, []))
    return Table(
        name=_name(row),
        schema=None if row.by_default else row.nspname,
        columns=tuple(replace(column, default=None, identity=False) for column in columns),
        comment=row.comment,
        kind=_VIEWS[row.kind],
    )


def _table(row: Found, foreign_keys: list[Found], parts: _Parts) -> Table:
    keys = parts.keys.get(row.oid, [])
    columns = parts.columns.get(row.oid, [])
    return Table(
        name=_name(row),
        schema=None if row.by_default else row.nspname,
        columns=tuple(_column(column, parts.encoding) for column in columns),
        primary_key=next((tuple(key.columns) for key in keys if key.primary), ()),
        unique=tuple(UniqueKey(name=key.name, columns=tuple(key.columns)) for key in keys if not key.primary),
        foreign_keys=tuple(_foreign_keys(foreign_keys, parts)),
        triggers=tuple(trigger.tgname for trigger in parts.triggers.get(row.oid, [])),
        comment=row.comment,
        ddl=create_table(row, columns, parts.constraints.get(row.oid, [])),
    )


def _column(row: Found, encoding: str) -> Column:
    type_ = declared_type(row.base, enumerated=row.enumerated)
    is_citext = row.base.rpartition(".")[2] == "citext"
    return Column(
        name=row.attname,
        type=type_,
        native=row.native,
        nullable=not row.not_null,
        default=row.default,
        generated=row.generated,
        identity=row.identity,
        max_length=row.max_length,
        collation=CITEXT if is_citext else row.collation,
        comment=row.comment,
        choices=tuple(row.choices),
        limits=limits_of(row.base, encoding, enumerated=row.enumerated),
        fidelity=fidelity_of(type_),
    )


def _foreign_keys(rows: list[Found], parts: _Parts) -> list[ForeignKey]:
    """A key that points at a partition points at the table its rows are read through."""
    parent_of: Callable[[Found], int] = lambda row: parts.roots.get(row.confrelid, row.confrelid)  # noqa: E731
    return [
        ForeignKey(
            name=row.conname,
            columns=tuple(row.columns),
            parent=parts.names[parent_of(row)],
            parent_columns=tuple(row.parent_columns),
            on_delete=_ACTIONS[row.confdeltype],
            on_update=_ACTIONS[row.confupdtype],
            deferrable=row.condeferrable,
        )
        for row in rows
        if parent_of(row) in parts.names
    ]
