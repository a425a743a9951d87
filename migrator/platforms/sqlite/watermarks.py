"""The rowids before a load, of tables whose rows no key tells apart: what is above them is the load's."""

from __future__ import annotations

import sqlite3

from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.sqlite.identity import rowid
from storage.errors import Red
from storage.schema import Table


class Watermarks:
    """`take` them before the rows are written; within one transaction nobody else writes above them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._taken: dict[str, int] = {}

    def take(self, table: Table) -> None:
        """Remember where the table ends now. Red where no name is left for its rowid."""
        if rowid(table) is None:
            raise Red(
                "no key tells its rows apart, and columns of it hide every name of the rowid",
                where=table.name,
                next="give the target table a primary key, or rename the column rowid, oid or _rowid_",
            )
        self._taken[table.name] = self.highest(table)

    def knows(self, table: Table) -> bool:
        """Whether this table's was taken."""
        return table.name in self._taken

    def is_new(self, table: Table) -> str:
        """The condition that a live row `t` is above the watermark."""
        return f"t.{rowid(table)} > {self._taken[table.name]}"

    def highest(self, table: Table) -> int:
        """The rowid below every one that an INSERT chooses: the greatest, or the sequence's if that is greater."""
        highest = self._connection.execute(f"SELECT max({rowid(table)}) FROM main.{quoted(table.name)}").fetchone()[0]
        return max(highest or 0, self._sequence(table))

    def _sequence(self, table: Table) -> int:
        known = self._connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
        row = (
            known
            and self._connection.execute(
                "SELECT seq FROM main.sqlite_sequence WHERE name = ?", (table.name,)
            ).fetchone()
        )
        return int(row[0]) if row else 0
