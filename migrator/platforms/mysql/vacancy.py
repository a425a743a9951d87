"""Whether a database is nobody's yet, and what a killed restore left in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.describe import sees_all
from migrator.platforms.mysql.model import SEQUENCE_TYPE
from migrator.platforms.mysql.owned import RESTORED
from migrator.platforms.relational.sqltext import quoted
from storage.errors import Fault, Misuse, Red
from storage.schema import Table

_THERE = """
SELECT table_type, table_name, table_comment FROM information_schema.tables WHERE table_schema = DATABASE()
UNION ALL SELECT routine_type, routine_name, '' FROM information_schema.routines WHERE routine_schema = DATABASE()
UNION ALL SELECT 'EVENT', event_name, '' FROM information_schema.events WHERE event_schema = DATABASE()
ORDER BY 2
"""
_NAMED = 5


def require_vacant(connection: Connection, where: str) -> None:
    """Misuse, naming it, where anything is there that no restore left; Fault where something may be hidden."""
    if not sees_all(connection):
        raise Fault(
            "a privilege is missing: the server hides what this user may not read, so that nobody knows it is empty",
            where=where,
            next="grant the user all privileges on the database",
        )
    strangers, _ = _there(connection)
    if strangers:
        more = f" and {len(strangers) - _NAMED} more" if len(strangers) > _NAMED else ""
        raise Misuse(
            f"the database is not empty: {', '.join(strangers[:_NAMED])}{more}",
            where=where,
            next="name an empty database; nothing was written",
        )


def require_names(connection: Connection, tables: Sequence[Table]) -> None:
    """Red where the server cannot tell two of the tables' names apart."""
    if connection.text("SELECT @@lower_case_table_names") == "0":
        return
    for name, times in Counter(table.name.lower() for table in tables).items():
        if times > 1:
            alike = ", ".join(table.name for table in tables if table.name.lower() == name)
            raise Red(
                f"this server keeps names in small letters: {alike} would be one",
                where=name,
                next="restore into a server with lower_case_table_names=0",
            )


def sweep(connection: Connection) -> list[str]:
    """Remove what a restore left that never ended; what it was.

    A sequence that is marked as ours may belong to tables that stand already: it goes only where nothing stands.
    """
    strangers, left = _there(connection)
    going = [(kind, name) for kind, name in left if kind != SEQUENCE_TYPE or not strangers]
    for kind, name in going:
        connection.execute(f"DROP {SEQUENCE_TYPE if kind == SEQUENCE_TYPE else 'TABLE'} IF EXISTS {quoted(name)}")
    return [name for _, name in going]


def _there(connection: Connection) -> tuple[list[str], list[tuple[str, str]]]:
    """What is somebody's, as a person reads it, and what is a restore's own, by kind and name."""
    strangers, left = [], []
    for kind, name, comment in connection.texts(_THERE):
        is_marked = kind == SEQUENCE_TYPE and comment == RESTORED
        if is_marked or (name or "").startswith(RESTORED):
            left.append((kind or "", name or ""))
        else:
            strangers.append(f"{(kind or '').lower().removeprefix('base ')} {name}")
    return strangers, left
