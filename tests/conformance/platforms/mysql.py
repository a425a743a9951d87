"""MariaDB and MySQL: an empty database of a server the tests have started, as a user of that database alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import Cursor

from migrator.contracts import ReadLimits, Source, Target
from tests.conformance.platforms.platform import asides

_SQL_MODE = "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY"
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position
"""
_BESIDE_TABLES = """
SELECT 'view', table_name, view_definition FROM information_schema.views WHERE table_schema = DATABASE()
UNION ALL
SELECT 'trigger', trigger_name,
    concat_ws(' ', action_timing, event_manipulation, event_object_table, action_order, action_statement)
FROM information_schema.triggers WHERE trigger_schema = DATABASE()
UNION ALL
SELECT routine_type, routine_name, routine_definition
FROM information_schema.routines WHERE routine_schema = DATABASE()
ORDER BY 1, 2
"""


class MysqlPlatform:
    def __init__(self, url: str, limits: ReadLimits | None = None) -> None:
        self.url = url
        self.limits = limits or ReadLimits()
        self.words: Mapping[str, object] = {
            "text": "LONGTEXT",
            "blob": "LONGBLOB",
            "real": "DOUBLE",
            "serial": "INTEGER AUTO_INCREMENT PRIMARY KEY",
            "nowhere": urlsplit(url)._replace(path="/no_such_database").geturl(),
            **asides("mysql"),
        }

    def connect(self, **options: Any) -> pymysql.Connection[Cursor]:
        """A session of standard SQL; `options` as pymysql.connect has them."""
        address = urlsplit(self.url)
        return pymysql.connect(
            host=address.hostname,
            port=address.port or 3306,
            user=unquote(address.username or ""),
            password=unquote(address.password or ""),
            database=address.path.removeprefix("/"),
            charset="utf8mb4",
            sql_mode=_SQL_MODE,
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
            **options,
        )

    def run(self, script: str) -> None:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(script.format(**self.words))
            while cursor.nextset():  # a later statement's error comes with its result
                pass

    def insert(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        rows = list(rows)
        if not rows:
            return
        marks = ", ".join(["%s"] * len(rows[0]))
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            connection.begin()
            cursor.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
            connection.commit()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def dump(self) -> dict[str, list[str]]:
        """See Platform; values as the server writes them."""
        with closing(self.connect(conv={})) as connection, connection.cursor() as cursor:
            cursor.execute(_TABLES)
            tables = sorted(name for (name,) in cursor.fetchall())
            cursor.execute(_BESIDE_TABLES)
            beside = list(map(repr, cursor.fetchall()))
            catalog = [_definition(cursor, table) for table in tables]
            return {"": [*catalog, *beside], **{table: _rows(cursor, table) for table in tables}}

    def source(self) -> Source:
        from migrator.platforms.mysql.source import MysqlSource

        return MysqlSource(self.url, self.limits)

    def target(self) -> Target:
        from migrator.platforms.mysql.target import MysqlTarget

        return MysqlTarget(self.url)


def _definition(cursor: Cursor, table: str) -> str:
    """How the table would be made again; the next number of its AUTO_INCREMENT is not part of it."""
    cursor.execute(f'SHOW CREATE TABLE "{table}"')
    (_, definition) = cursor.fetchall()[0]
    return re.sub(r" AUTO_INCREMENT=\d+", "", definition)


def _rows(cursor: Cursor, table: str) -> list[str]:
    """Every row with its invisible columns, which `*` leaves out."""
    cursor.execute(_COLUMNS, (table,))
    names = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
    cursor.execute(f'SELECT {names} FROM "{table}"')
    return sorted(map(repr, cursor.fetchall()))
