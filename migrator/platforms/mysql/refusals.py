"""What a load into MariaDB or MySQL is refused for before it writes anything: what could not be taken back."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import Staged
from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.describe import TRANSACTIONAL, engines
from migrator.platforms.mysql.grants import granting, lacking
from migrator.platforms.mysql.values import largest
from migrator.platforms.mysql.words import ticked
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Fault, Red


def refuse(connection: Connection, transaction: Transaction, staged: Sequence[Staged], where: str) -> None:
    """Red, or a Fault where a privilege is missing, if any of these tables could not be loaded safely."""
    _without_sight(connection, where)
    _other_engines(connection, staged)
    _neighbours(connection, staged)
    _last_numbers(transaction, staged)


def _without_sight(connection: Connection, where: str) -> None:
    """The server hides a table's triggers from who may not make any: they would fire unseen."""
    if lacking(connection, ("TRIGGER",)):
        user = connection.text("SELECT CURRENT_USER()")
        raise Fault(
            "a privilege is missing: without TRIGGER the server hides the triggers of its tables",
            where=where,
            next=granting(connection, user, ("TRIGGER",)),
        )


def _other_engines(connection: Connection, staged: Sequence[Staged]) -> None:
    known = engines(connection)
    for one in staged:
        engine = known.get(one.table.name, "")
        if engine not in TRANSACTIONAL:
            raise Red(
                f"the target table is kept by {engine}, which cannot take a load back",
                where=one.table.name,
                next=f"convert it first: ALTER TABLE {ticked(one.table.name)} ENGINE = InnoDB",
            )


def _neighbours(connection: Connection, staged: Sequence[Staged]) -> None:
    """A rollback looks at every row that points at one of the load; in another database it cannot."""
    names = ", ".join(literal(one.table.name) for one in staged)
    found = connection.texts(
        "SELECT referenced_table_name, CONCAT(table_schema, '.', table_name) FROM information_schema.key_column_usage"
        " WHERE referenced_table_schema = DATABASE() AND table_schema <> DATABASE()"
        f" AND referenced_table_name IN ({names}) LIMIT 1"
    )
    for name, child in found:
        raise Red(
            f"{child}, a table of another database, points at this one: a rollback could not look after its rows",
            where=name or "",
            next="drop that foreign key for the time in which the load may be taken back",
        )


def _last_numbers(transaction: Transaction, staged: Sequence[Staged]) -> None:
    """The server's next number is not taken back with the transaction: even a rehearsal would spoil it."""
    for one in staged:
        for column in one.table.columns:
            if not column.identity or column.name not in one.columns:
                continue
            [(highest,)] = transaction.rows(f"SELECT MAX({quoted(column.name)}) FROM {transaction.stage(one)}")
            if int(highest or 0) >= largest(column):
                raise Red(
                    "the load takes the highest number there is: no ordinary INSERT would find a free one",
                    where=f"{one.table.name}.{column.name}",
                    next="remap this key in the mapping",
                )
