"""Rows of tables without a key: made beside the table first, so that what is copied and journalled is the same.

Afterwards rows are found again by their hash. Equal rows are all alike: of as many as there are, as many as a load
brought are its own, and nobody can say which.
"""

from __future__ import annotations

from migrator.contracts import ACTION, CREATE, Staged
from migrator.platforms.mysql.owned import MADE
from migrator.platforms.relational.journal import stored_columns
from migrator.platforms.relational.sqltext import listed, quoted
from migrator.platforms.relational.transaction import Transaction, shortened
from storage.errors import TransientFault
from storage.schema import Table


class Keyless:
    """What MysqlTransaction does for them; see migrator.platforms.relational.transaction."""

    def __init__(self, transaction: Transaction, run: str) -> None:
        self._transaction = transaction
        self._run = run
        self._filled: set[str] = set()
        self._numbering: dict[str, Table] = {}  # statements that create rows to which the server gives numbers

    # ── creating ────────────────────────────────────────────────────────────────────────────────────────────
    def beside(self, table: Table) -> str:
        """The name of the table in which its new rows are made, as they will be: defaults included."""
        return shortened(f"{MADE}{self._run}:{table.name}")

    def _made(self, table: Table) -> str:
        return self._transaction.own(self.beside(table))

    def make(self, one: Staged) -> None:
        self._filled.add(one.table.name)
        with self._transaction.watching(one):
            self._transaction.execute(
                f"INSERT INTO {self._made(one.table)} ({listed(one.columns)}) SELECT {listed(one.columns)}"
                f" FROM {self._transaction.stage(one)} WHERE {quoted(ACTION)} = '{CREATE}'"
            )

    def made(self, one: Staged) -> str | None:
        if one.table.name not in self._filled:
            return None
        return f"FROM {self._made(one.table)} t WHERE true"

    def insert(self, one: Staged) -> str:
        """The statement that copies what was made into the live table."""
        number = next((c.name for c in one.table.columns if c.identity and c.name not in one.columns), None)
        columns = listed(column for column in stored_columns(one.table) if column != number)
        copying = f"INSERT INTO {self._transaction.live(one.table)} ({columns}) SELECT {columns}"
        if number is None:
            return f"{copying} FROM {self._made(one.table)}"
        statement = f"{copying} FROM {self._made(one.table)} ORDER BY {quoted(number)}"
        self._numbering[statement] = one.table
        return statement

    def after(self, statement: str, count: int) -> None:
        """Where the statement let the server number `count` rows: those that were made get the same numbers."""
        if statement in self._numbering:
            self._take_numbers(self._numbering.pop(statement), count)

    def _take_numbers(self, table: Table, count: int) -> None:
        made, live = self._made(table), self._transaction.live(table)
        name = next(column.name for column in table.columns if column.identity)
        number = quoted(name)
        [(first, lowest)] = self._transaction.rows(f"SELECT LAST_INSERT_ID(), MIN({number}) FROM {made}")
        shift = int(first or 0) - int(lowest or 0)
        order = "DESC" if shift > 0 else "ASC"  # or one would meet the number of the next
        self._transaction.execute(f"UPDATE {made} SET {number} = {number} + ({shift}) ORDER BY {number} {order}")
        same = f"{self._hash(table, 't')} = {self._hash(table, 'm')}"
        [(found,)] = self._transaction.rows(
            f"SELECT COUNT(*) FROM {made} m JOIN {live} t ON t.{number} = m.{number} AND {same}"
        )
        if int(found) != count:
            raise TransientFault(
                f"the server gave other people's rows numbers ({name}) between those of the load",
                where=table.name,
                next="repeat; nothing was committed",
            )

    # ── finding them again ──────────────────────────────────────────────────────────────────────────────────
    def meets(self, table: Table, row: str, entry: str) -> str:
        return f"{entry}.{quoted('row')} IS NOT NULL AND {self._hash(table, row)} = {entry}.after"

    def find(self, table: Table, journal: str) -> None:
        """As many entries with a hash as there are rows that have it."""
        numbered = (
            f"SELECT j.entry, j.after, ROW_NUMBER() OVER (PARTITION BY j.after ORDER BY j.entry) AS n FROM {journal} j"
        )
        self._transaction.execute(f"UPDATE {journal} SET {quoted('row')} = NULL")
        self._transaction.execute(
            f"UPDATE {journal} j JOIN ({numbered}) e ON e.entry = j.entry"
            f" JOIN ({self._counted(table)}) l ON l.hash = e.after AND e.n <= l.n SET j.{quoted('row')} = 'there'"
        )

    def goes(self, table: Table, journal: str, alias: str) -> str:
        return f"{self._hash(table, alias)} IN (SELECT g.hash FROM {self._pairs(table, journal)} WHERE g.n >= l.n)"

    def delete(self, table: Table, journal: str) -> None:
        live, pairs = self._transaction.live(table), self._pairs(table, journal)
        [(wanted,)] = self._transaction.rows(f"SELECT COALESCE(SUM(g.n), 0) FROM ({_going(journal)}) g")
        shared = self._transaction.rows(f"SELECT HEX(g.hash), g.n FROM {pairs} WHERE l.n > g.n")
        alone = f"(SELECT g.hash FROM {pairs} WHERE l.n = g.n) j"
        gone = self._transaction.execute(self._transaction.delete(live, alone, f"{self._hash(table, 't')} = j.hash"))
        for hashed, number in shared:  # other people have equal rows: take as many as are ours
            own = f"{self._hash(table, live)} = X'{hashed}'"
            gone += self._transaction.execute(f"DELETE FROM {live} WHERE {own} LIMIT {number}")
        if gone != int(wanted):
            raise TransientFault(
                "somebody wrote rows equal to those of the load meanwhile",
                where=table.name,
                next="repeat; nothing was changed",
            )

    def _pairs(self, table: Table, journal: str) -> str:
        """Each hash that is to go, with how many entries (g.n) and how many live rows (l.n) have it."""
        return f"({_going(journal)}) g JOIN ({self._counted(table)}) l ON l.hash = g.hash"

    def _counted(self, table: Table) -> str:
        live = self._transaction.live(table)
        return f"SELECT {self._hash(table, 't')} AS hash, COUNT(*) AS n FROM {live} t GROUP BY hash"

    def _hash(self, table: Table, alias: str) -> str:
        return self._transaction.row_hash(table, alias)


def _going(journal: str) -> str:
    """The hashes of found entries without a fate, each with how many there are."""
    return (
        f"SELECT after AS hash, COUNT(*) AS n FROM {journal} WHERE {quoted('row')} IS NOT NULL AND fate IS NULL"
        " GROUP BY after"
    )
