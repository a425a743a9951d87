"""An archive's tables in an empty MariaDB or MySQL database.

Any CREATE commits, so nothing here is one transaction. Tables are built under names of ours and get their own all at
once, by one statement, when everything stands: a restore that was killed leaves tables of ours and nothing else, which
the next one sweeps. Only a sequence has its own name from the start, for columns call it by that; its comment says
that it is ours until the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace

import pyarrow as pa

from migrator.platforms.mysql.address import Address
from migrator.platforms.mysql.bulk import fill
from migrator.platforms.mysql.connect import Connection, connect
from migrator.platforms.mysql.declaration import is_row, left_out, sequence_declared, table_declared, unfilled
from migrator.platforms.mysql.faults import is_refused
from migrator.platforms.mysql.indexes import first_indexes, index_declared, indexes_of, reference_declared
from migrator.platforms.mysql.locks import merge_lock, taken
from migrator.platforms.mysql.owned import RESTORED
from migrator.platforms.mysql.vacancy import require_names, require_vacant, sweep
from migrator.platforms.mysql.violations import orphaned, unchecked
from migrator.platforms.mysql.words import MARIADB, MYSQL, text
from migrator.platforms.relational.breaches import STANDS
from migrator.platforms.relational.sqltext import quoted
from storage.errors import Fault, MigratorError, Red, TransientFault
from storage.model import Model
from storage.model import Sequence as Numbering
from storage.problem import Problem
from storage.schema import Column, ForeignKey, Table

_DECLARING = "ANSI_QUOTES,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES"
"""Backslashes escape, as in what the server says of itself; whatever a column once took it takes again."""

_FILLING = f"{_DECLARING},NO_BACKSLASH_ESCAPES"
_KEEPS_HISTORY = (10, 11)
_TOO_LARGE = "1301"  # the number of the server's warning
_PATIENCE_S = 5  # until a server notices that a client is gone
_NEXT = "make it by hand where it is needed"


class MysqlRebuilding:
    """See migrator.contracts.Rebuilding."""

    def __init__(self, declaring: Connection, filling: Connection, tables: Sequence[Table], model: Model) -> None:
        self._declaring = declaring
        self._filling = filling
        self._tables = tables
        self._model = model
        self._words = MARIADB if declaring.is_mariadb else MYSQL
        self._names = {table.name: f"{RESTORED}{number}" for number, table in enumerate(tables)}
        self._problems: list[Problem] = []
        self.is_finished = False

    def tell(self, problem: Problem) -> None:
        """Let `finish` tell this too."""
        self._problems.append(problem)

    # ── bare tables ─────────────────────────────────────────────────────────────────────────────────────────
    def declare(self) -> None:
        """The sequences, which defaults may call, and the tables with what their numbering needs."""
        for sequence in self._model.sequences:
            with _declared(sequence.name):
                self._declaring.execute(sequence_declared(sequence, RESTORED))
        for table in self._tables:
            of = self._model.table(table.name)
            statement = table_declared(table, of, name=self._names[table.name], words=self._words)
            with _declared(table.name):
                self._declaring.execute(statement)
                for change in unfilled(table, of):
                    self._alter(table, change)
            self._problems += left_out(table, of)
        for note in self._model.notes:
            self.tell(Problem(where="the database", what=f"not restored: {note}", next=_NEXT))
        if views := [view.name for view in self._model.views]:
            what = "views are not restored: their definitions are in schema/model.json"
            self.tell(Problem(where=views[0], what=what, count=len(views), examples=tuple(views[:10]), next=_NEXT))

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────
    def fill(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        columns = [column for column in table.columns if self._is_given(table, column)]
        names = [column.name for column in columns]
        given = replace(table, name=self._names[table.name], columns=tuple(columns))
        filled = fill(self._filling, given, (batch.select(names) for batch in batches), after=self._require_room)
        if filled.given != filled.taken:
            raise Red(
                f"the server took {filled.taken} of {filled.given} rows: two have one key, or no partition takes one",
                where=table.name,
                next="check the archive; nothing is left in the database",
            )
        return filled.given

    def _require_room(self) -> None:
        """Other warnings are not asked for: every value is read again and compared."""
        if any(code == _TOO_LARGE for _, code, _ in self._filling.texts("SHOW WARNINGS")):
            most = self._filling.text("SELECT @@max_allowed_packet")
            raise Red(
                f"a value is larger than the server takes at once (max_allowed_packet is {most})",
                next="raise max_allowed_packet on the server; nothing is left in the database",
            )

    def _is_given(self, table: Table, column: Column) -> bool:
        """Computed columns are the server's to fill; since when it has a row, it takes from who asks for that."""
        computed = {one.column: one for one in self._model.table(table.name).generated}
        if column.name not in computed:
            return True
        return is_row(computed[column.name]) and _keeps_history(self._filling)

    # ── what needs the rows ─────────────────────────────────────────────────────────────────────────────────
    def finish(self) -> tuple[Problem, ...]:
        for table in self._tables:
            self._index(table)
        for table in self._tables:
            self._check(table)
            for key in table.foreign_keys:
                self._refer(table, key)
        for sequence in self._model.sequences:
            self._move(sequence)
        self._name()
        self.is_finished = True
        return tuple(self._problems)

    def _index(self, table: Table) -> None:
        of = self._model.table(table.name)
        first = first_indexes(table, of)
        for index in indexes_of(table, of):
            if index not in first:
                declared = index_declared(index, where=table.name, words=self._words)
                self._add(table, declared, f"{table.name}.{index.name}", "the index")

    def _check(self, table: Table) -> None:
        checks = self._model.table(table.name).checks
        stands = f"it is{self._words.unchecked}" if self._words.unchecked else STANDS
        violated = list(unchecked(self._declaring, table, self._names[table.name], checks, but=stands))
        self._problems += violated
        named = {one.where for one in violated}
        for check in checks:
            if self._words.unchecked and check.valid and f"{table.name}.{check.name}" not in named:
                self._alter(table, f"ALTER CHECK {quoted(check.name)} ENFORCED")

    def _refer(self, table: Table, key: ForeignKey) -> None:
        where = f"{table.name}.{key.name}"
        parent = self._names.get(key.parent)
        if parent is None:
            what = f"the foreign key is left out: the archive does not hold {key.parent}"
            self._problems.append(Problem(where=where, what=what, next=_NEXT))
        elif self._add(table, reference_declared(key, parent), where, "the foreign key"):
            self._problems += orphaned(self._declaring, table, self._names[table.name], key, parent)

    def _add(self, table: Table, declared: str, where: str, what: str) -> bool:
        try:
            self._alter(table, f"ADD {declared}")
        except MigratorError as error:
            if not isinstance(error, Red) and not is_refused(error):
                raise
            self._problems.append(Problem(where=where, what=f"{what} is left out: {error.what}", next=_NEXT))
            return False
        return True

    def _alter(self, table: Table, change: str) -> None:
        self._declaring.execute(f"ALTER TABLE {quoted(self._names[table.name])} {change}")

    # ── sequences ───────────────────────────────────────────────────────────────────────────────────────────
    def _move(self, sequence: Numbering) -> None:
        """Beyond every number that a column has from it."""
        filled = [(table, column) for table in self._tables for column in table.columns if _calls(column, sequence)]
        if not filled:
            what = f"the sequence starts anew at {sequence.start}: no column is declared to be filled by it"
            next_ = "where a program numbers rows by it, move it beyond their numbers: SELECT SETVAL(sequence, number)"
            self._problems.append(Problem(where=sequence.name, what=what, next=next_))
        furthest = "MAX" if sequence.increment >= 0 else "MIN"
        for table, column in filled:
            number = self._declaring.text(
                f"SELECT {furthest}({quoted(column.name)}) FROM {quoted(self._names[table.name])}"
            )
            if number:  # one that is behind where the sequence stands already moves nothing
                self._declaring.rows(f"SELECT SETVAL({quoted(sequence.name)}, {int(number)})")

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────
    def _name(self) -> None:
        renamed = ", ".join(f"{quoted(ours)} TO {quoted(name)}" for name, ours in self._names.items())
        if renamed:
            self._declaring.execute(f"RENAME TABLE {renamed}")
        for sequence in self._model.sequences:
            self._declaring.execute(f"ALTER TABLE {quoted(sequence.name)} COMMENT={text(sequence.comment or '')}")


def _calls(column: Column, sequence: Numbering) -> bool:
    return column.default is not None and f"nextval({quoted(sequence.name)})" in column.default.replace("`", '"')


def _keeps_history(connection: Connection) -> bool:
    return connection.is_mariadb and connection.release >= _KEEPS_HISTORY


@contextmanager
def _declared(where: str) -> Iterator[None]:
    """A server that does not know what is described gives an answer about the archive, no fault."""
    try:
        yield
    except MigratorError as error:
        if is_refused(error) or isinstance(error, Red):
            raise Red(
                f"this server cannot have it: {error.what}",
                where=where,
                next="restore into a server of the version that the archive comes from",
            ) from error
        raise


# ── the database ────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def rebuilding(address: Address, tables: Sequence[Table], model: Model) -> Iterator[MysqlRebuilding]:
    """See Target.rebuilding. TransientFault where another restore or load is at work in the database."""
    with ExitStack() as after, ExitStack() as stack:
        declaring = stack.enter_context(closing(connect(address, mode=_DECLARING)))
        filling = stack.enter_context(closing(connect(address, mode=_FILLING, local_infile=True)))
        if not taken(declaring, merge_lock(declaring), patience_s=_PATIENCE_S):
            raise TransientFault("a load or a restore is at work here", where=str(address), next="wait, then repeat")
        require_vacant(declaring, str(address))
        require_names(declaring, tables)
        for connection in (declaring, filling):
            connection.execute(f"SET {', '.join(_settings(connection))}")
        left = sweep(declaring)
        rebuilt = MysqlRebuilding(declaring, filling, tables, model)
        sessions = [connection.text("SELECT CONNECTION_ID()") for connection in (declaring, filling)]
        after.callback(_clear, address, rebuilt, sessions)
        if left:
            what = "tables and sequences that a killed restore had left were removed first"
            rebuilt.tell(Problem(where=str(address), what=what, count=len(left), next="nothing is to be done"))
        rebuilt.declare()
        yield rebuilt


def _clear(address: Address, rebuilt: MysqlRebuilding, sessions: Sequence[str]) -> None:
    """Remove what does not stand, on a connection of its own: who was interrupted is still at work for another one.

    Where even that does not go, the next restore sweeps.
    """
    if rebuilt.is_finished:
        return
    with suppress(Fault), closing(connect(address, mode=_DECLARING)) as connection:
        for session in sessions:
            with suppress(Fault):  # it has ended
                connection.execute(f"KILL {session}")
        if taken(connection, merge_lock(connection), patience_s=_PATIENCE_S):
            connection.execute("SET SESSION foreign_key_checks = 0")
            sweep(connection)


def _settings(connection: Connection) -> Iterator[str]:
    """Nothing is looked at before all rows are there; then everything is, and told."""
    yield "SESSION foreign_key_checks = 0"
    if connection.is_mariadb:
        yield "SESSION check_constraint_checks = 0"
    if _keeps_history(connection):
        yield "SESSION system_versioning_insert_history = 1"
    if connection.text("SELECT @@explicit_defaults_for_timestamp") == "0":
        yield "SESSION explicit_defaults_for_timestamp = 1"
