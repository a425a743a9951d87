"""Every type of every database: what its archive says is what the server says, value by value."""

from __future__ import annotations

import re
from contextlib import closing

import psycopg
import pymysql
import pytest
from pymysql.cursors import Cursor

from storage.schema import Fidelity
from tests.conformance.platforms import MysqlPlatform
from tests.fidelity import mysql_cases, postgres_cases, sqlite_cases
from tests.fidelity.case import Measured
from tests.fidelity.databases import Measurement
from tests.fidelity.document import DOCUMENT, rendered
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres

_LOSSY = ("oid: large objects", "lo: large objects", "ENUM('a',''): no member, beside the member ''")


def _names(cases: tuple[object, ...]) -> list[str]:
    names = [case.name for case in cases]  # type: ignore[attr-defined]
    assert len(set(names)) == len(names), "each case has a name of its own"
    return names


def _holds(one: Measured) -> None:
    """What is not exact says so, and nothing else does."""
    is_lossy = one.column.fidelity in (Fidelity.LOSSY, Fidelity.UNSUPPORTED)
    assert is_lossy == (one.case.name in _LOSSY)
    assert is_lossy or (one.wrong, one.lost) == ((), ())
    assert bool(one.refused) != one.case.is_taken_back, one.refused


@pytest.mark.parametrize("name", _names(sqlite_cases.CASES))
def test_sqlite(in_sqlite: Measurement, name: str) -> None:
    _holds(in_sqlite.cases[name])


@pytest.mark.parametrize("name", _names(postgres_cases.CASES))
def test_postgresql(in_postgres: Measurement, name: str) -> None:
    _holds(in_postgres.cases[name])


@pytest.mark.parametrize("name", _names(mysql_cases.CASES))
def test_mariadb(in_mariadb: Measurement, name: str) -> None:
    _holds(in_mariadb.cases[name])


_BASE_TYPES = """
SELECT format_type(t.oid, NULL) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('b', 'd', 'e', 'm', 'r') AND n.nspname IN ('pg_catalog', 'information_schema')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
"""


def test_every_type_of_postgresql_s_catalog_has_a_case(postgres: Postgres) -> None:
    with psycopg.connect(postgres.admin_url) as connection:
        known = {name for (name,) in connection.execute(_BASE_TYPES)}
    measured = {re.sub(r"\(.*?\)", "", case.native) for case in postgres_cases.CASES}
    assert known - measured == set()


# Which topics a server's manual has, and how it files them, changes from one patch release to the next.
_TOPICS = """
SELECT name FROM mysql.help_topic
UNION SELECT plugin_name FROM information_schema.plugins WHERE plugin_type = 'DATA TYPE'
"""


def _columns_type(cursor: Cursor, words: str) -> str | None:
    """The server's own name of the type that a column so declared is of; None where it takes no such column."""
    for form in ("{}", "{}(1)", "{}('a')"):
        try:
            cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE of_type (c {form.format(words)})")
        except pymysql.MySQLError:
            continue
        cursor.execute("SHOW COLUMNS FROM of_type")
        declared = cursor.fetchall()[0][1]
        return re.split(r"[ (]", declared)[0]
    return None


def test_every_type_of_mariadb_s_manual_and_plugins_has_a_case(mariadb: Mariadb) -> None:
    topics = [re.sub("(?i) data type$", "", name) for (name,) in MysqlPlatform(mariadb.admin_url).rows(_TOPICS)]
    url = mariadb.database("manual")
    try:
        with closing(MysqlPlatform(url).connect()) as connection, connection.cursor() as cursor:
            known = {_columns_type(cursor, topic) for topic in topics} - {None}
            measured = {_columns_type(cursor, case.native) for case in mysql_cases.CASES}
    finally:
        mariadb.drop(url)
    assert {"bigint", "varchar", "point", "uuid"} <= known
    assert known - measured == set()


def test_the_document_is_what_was_measured(
    in_postgres: Measurement, in_mariadb: Measurement, in_sqlite: Measurement
) -> None:
    page = rendered([(one.title, list(one.cases.values())) for one in (in_postgres, in_mariadb, in_sqlite)])
    assert DOCUMENT.read_text(encoding="utf-8") == page, "run: python -m tests.fidelity"
