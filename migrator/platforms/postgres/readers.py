"""Connections that share the fence's view of the database, and statements run on several of them in one order."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection as ArrowConnection

from migrator.platforms.postgres.connect import Session, connect_arrow, place, translated
from storage.errors import Fault, MigratorError, Misuse, Red

_WIRE_BYTES = 2 << 20
_AHEAD = 8  # batches a statement may have waiting before the one ahead of it is read
_STOP_LOOK_S = 0.05
_SETTINGS = {
    "max_parallel_workers_per_gather": "0",  # one statement, one core of the server's; and rows in one order
    "jit": "off",
    "work_mem": "32MB",
}

Passed = Callable[[pa.RecordBatch], Iterator[pa.RecordBatch]]
"""What becomes of a batch on the thread that read it."""


class Readers:
    """At most `most` at work for one scan. A scan that begins while others are under way opens one more, for itself."""

    def __init__(self, url: str, session: Session, snapshot: str, most: int) -> None:
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

    def stream(self, query: str, passed: Passed) -> Iterator[pa.RecordBatch]:
        """The result of a query, as it comes."""
        with self._reader() as reader, _told(self._where), reader.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_WIRE_BYTES)})
            cursor.execute(query)
            for batch in cursor.fetch_record_batch():
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
                    ahead.append(_Ahead(self.stream(query, passed)))
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
        reader = connect_arrow(self._url, replace(self._session, extra=_SETTINGS))
        try:
            with reader.cursor() as cursor:
                cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'")
        except adbc_driver_manager.Error as error:
            _drop(reader)
            raise Fault(
                "the connection that holds the point in time is gone, and with it the view of the database",
                where=self._where,
                next="repeat the command: the snapshot starts anew; two points in time are never mixed",
            ) from error
        return reader


class _Ahead:
    """One statement, read on a thread of its own into a short queue."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._source = batches
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
        """Let the thread end, however far it is."""
        self._stopped.set()
        self._thread.join()

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
        raise Misuse(error.what, where=error.where, next="correct the value in the plan") from error


def _drop(reader: ArrowConnection) -> None:
    with suppress(adbc_driver_manager.Error, MigratorError):
        reader.close()
