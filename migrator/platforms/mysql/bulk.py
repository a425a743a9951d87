"""Rows into a table in bulk: LOAD DATA out of a pipe, or INSERT where the server allows no files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.lines import inserts, lines, load_data
from migrator.platforms.relational.sqltext import quoted
from storage.errors import MigratorError, Red
from storage.schema import Table
from storage.scratch import scratch


@dataclass(frozen=True, kw_only=True)
class Filled:
    """How many rows were given, and how many of them the server says it took."""

    given: int
    taken: int


def fill(
    connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], *, after: Callable[[], None]
) -> Filled:
    """Add rows to the table; `after` is called behind every statement, while the server still has its warnings.

    Red if a row is larger than the server takes.
    """
    counted = _Counted(batches)
    if connection.text("SELECT @@local_infile") == "1":
        taken = _load(connection, table, counted, after)
    else:
        taken = _insert(connection, table, counted, after)
    return Filled(given=counted.rows, taken=taken)


def _insert(connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], after: Callable[[], None]) -> int:
    most = int(connection.text("SELECT @@max_allowed_packet"))
    taken = 0
    for batch in batches:
        for statement in inserts(batch, table, quoted(table.name)):
            if len(statement.encode()) >= most:  # the server would hang up without a word
                raise Red(
                    f"a row is larger than the server takes at once (max_allowed_packet is {most})",
                    where=table.name,
                    next="raise max_allowed_packet on the server, or allow local_infile there",
                )
            taken += connection.execute(statement)
            after()
    return taken


def _load(connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], after: Callable[[], None]) -> int:
    """Through a pipe, in one statement: nothing is written to this machine's disk."""
    with scratch("load") as folder:
        pipe = folder / "lines"
        os.mkfifo(pipe, 0o600)
        with _Writer(pipe, table, batches):
            taken = connection.execute(load_data(str(pipe), table, quoted(table.name)))
        after()
    return taken


class _Counted:
    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch


class _Writer(threading.Thread):
    """Writes the lines into the pipe while the client sends them on, within its context.

    What the batches raised is raised at the end: the statement failed because of that, or saw the end of a file.
    """

    def __init__(self, pipe: Path, table: Table, batches: Iterable[pa.RecordBatch]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._table = table
        self._batches = batches
        self._raised: BaseException | None = None

    def __enter__(self) -> _Writer:
        self.start()
        return self

    def __exit__(self, _: object, raised: BaseException | None, __: object) -> None:
        self.finish()
        if self._raised is not None and (raised is None or isinstance(raised, MigratorError)):
            raise self._raised from None

    def run(self) -> None:
        try:
            with self._pipe.open("wb") as out:
                for batch in self._batches:
                    out.writelines(lines(batch, self._table))
        except BrokenPipeError:
            pass  # the statement failed, and says why itself
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._raised = error

    def finish(self) -> None:
        """Wait until it is done; where nobody ever read, read a little so that it notices that nobody does."""
        while self.is_alive():
            with suppress(OSError):
                os.close(os.open(self._pipe, os.O_RDONLY | os.O_NONBLOCK))
            self.join(0.05)
