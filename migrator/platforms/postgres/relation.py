"""A table as the server knows it while a fence stands: its name in SQL, and what reading it costs."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection

from migrator.platforms.postgres import catalog
from migrator.platforms.postgres.describe import describe_all, schema_of
from migrator.platforms.relational.sqltext import listed, quoted
from storage.errors import Fault
from storage.schema import Schema, Table, TableKind


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Where a table's rows are, and what finds them without reading it whole."""

    oid: int
    table: Table
    schema: str
    partitioned: bool
    indexed: frozenset[str]  # columns that some index begins with

    @property
    def sql(self) -> str:
        """What stands after FROM: a partitioned table with its partitions, any other without its heirs."""
        return f"{'' if self.partitioned else 'ONLY '}{quoted(self.schema)}.{quoted(self.table.local_name)}"

    @property
    def place(self) -> tuple[str, ...]:
        """The columns that tell rows apart where no key does, as long as nobody moves them: within a fence."""
        if self.table.kind is TableKind.VIEW:
            return ()
        return ("t.tableoid", "t.ctid") if self.partitioned else ("t.ctid",)

    @property
    def order(self) -> str:
        return listed(self.table.primary_key, "t.") or ", ".join(self.place)


def relations(connection: Connection, only: str | None = None) -> tuple[Schema, dict[str, Relation]]:
    """The schema, and every table and view of it by name; `only` one of them, as `describe_all` has it.

    Fault where that one is there no more.
    """
    described = describe_all(connection, only=only)
    if only is not None and not described:
        raise Fault(
            "the table is no longer there",
            where=only,
            next="find out who dropped or renamed it, then give the same command again",
        )
    indexed: dict[int, set[str]] = {}
    for oid, column in connection.execute(catalog.INDEXED, ([each.oid for each in described],)):
        indexed.setdefault(oid, set()).add(column)
    found = {
        each.table.name: Relation(
            oid=each.oid,
            table=each.table,
            schema=each.schema,
            partitioned=each.partitioned,
            indexed=frozenset(indexed.get(each.oid, ())),
        )
        for each in described
    }
    return schema_of(connection, described), found
