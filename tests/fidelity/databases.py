"""The three databases, measured: on an empty one each, which is gone afterwards."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.fidelity.case import Database, Measured
from tests.fidelity.measure import measure
from tests.fidelity.mysql import MysqlDatabase
from tests.fidelity.postgres import PostgresDatabase
from tests.fidelity.postgres_cases import EXTENSIONS
from tests.fidelity.sqlite import SqliteDatabase
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What came of every case of a database, by the case's name."""

    title: str
    cases: dict[str, Measured]


def of_sqlite(folder: Path) -> Measurement:
    with closing(SqliteDatabase(folder)) as database:
        return _of(database, folder)


def of_postgres(server: Postgres, folder: Path) -> Measurement:
    url = server.database("types")
    as_administrator = urlsplit(server.admin_url)._replace(path=urlsplit(url).path).geturl()
    with psycopg.connect(as_administrator, autocommit=True) as connection:
        for name in EXTENSIONS:
            connection.execute(f"CREATE EXTENSION {name}".encode())
    try:
        with closing(PostgresDatabase(url)) as database:
            return _of(database, folder)
    finally:
        server.drop(url)


def of_mariadb(server: Mariadb, folder: Path) -> Measurement:
    url = server.database("types")
    try:
        with closing(MysqlDatabase(url)) as database:
            return _of(database, folder)
    finally:
        server.drop(url)


def _of(database: Database, folder: Path) -> Measurement:
    return Measurement(
        title=database.title, cases={one.case.name: one for one in measure(database, folder / "archives")}
    )
