"""Unique values that move between rows: who holds one that another row is about to get makes way for a moment."""

from __future__ import annotations

from migrator.contracts import ACTION, KEEP, OVERWRITE
from migrator.platforms.relational.journal import Journal
from migrator.platforms.relational.sqltext import quoted
from migrator.platforms.relational.transaction import Transaction
from storage.schema import UniqueKey


def make_way(transaction: Transaction, journal: Journal, unique: UniqueKey, holders: str) -> None:
    """Give the rows of `holders`, a query of journal entries and their keys, another value until they get their own."""
    if not transaction.rows(f"{holders} LIMIT 1"):
        return
    for name in unique.columns:
        value = _elsewhere(transaction, journal, name)
        if value is not None:
            changed = transaction.update(journal.live, [(name, value)], f"({holders}) j", journal.meets())
            transaction.execute(changed)
            return


def _elsewhere(transaction: Transaction, journal: Journal, name: str) -> str | None:
    """A value of the column that is in nobody's way; None where there is none, and the platform must find an order."""
    table = journal.staged.table
    column = table.column(name)
    if name in journal.staged.key or column.generated or name in transaction.fixed_columns(table):
        return None
    if column.nullable:
        return "NULL"
    if any(name in key.columns for key in table.foreign_keys):
        return None  # a value that no row has points at nothing
    return transaction.parked(table, column)


def overwritten_holders(transaction: Transaction, journal: Journal, unique: UniqueKey) -> str | None:
    """The entries of overwritten rows that hold now what another staged row brings; None if none is brought."""
    one = journal.staged
    if not set(unique.columns) <= set(one.columns) or set(unique.columns) <= set(one.key):
        return None
    brought = " AND ".join(f"o.{quoted(column)} = {transaction.staged_value(one, column)}" for column in unique.columns)
    other = " OR ".join(
        transaction.is_distinct(transaction.staged_value(one, column), f"j.{key}")
        for column, key in zip(one.key, journal.key_columns, strict=True)
    )
    keys = ", ".join(f"j.{key}" for key in journal.key_columns)
    return (
        f"SELECT DISTINCT j.entry, {keys} FROM {transaction.stage(one)} s JOIN {journal.live} o ON {brought}"
        f" JOIN {journal.name} j ON {journal.meets('o')} WHERE s.{quoted(ACTION)} <> '{KEEP}'"
        f" AND j.action = '{OVERWRITE}' AND ({other})"
    )
