"""Databases of every kind, made once a module and emptied for every example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.random.databases.database import Database
from tests.random.databases.mysql import MysqlDatabase
from tests.random.databases.postgres import PostgresDatabase
from tests.random.databases.sqlite import SqliteDatabase

KINDS = ("sqlite", "postgresql", "mysql")


@pytest.fixture(scope="module")
def database_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Database]]:
    """A new one of that kind; a server is started when the first of its kind is asked for."""
    with ExitStack() as stack:

        def made(kind: str) -> Database:
            if kind == "sqlite":
                return SqliteDatabase(tmp_path_factory.mktemp("random") / "a.db")
            server = request.getfixturevalue("postgres" if kind == "postgresql" else "mariadb")
            url = server.database()
            stack.callback(server.drop, url)
            found = PostgresDatabase(url) if kind == "postgresql" else MysqlDatabase(url)
            return stack.enter_context(closing(found))

        yield made
