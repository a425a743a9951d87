"""Other people's sessions: they hold locks, deadlock, and write the rows that a load is about, changing none."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
from psycopg import sql

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform, SqlitePlatform
from tests.kills.scene import Scene
from tests.kills.sides import CATALOG, SOURCE, TARGET, PlatformSide
from tests.kills.strike import COMMANDS_OF, At, Strike, side
from tests.kills.watched import Watched
from tests.servers.postgres import Postgres

_HELD_S = 1.2
_TOO_LONG_S = 34  # longer than a command waits
_RESTLESS_S = 1.5
_RACED = (psycopg.Error, pymysql.err.MySQLError, sqlite3.OperationalError)
_TABLES = {SOURCE: "members", TARGET: "accounts", CATALOG: "runs"}
_FAULT = frozenset({1})


def _locked(role: str) -> At:
    """A session holds every row of a table against all others."""

    @contextmanager
    def at(scene: Scene, _watched: Watched) -> Iterator[None]:
        with ExitStack() as stack:
            with suppress(*_RACED):  # somebody was quicker, which is one of the things that happen
                stack.enter_context(_holding(side(scene, role), _TABLES[role]))
            yield

    return at


@contextmanager
def _holding(struck: Any, table: str) -> Iterator[None]:
    platform = struck.platform
    if isinstance(platform, PostgresPlatform):
        with platform.connect() as connection, connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
            yield
    elif isinstance(platform, MysqlPlatform):
        with closing(platform.connect()) as other, other.cursor() as cursor:
            cursor.execute("SET lock_wait_timeout = 1")
            cursor.execute(f'LOCK TABLES "{table}" WRITE')
            yield
    else:
        assert isinstance(platform, SqlitePlatform)
        with closing(platform.connect()) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
            file.rollback()


# ── people at work ──────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _restless(scene: Scene, _watched: Watched) -> Iterator[None]:
    """Somebody writes every row of some tables at a time, whichever comes first, and writes what was there."""
    over = threading.Event()
    worker = threading.Thread(target=_write_until, args=(scene.target, over), daemon=True)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


@contextmanager
def _serializable(scene: Scene, watched: Watched) -> Iterator[None]:
    """The same, where the house wants every transaction serializable that does not say otherwise."""
    server, user = scene.target.server, urlsplit(scene.target.url).username or ""
    assert isinstance(server, Postgres)
    default = sql.SQL("ALTER ROLE {} SET default_transaction_isolation TO {}")
    server.admin(default.format(sql.Identifier(user), sql.Literal("serializable")))
    try:
        with _restless(scene, watched):
            yield
    finally:
        server.admin(sql.SQL("ALTER ROLE {} RESET default_transaction_isolation").format(sql.Identifier(user)))


def _write_until(target: PlatformSide, over: threading.Event) -> None:
    chance = random.Random(1)  # noqa: S311 - an order, no secret
    tables = [(table.name, table.columns[0].name) for table in target.platform.target().describe().tables]
    write = _writer(target)
    while not over.is_set():
        with suppress(*_RACED):
            write(chance.sample(tables, min(3, len(tables))))
        time.sleep(0.01)


def _writer(target: PlatformSide) -> Callable[[Sequence[tuple[str, str]]], None]:
    platform = target.platform

    def through_postgres(tables: Sequence[tuple[str, str]]) -> None:
        with psycopg.connect(platform.url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            for table, column in tables:
                connection.execute(f'UPDATE "{table}" SET "{column}" = "{column}"'.encode())

    def through_mysql(tables: Sequence[tuple[str, str]]) -> None:
        assert isinstance(platform, MysqlPlatform)
        with closing(platform.connect()) as connection, connection.cursor() as cursor:
            connection.begin()
            for table, column in tables:
                cursor.execute(f'SELECT COUNT(*) FROM (SELECT 1 FROM "{table}" FOR UPDATE) q')
                cursor.execute(f'UPDATE "{table}" SET "{column}" = "{column}"')
            connection.commit()

    def through_sqlite(tables: Sequence[tuple[str, str]]) -> None:
        assert isinstance(platform, SqlitePlatform)
        with closing(platform.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table, column in tables:
                connection.execute(f'UPDATE "{table}" SET "{column}" = "{column}"')
            connection.commit()

    if isinstance(platform, PostgresPlatform):
        return through_postgres
    return through_mysql if isinstance(platform, MysqlPlatform) else through_sqlite


def _has_rows(role: str) -> Callable[[Scene], bool]:
    return lambda scene: isinstance(side(scene, role), PlatformSide)


LOCKED = {
    role: Strike(
        name=f"a lock held in the {role}",
        at=_locked(role),
        commands=COMMANDS_OF[role],
        lasts=_HELD_S,
        fits=_has_rows(role),
    )
    for role in _TABLES
}
LOCKED_TOO_LONG = Strike(
    name="a lock held in the target for too long",
    at=_locked(TARGET),
    codes=_FAULT,
    commands=COMMANDS_OF[TARGET],
    lasts=_TOO_LONG_S,
)
SERIALIZABLE = Strike(
    name="people who write the same rows, every transaction serializable",
    at=_serializable,
    codes=_FAULT,
    commands=COMMANDS_OF[TARGET],
    lasts=2 * _RESTLESS_S,
    fits=lambda scene: isinstance(scene.target.server, Postgres),
)
RESTLESS = Strike(
    name="people who write the same rows, in any order",
    at=_restless,
    codes=_FAULT,
    commands=COMMANDS_OF[TARGET],
    lasts=_RESTLESS_S,
)
