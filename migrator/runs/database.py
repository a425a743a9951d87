"""Where the catalog lies: a SQLite file of one machine, or a PostgreSQL database that many share."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError

from migrator.runs.interrupts import undivided
from migrator.runs.patience import Patience
from migrator.runs.records import Clock
from storage.errors import Fault, MigratorError, Misuse

# what goes wrong reaches us as exceptions; without a handler it would be printed between our answers as well
for _logger in ("sqlalchemy", "psycopg"):
    logging.getLogger(_logger).addHandler(logging.NullHandler())

_WAIT_S = 30  # for others who write
_POOL = {"pool_size": 20, "max_overflow": 20}  # opened when wanted; a server has forty threads that ask
_READS = "migrator_reads"
_TOGETHER: ContextVar[Connection | None] = ContextVar("together", default=None)


@dataclass(frozen=True, kw_only=True)
class Database:
    """One pool of connections; `where` is its address without password, `told` says its errors in our words."""

    engine: Engine
    where: str
    told: Callable[[DBAPIError, str], MigratorError]
    to_read: Mapping[str, Any] = field(compare=False)  # the options of a connection that writes nothing
    patience: Patience | None = None  # with a server that goes away; without, that is told at once

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction, or part of what is done together, which is taken back by itself where it fails.
        IntegrityError passes, for whoever expects it; else Fault, or Misuse for a wrong address."""
        if (whole := self._whole()) is not None:
            with whole.begin_nested():
                yield whole
            return
        with self._saying(), self._undivided(), self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """For what writes nothing, or part of what is done together: a file is seen as it was at the beginning, whoever
        writes meanwhile; a server answers each question as it is then."""
        if (whole := self._whole()) is not None:
            yield whole
            return
        with (
            self._saying(),
            self._undivided(),
            self._connected().execution_options(**self.to_read) as connection,
            connection.begin(),
        ):
            yield connection

    def _undivided(self) -> AbstractContextManager[None]:
        """An interruption that came within what takes a transaction back would leave the file locked for everybody, as
        long as this process lives. Of a server that does not answer only an interruption ends the waiting."""
        return nullcontext() if self.is_shared else undivided()

    def _whole(self) -> Connection | None:
        """What is done together by this thread, in which a part sees what the parts before it wrote."""
        whole = _TOGETHER.get()
        return whole if whole is not None and whole.engine is self.engine else None

    @contextmanager
    def _saying(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self.told(error, self.where) from error

    @contextmanager
    def together(self) -> Iterator[None]:
        """All that this thread does with it meanwhile is done at the end, or nothing of it."""
        with self.transaction() as connection:
            token = _TOGETHER.set(connection)
            try:
                yield
            finally:
                _TOGETHER.reset(token)

    def _connected(self) -> Connection:
        return self.patience.had(self._connect) if self.patience is not None else self._connect()

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise self.told(error, self.where) from error

    @property
    def is_shared(self) -> bool:
        """Whether a server keeps it, for many machines."""
        return self.engine.dialect.name == "postgresql"

    def claim(self, connection: Connection, what: str) -> None:
        """Hold `what` until the transaction ends; whoever else claims it waits."""
        if self.is_shared:  # on SQLite a transaction holds the whole catalog
            name = func.hashtextextended(f"migrator/catalog/{what}", 0)
            connection.execute(select(func.pg_advisory_xact_lock(name)))

    def clock(self, connection: Connection) -> Clock:
        """The clock that all who share the catalog have in common."""
        if not self.is_shared:
            return Clock(now=datetime.now(UTC))
        told = connection.execute(select(func.clock_timestamp(), func.pg_postmaster_start_time())).one()
        return Clock(now=told[0].astimezone(UTC), since=told[1].astimezone(UTC))

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database of that address, not reached yet. Misuse for an address that names none, without repeating it."""
    kind = url.partition(":")[0].partition("+")[0]
    if kind not in _KINDS:
        raise Misuse("the catalog cannot be kept there", where="MIGRATOR_CATALOG", next=f"write {_FORMS}")
    try:
        return _KINDS[kind](make_url(url))
    except (ArgumentError, ValueError):  # their messages hold parts of the address
        raise Misuse("not the address of a catalog", where="MIGRATOR_CATALOG", next=f"write {_FORMS}") from None


# ── SQLite ──────────────────────────────────────────────────────────────────────────────────────────────────
def _sqlite(url: URL) -> Database:
    engine = create_engine(url.set(drivername="sqlite"), **_POOL)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine=engine, where=str(url), told=_sqlite_told, to_read={_READS: True})


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_WAIT_S * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """Python's driver begins no transaction before a CREATE TABLE: what stops half-way would leave half a catalog."""
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _sqlite_told(error: DBAPIError, where: str) -> MigratorError:
    if "database is locked" in str(error.orig):
        return Fault(
            f"another program has held the catalog for more than {_WAIT_S} s",
            where=where,
            next="let it end, then repeat; many programs at once want a PostgreSQL in MIGRATOR_CATALOG",
        )
    return Fault(
        f"the catalog cannot be used: {error.orig}",
        where=where,
        next="check disk space and permissions of MIGRATOR_HOME; move a damaged catalog aside",
    )


# ── PostgreSQL ──────────────────────────────────────────────────────────────────────────────────────────────
_DEFAULTS = {
    "application_name": "migrator",
    "client_encoding": "UTF8",
    "connect_timeout": "10",
    "keepalives_idle": "10",  # a machine that is gone is missed within half a minute
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}
_REFUSED = re.compile(
    "password|authentication|does not exist|resolve host|host name|certificate|SSL|invalid|bad value", re.IGNORECASE
)


def _postgres(url: URL) -> Database:
    address = url.set(drivername="postgresql+psycopg", query={**_DEFAULTS, **url.query})
    if "@" in f"{url.host}{url.database}":  # of a password that was not escaped, and is not to be shown as a host
        raise ValueError("misread")
    # a run may take hours: what the pool held meanwhile is tried before it is used;
    # who waited for a claim sees what was done meanwhile, whatever the server's default
    engine = create_engine(address, pool_pre_ping=True, isolation_level="READ COMMITTED", **_POOL)
    event.listen(engine, "do_connect", _connect_postgres)
    event.listen(engine, "connect", _tune_postgres)
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    # READ COMMITTED shows each question the same, and asks the server twice more
    alone = {"isolation_level": "AUTOCOMMIT"}
    return Database(engine=engine, where=shown.render_as_string(), told=_postgres_told, to_read=alone)


def _connect_postgres(_dialect: object, _record: object, arguments: Any, parameters: Any) -> Any:
    from migrator.runs.answering import AnsweringConnection

    return AnsweringConnection.connect(*arguments, **parameters)


def _tune_postgres(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{_WAIT_S}s'")
    connection.commit()


def _postgres_told(error: DBAPIError, where: str) -> MigratorError:
    state = getattr(error.orig, "sqlstate", None) or ""
    said = str(error.orig).rpartition("FATAL:")[2].strip().partition("\n")[0]
    # a server that refuses a connection gives no state, only words
    if state.startswith(("28", "3D")) or (not state and _REFUSED.search(said)):
        return Misuse(
            f"the catalog cannot be opened: {said}",
            where=where,
            next="check user, password, host and database in MIGRATOR_CATALOG",
        )
    return Fault(
        f"the catalog cannot be used: {said}",
        where=where,
        next="check that the server of MIGRATOR_CATALOG runs, has room, and lets this user make and change its tables",
    )


_KINDS: dict[str, Callable[[URL], Database]] = {"sqlite": _sqlite, "postgresql": _postgres, "postgres": _postgres}
_FORMS = "postgresql://user:password@host:5432/database or sqlite:////folder/catalog.db"
