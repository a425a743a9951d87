"""Connections that share the fence's view of the database, and statements run on several of them in one order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from itertools import islice

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader
from adbc_driver_manager.dbapi import Connection as ArrowConnection
from adbc_driver_manager.dbapi import Cursor

from migrator.platforms.postgres.connect import NOT_UTF8, Session, connect_arrow, place, translated
from migrator.platforms.postgres.exported import BEGIN, Exported
from migrator.platforms.postgres.interruptible import batches_of
from migrator.platforms.relational.sqltext import literal
from storage.errors import FenceLost, MigratorError, Misuse, Red

_WIRE_BYTES = 2 << 20
_AHEAD = 8  # batches a statement may have waiting before the one ahead of it is read
_STOP_LOOK_S = 0.05
_SETTINGS = {
    "max_parallel_workers_per_gather": "0",  # one statement, one core of the server's; and rows in one order
    "jit": "off",
    "work_mem": "32MB",
}

Running = Callable[[Cursor], AbstractContextManager[None]]
Passed = Callable[[pa.RecordBatch], Iterator[pa.RecordBatch]]
"""What becomes of a batch on the thread that read it."""


def _unwatched(_cursor: Cursor) -> AbstractContextManager[None]:
    return nullcontext()


class Readers:
    """At most `most` at work for one scan. A scan that begins while others are under way opens one more, for itself."""

    def __init__(self, url: str, session: Session, snapshot: Exported, most: int) -> None:
        self._url = url
        self._session = session
        self._snapshot = snapshot
        self._most = most
        self._where = place(url)
        self._idle: list[ArrowConnection] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        with self._lock:
            while self._idle:
                _drop(self._idle.pop())

    def ask(self, query: str) -> pa.Table:
        """The result of a query, in memory: for results known to be small."""
        with self._reader() as reader, _told(self._where), reader.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def stream(self, query: str, passed: Passed, running: Running = _unwatched) -> Iterator[pa.RecordBatch]:
        """The result of a query, as it comes; within `running(cursor)` another thread may cancel it."""
        with self._reader() as reader, _told(self._where), reader.cursor() as cursor, running(cursor):
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_WIRE_BYTES)})
            cursor.execute(query)
            # fetch_record_batch() gives a reader that knows no SQLSTATE of what goes wrong half-way
            handle = cursor.fetch_arrow()
            with AdbcRecordBatchReader._import_from_c(handle.address) as batches:
                for batch in batches_of(cursor, batches):
                    yield from passed(batch)

    def in_order(self, queries: Iterator[str], passed: Passed) -> Iterator[pa.RecordBatch]:
        """The results of all queries, one after the other; up to `most` are read at once."""
        if self._most == 1:
            for query in queries:
                yield from self.stream(query, passed)
            return
        ahead: deque[_Ahead] = deque()
        try:
            while True:
                for query in islice(queries, self._most - len(ahead)):
                    ahead.append(_Ahead(partial(self.stream, query, passed)))
                if not ahead:
                    return
                yield from ahead[0].batches()
                ahead.popleft().stop()
        finally:
            for each in ahead:
                each.stop()

    @contextmanager
    def _reader(self) -> Iterator[ArrowConnection]:
        """A connection in the fence's view; kept for the next where all went to its end, else closed."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        reader = reader or self._opened()
        try:
            yield reader
        except BaseException:
            _drop(reader)
            raise
        with self._lock:
            if len(self._idle) < self._most:
                self._idle.append(reader)
                return
        _drop(reader)

    def _opened(self) -> ArrowConnection:
        reader = connect_arrow(self._url, replace(self._session, extra={**self._session.extra, **_SETTINGS}))
        try:
            with reader.cursor() as cursor:
                cursor.execute(BEGIN)
                cursor.execute(f"SET TRANSACTION SNAPSHOT {literal(self._snapshot.token)}")
                cursor.execute(f"SELECT {self._snapshot.is_seen}")
                is_seen = cursor.fetchone() == (True,)
        except adbc_driver_manager.Error as error:
            _drop(reader)
            raise self._lost() from error
        if not is_seen:
            _drop(reader)
            raise self._lost()
        return reader

    def _lost(self) -> FenceLost:
        return FenceLost(
            "the connection that holds the point in time is gone, and with it the view of the database",
            where=self._where,
            next="repeat the command: the snapshot starts anew; two points in time are never mixed",
        )


class _Stopped(Exception):  # noqa: N818 - a signal between the two threads
    """Nobody wants the statement's rows any more."""


class _Ahead:
    """One statement, read on a thread of its own into a short queue."""

    def __init__(self, stream: Callable[[Running], Iterator[pa.RecordBatch]]) -> None:
        self._source = stream(self._running)
        self._cursor: Cursor | None = None
        self._lock = threading.Lock()
        self._queue: queue.Queue[pa.RecordBatch | BaseException | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="migrator reader", daemon=True)
        self._thread.start()

    def batches(self) -> Iterator[pa.RecordBatch]:
        while (found := self._queue.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found

    def stop(self) -> None:
        """Let the thread end, however far it is: what the server still works on is cancelled."""
        self._stopped.set()
        with self._lock, suppress(adbc_driver_manager.Error):
            if self._cursor is not None:
                self._cursor.adbc_cancel()
        self._thread.join()

    @contextmanager
    def _running(self, cursor: Cursor) -> Iterator[None]:
        """Show the cursor while it is open, and not a moment longer."""
        with self._lock:
            if self._stopped.is_set():
                raise _Stopped
            self._cursor = cursor
        try:
            yield
        finally:
            with self._lock:
                self._cursor = None

    def _read(self) -> None:
        try:
            for batch in self._source:
                if not self._put(batch):
                    self._source.close()  # type: ignore[attr-defined]  # a generator: its connection is dropped here
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - raised again where the batches are taken
            self._put(error)

    def _put(self, found: pa.RecordBatch | BaseException | None) -> bool:
        while not self._stopped.is_set():
            with suppress(queue.Full):
                self._queue.put(found, timeout=_STOP_LOOK_S)
                return True
        return False


@contextmanager
def _told(where: str) -> Iterator[None]:
    """As `translated`; what the server cannot read as a value came from the plan, since nothing else is sent."""
    try:
        with translated(where):
            yield
    except Red as error:
        if getattr(error.__cause__, "sqlstate", None) == NOT_UTF8:
            raise
        raise Misuse(error.what, where=error.where, next="correct the value in the plan") from error


def _drop(reader: ArrowConnection) -> None:
    with suppress(adbc_driver_manager.Error, MigratorError):
        reader.close()
