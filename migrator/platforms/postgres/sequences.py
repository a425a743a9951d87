"""Sequences behind a table's own keys: after a load the next ordinary INSERT must find a free one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg

from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Table

if TYPE_CHECKING:
    from migrator.platforms.postgres.transaction import PostgresTransaction


class Sequences:
    """Those that fill columns of one table, inside the merge transaction."""

    def __init__(self, transaction: PostgresTransaction, table: Table) -> None:
        self._transaction = transaction
        self._table = table

    def advance(self) -> Iterator[str]:
        """Move each past the highest value there is; yields what stands in the way. They never go back."""
        for column, sequence, last, step, highest in self._transaction.rows(self._query()):
            name = quoted(column)
            live = self._transaction.live(self._table)
            [(taken,)] = self._transaction.rows(f"SELECT {'max' if step > 0 else 'min'}({name}) FROM {live}")
            if taken is None or (taken <= last if step > 0 else taken >= last):
                continue
            following = taken + step
            if following > highest and step > 0:
                yield f"{self._table.name}.{column}: its sequence ends at {highest}, an ordinary INSERT would fail"
                continue
            self._restart(sequence, following)

    def _query(self) -> str:
        """Column, sequence, the value it gave last (or starts before), step and end, of the table's live sequences.

        An identity owns its sequence, a default only names it: the catalog keeps the one with the column, the other
        with the default.
        """
        table = f"{literal(self._transaction.live(self._table))}::regclass"
        owned = (
            "SELECT d.refobjsubid AS attnum, d.objid AS sequence FROM pg_depend d"
            " WHERE d.classid = 'pg_class'::regclass"
            f" AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i' AND d.refobjid = {table}"
        )
        named = (
            "SELECT f.adnum, d.refobjid FROM pg_attrdef f JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass"
            f" AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass WHERE f.adrelid = {table}"
        )
        return (
            "SELECT a.attname, format('%I.%I', n.nspname, c.relname),"
            " coalesce(pg_sequence_last_value(c.oid), q.seqstart - q.seqincrement), q.seqincrement, q.seqmax"
            f" FROM ({owned} UNION {named}) u JOIN pg_class c ON c.oid = u.sequence AND c.relkind = 'S'"
            " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence q ON q.seqrelid = c.oid"
            f" JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = u.attnum"
        )

    def _restart(self, sequence: str, following: int) -> None:
        """ALTER SEQUENCE goes with the transaction, but is its owner's; setval is for others, and stays."""
        self._transaction.execute("SAVEPOINT migrator_sequence")
        try:
            self._transaction.execute(f"ALTER SEQUENCE {sequence} RESTART WITH {following}")
        except psycopg.errors.InsufficientPrivilege:
            self._transaction.execute("ROLLBACK TO SAVEPOINT migrator_sequence")
            self._transaction.rows(f"SELECT setval({literal(sequence)}, {following}, false)")
        self._transaction.execute("RELEASE SAVEPOINT migrator_sequence")
