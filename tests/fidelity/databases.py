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
    with closing(SqliteDatabase(folder / "one.db")) as one, closing(SqliteDatabase(folder / "other.db")) as other:
        return _of(one, other, folder)


def of_postgres(server: Postgres, folder: Path) -> Measurement:
    urls = [server.database("types") for _ in range(2)]
    as_administrator = urlsplit(server.admin_url)._replace(path=urlsplit(urls[0]).path).geturl()
    with psycopg.connect(as_administrator, autocommit=True) as connection:
        for name in EXTENSIONS:
            connection.execute(f"CREATE EXTENSION {name}".encode())
    try:
        with closing(PostgresDatabase(urls[0])) as one, closing(PostgresDatabase(urls[1])) as other:
            return _of(one, other, folder)
    finally:
        for url in urls:
            server.drop(url)


def of_mariadb(server: Mariadb, folder: Path) -> Measurement:
    urls = [server.database("types") for _ in range(2)]
    try:
        with closing(MysqlDatabase(urls[0])) as one, closing(MysqlDatabase(urls[1])) as other:
            return _of(one, other, folder)
    finally:
        for url in urls:
            server.drop(url)


def _of(one: Database, other: Database, folder: Path) -> Measurement:
    measured = measure(one, other, folder / "archives")
    return Measurement(title=one.title, cases={each.case.name: each for each in measured})
