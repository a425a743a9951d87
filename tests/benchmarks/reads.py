"""What a server read for each statement that a database was asked: by table, and by which way, in its own words."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from psycopg import sql

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres


@dataclass(frozen=True, kw_only=True)
class Read:
    """One table, as one statement read it."""

    table: str
    rows: int  # that the server looked at
    how: str  # by which scan or index, in the server's words
    statement: str


class Reads(Protocol):
    def taken(self) -> list[Read]:
        """Everything read since this was asked last."""
        ...


class PostgresReads:
    """By auto_explain with ANALYZE and BUFFERS, in a log that the server hands out itself. It restarts the server."""

    _SETTINGS = (
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_timing", "off"),
        ("auto_explain.log_buffers", "on"),
        ("auto_explain.log_format", "json"),
        ("log_destination", "csvlog"),
        ("logging_collector", "on"),
        ("log_rotation_size", "0"),
    )
    _DATABASE, _MESSAGE = 2, 13  # columns of the log

    def __init__(self, server: Postgres, platform: PostgresPlatform) -> None:
        self._database = _database(platform.url)
        self._admin = PostgresPlatform(server.admin_url)
        self._known = 0
        settings = [_set(name, value) for name, value in self._SETTINGS]
        with self._admin.connect() as connection:
            connection.execute("LOAD 'auto_explain'")  # its settings are unknown without it
            for setting in settings:
                connection.execute(setting)
        server.restart()

    def taken(self) -> list[Read]:
        messages = [row[self._MESSAGE] for row in self._log() if row[self._DATABASE] == self._database]
        new, self._known = messages[self._known :], len(messages)
        plans = (message.partition("plan:\n")[2] for message in new)
        return [read for plan in plans if plan for read in _scans(json.loads(plan))]

    def _log(self) -> list[list[str]]:
        """The whole log, up to a word of our own: the server writes it a moment later than it answers."""
        word = uuid.uuid4().hex
        self._admin.run(f"DO $$ BEGIN RAISE LOG '{word}'; END $$")
        while True:
            [(text,)] = self._admin.rows("SELECT pg_read_file(pg_current_logfile('csvlog'))")
            if word in text:
                return list(csv.reader(io.StringIO(text)))


def _set(name: str, value: str) -> sql.Composed:
    return sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(*name.split(".")), sql.Literal(value))


def _scans(explained: dict[str, Any]) -> Iterator[Read]:
    blocks = explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
    for node in _nodes(explained["Plan"]):
        if "Relation Name" in node:
            passed = sum(node.get(name, 0) for name in _PASSED) * node["Actual Loops"]
            how = " ".join(filter(None, [node["Node Type"], node.get("Index Name"), f"({blocks:,} blocks)"]))
            yield Read(table=node["Relation Name"], rows=round(passed), how=how, statement=explained["Query Text"])


_PASSED = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


class MariadbReads:
    """By the slow query log, which with a time of nought has every statement, and by ANALYZE of each once more."""

    _SETTINGS = ("slow_query_log = 1", "long_query_time = 0", "log_output = 'TABLE'")
    _ACCESS, _KEY = 3, 5  # columns of a plan
    _LOG = """
SELECT CAST(sql_text AS CHAR), rows_examined FROM mysql.slow_log
WHERE db = '{database}' AND sql_text LIKE 'SELECT%' AND rows_examined > 0
"""

    def __init__(self, server: Mariadb, platform: MysqlPlatform) -> None:
        self._platform = platform
        self._admin = MysqlPlatform(server.admin_url)
        self._query = self._LOG.format(database=_database(platform.url))
        server.admin(*(f"SET GLOBAL {setting}" for setting in self._SETTINGS))

    def taken(self) -> list[Read]:
        reads = [self._read(statement, rows) for statement, rows in self._admin.rows(self._query)]
        self._admin.run("TRUNCATE mysql.slow_log")
        return reads

    def _read(self, statement: str, rows: int) -> Read:
        """As a table: what FORMAT=JSON says is no JSON where identifiers stand in double quotes."""
        found = re.search(r'FROM ["`](\w+)["`]', statement)
        plan = self._platform.rows(f"ANALYZE {statement}")[0]
        how = " ".join(filter(None, [plan[self._ACCESS], plan[self._KEY]]))
        return Read(table=found[1] if found else "", rows=rows, how=how, statement=statement)


class PostgresCounts:
    """By the statistics of each table, for statements too many or too long to be logged: rows of whole scans, and
    entries of indexes."""

    _QUERY = """
SELECT relname, coalesce(seq_tup_read, 0), coalesce((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i
WHERE i.relid = t.relid), 0)::bigint FROM pg_stat_user_tables t
"""

    def __init__(self, platform: PostgresPlatform) -> None:
        self._platform = platform
        self._known: dict[tuple[str, str], int] = {}

    def taken(self) -> list[Read]:
        counts = {}
        for table, whole, indexed in self._platform.rows(self._QUERY):
            counts |= {(table, "whole scans"): whole, (table, "indexes"): indexed}
        new = {key: count - self._known.get(key, 0) for key, count in counts.items()}
        self._known = counts
        return [Read(table=table, rows=rows, how=how, statement="") for (table, how), rows in new.items() if rows]


class MariadbCounts:
    """By the statistics of each table, for statements too many or too long to be logged."""

    _QUERY = """
SELECT table_name, rows_read FROM information_schema.table_statistics WHERE table_schema = '{database}'
"""

    def __init__(self, server: Mariadb, platform: MysqlPlatform) -> None:
        self._admin = MysqlPlatform(server.admin_url)
        self._database = _database(platform.url)
        server.admin("SET GLOBAL userstat = 1")

    def taken(self) -> list[Read]:
        found = self._admin.rows(self._QUERY.format(database=self._database))
        self._admin.run("FLUSH TABLE_STATISTICS")
        return [Read(table=table, rows=rows, how="counted", statement="") for table, rows in found]


def _database(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")
