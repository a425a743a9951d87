"""Every type of every database: what its archive says is what the server says, value by value."""

from __future__ import annotations

import re

import psycopg
import pytest

from storage.schema import Fidelity
from tests.conformance.platforms import MysqlPlatform
from tests.fidelity import mysql_cases, postgres_cases, sqlite_cases
from tests.fidelity.case import Measured
from tests.fidelity.databases import Measurement
from tests.fidelity.document import DOCUMENT, rendered
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres

_NO_TYPES_OF_COLUMNS = {
    *("AUTO_INCREMENT", "BLOB AND TEXT DATA TYPES", "FLOATING-POINT ACCURACY", "NUMERIC DATA TYPE OVERVIEW"),
    *("CHAR BYTE", "ROW"),  # another name of BINARY; of variables alone
}
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


_TYPES = """
SELECT t.name FROM mysql.help_topic t JOIN mysql.help_category c USING (help_category_id) WHERE c.name = 'Data Types'
UNION SELECT plugin_name FROM information_schema.plugins WHERE plugin_type = 'DATA TYPE'
"""


def test_every_type_of_mariadb_s_manual_and_plugins_has_a_case(mariadb: Mariadb) -> None:
    known = {name.upper().removesuffix(" DATA TYPE") for (name,) in MysqlPlatform(mariadb.admin_url).rows(_TYPES)}
    measured = {re.split(r"[ (]", case.native)[0] for case in mysql_cases.CASES}
    assert known - measured - _NO_TYPES_OF_COLUMNS == set()


def test_the_document_is_what_was_measured(
    in_postgres: Measurement, in_mariadb: Measurement, in_sqlite: Measurement
) -> None:
    page = rendered([(one.title, list(one.cases.values())) for one in (in_postgres, in_mariadb, in_sqlite)])
    assert DOCUMENT.read_text(encoding="utf-8") == page, "run: python -m tests.fidelity"
