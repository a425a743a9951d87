"""The staging of one run on MariaDB or MySQL: tables of its own beside the live ones, filled in bulk, then gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial

import pyarrow as pa

from migrator.contracts import ACTION, EDGE, Staged, Whole
from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.bulk import fill
from migrator.platforms.mysql.connect import LENIENT_MODE, STRICT_MODE, Connection, connect
from migrator.platforms.mysql.held import OPTIONS, key_type, staged_type
from migrator.platforms.mysql.helpers import end_helpers
from migrator.platforms.mysql.locks import staging_lock, taken
from migrator.platforms.mysql.owned import STAGE
from migrator.platforms.mysql.reader import Reader
from migrator.platforms.mysql.rows import scan
from migrator.platforms.mysql.sweep import KEPT, comment_of, drop_staging, is_table, sweep
from migrator.platforms.relational.kept import going
from migrator.platforms.relational.keyed import keys_staged_twice, refused_for
from migrator.platforms.relational.sqltext import listed, literal, quoted
from migrator.platforms.relational.transaction import shortened
from storage.errors import Fault, Red, TransientFault
from storage.schema import Column, Kind, Table, Type


def stage_table(run: str, staged: Staged) -> str:
    return stage_table_of(run, staged.table)


def stage_table_of(run: str, table: Table) -> str:
    return shortened(f"{STAGE}{run}:{table.name}")


def stage_name(run: str, staged: Staged) -> str:
    """The quoted name of a table's staging."""
    return quoted(stage_table(run, staged))


def _note_table(run: str, staged: Staged) -> str:
    return shortened(f"{STAGE}{run}:{staged.table.name}:noted")


class MysqlStaging:
    """See migrator.contracts.Staging."""

    def __init__(self, address: Address, run: str, connection: Connection, *, keep: bool = False) -> None:
        self._address = address
        self._run = run
        self._connection = connection
        self._mark = KEPT if keep else "swept"
        self._options = f"{OPTIONS} COMMENT {literal(self._mark)}"

    def stage(self, staged: Staged, batches: Iterable[pa.RecordBatch]) -> int:
        table = staging_table(staged, self._run)
        name = quoted(table.name)
        columns = ", ".join(
            f"{quoted(column.name)} {key_type(column) if column.name in staged.key else staged_type(table, column)}"
            for column in table.columns
        )
        self._take(staged)
        self._drop(staged)
        with _named(staged):
            self._connection.execute(f"CREATE TABLE {name} ({columns}) {self._options}")
        count = self._fill(staged, table, batches)
        self._index(staged, name)
        self._connection.rows(f"ANALYZE LOCAL TABLE {name}")
        return count

    def _take(self, staged: Staged) -> None:
        """From here on nobody else writes what is staged of this table."""
        end_helpers(self._connection, stage_table(self._run, staged))

    def _drop(self, staged: Staged) -> None:
        names = stage_name(self._run, staged), quoted(_note_table(self._run, staged))
        self._connection.execute(f"DROP TABLE IF EXISTS {', '.join(names)}")

    def _fill(self, staged: Staged, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        with _named(staged):
            return fill(self._connection, table, batches, after=partial(self._refuse_warnings, table)).given

    def _refuse_warnings(self, table: Table) -> None:
        """LOAD DATA LOCAL makes a warning of what an INSERT would refuse, and an INSERT one of what it cuts off."""
        found = self._connection.texts("SHOW WARNINGS LIMIT 1")
        if found:
            _, _, warning = found[0]
            raise Red(
                f"a value does not fit its column: {warning}",
                where=table.name.removeprefix(STAGE),
                next="cast or shorten it in the mapping; nothing was loaded",
            )

    def _index(self, staged: Staged, name: str) -> None:
        if not staged.key:
            return
        if twice := self._connection.texts(keys_staged_twice(staged, name)):
            raise refused_for(staged, twice)
        self._connection.execute(f"CREATE UNIQUE INDEX staged ON {name} ({listed(staged.key)})")

    def scan(self, staged: Staged) -> Iterator[pa.RecordBatch]:
        with closing(connect(self._address, mode=LENIENT_MODE)) as connection:
            self._reads(staged, connection)
            yield from scan(Reader(connection), staging_table(staged, self._run), Whole())

    def _reads(self, staged: Staged, connection: Connection) -> None:
        """This session is about to read what is staged of the table."""

    def note(self, staged: Staged, word: str) -> None:
        # in a table of its own: to change the comment of one that is there takes ALTER, which no load needs else
        told, name = literal(f"{self._mark} {self._rows(staged)} {word}"), quoted(_note_table(self._run, staged))
        self._connection.execute(f"DROP TABLE IF EXISTS {name}")
        self._connection.execute(f"CREATE TABLE {name} (noted INT) {OPTIONS} COMMENT {told}")

    def noted(self, staged: Staged) -> str | None:
        told = comment_of(self._connection, _note_table(self._run, staged)).split()
        is_there = len(told) == 3 and is_table(self._connection, stage_table(self._run, staged))
        return told[2] if is_there and told[1] == self._rows(staged) else None

    def _rows(self, staged: Staged) -> str:
        return self._connection.text(f"SELECT count(*) FROM {stage_name(self._run, staged)}")


@contextmanager
def _named(staged: Staged) -> Iterator[None]:
    """The server names a column at most: say which table it is of."""
    try:
        yield
    except Red as red:
        raise Red(red.what, where=staged.table.name, next=red.next, problems=red.problems) from red


def staging_table(staged: Staged, run: str) -> Table:
    """The staged columns as the target declares them, then ACTION and EDGE, where they are staged."""
    own = tuple(replace(staged.table.column(name), generated=False, identity=False) for name in staged.columns)
    extra = (
        Column(name=ACTION, type=Type(kind=Kind.TEXT), native="varchar(16)", collation="ascii_bin"),
        Column(name=EDGE, type=Type(kind=Kind.INTEGER), native="int"),
    )
    return Table(name=stage_table(run, staged), columns=own + extra)


# ── the tables ──────────────────────────────────────────────────────────────────────────────────────────────
def filling(address: Address) -> Connection:
    """A session that stages."""
    with ExitStack() as stack:
        connection = stack.enter_context(closing(connect(address, mode=STRICT_MODE, local_infile=True)))
        connection.execute("SET SESSION sql_notes = 1, max_error_count = 64")  # or nobody would tell what was cut off
        stack.pop_all()
        return connection


@contextmanager
def staging(address: Address, run: str, *, keep: bool = False) -> Iterator[MysqlStaging]:
    """See migrator.contracts.Target.staging; what dead runs left is swept at the start.

    TransientFault where another process has the same run's staging open: a lock of its session says so.
    """
    with closing(filling(address)) as connection:
        if not taken(connection, staging_lock(connection, run)):
            raise TransientFault(
                "another process is loading this run", where=run, next="wait for it to finish, then repeat"
            )
        sweep(connection)
        if not keep:
            drop_staging(connection, run)
        with going(lambda: _leave(connection, run), keep=keep):
            yield MysqlStaging(address, run, connection, keep=keep)


def _leave(connection: Connection, run: str) -> None:
    with suppress(Fault):  # the connection is lost: the next run sweeps
        drop_staging(connection, run)
