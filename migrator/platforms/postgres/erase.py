"""What a rebuilding made goes away again, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing

import psycopg

from migrator.platforms.postgres.connect import LOADING, connect, place, translated
from migrator.platforms.postgres.rebuild_names import Names
from storage.errors import Fault
from storage.model import Model
from storage.schema import Table

_COLLATION = "collation"


def erase(url: str, tables: Sequence[Table], model: Model) -> None:
    """See migrator.contracts.Target. Schemas and extensions stay: nobody knows whether they were there before."""
    with closing(connect(url, LOADING)) as connection, translated(place(url)):
        row = connection.execute("SELECT current_schema()::text").fetchone()
        names = Names(home=str(row[0]) if row else "")
        collations = [one for one in model.types if one.kind == _COLLATION]
        types = [one for one in model.types if one.kind != _COLLATION]
        try:
            with connection.transaction():
                _drop(connection, "TABLE", (names.table(table) for table in tables))
                _drop(connection, "SEQUENCE", (names.of(one.schema, one.name) for one in model.sequences))
                _drop(connection, "TYPE", (names.of(one.schema, one.name) for one in types))
                _drop(connection, "COLLATION", (names.of(one.schema, one.name) for one in collations))
        except psycopg.errors.DependentObjectsStillExist as error:
            raise Fault(
                f"somebody has made something of their own of these tables: {error.diag.message_detail}",
                where=place(url),
                next="the tables stay; look at what it is, and drop them by hand",
            ) from error


def _drop(connection: psycopg.Connection, kind: str, names: Iterable[str]) -> None:
    if listed := ", ".join(names):
        connection.execute(f"DROP {kind} IF EXISTS {listed}".encode())
