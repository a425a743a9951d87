"""What triggers would do to a load. Nothing here disables one but dropping it, which commits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migrator.platforms.relational.sqltext import literal
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Red
from storage.schema import Table

_OF = """
SELECT event_object_table, trigger_name, event_manipulation, action_statement FROM information_schema.triggers
WHERE event_object_schema = DATABASE() AND event_object_table IN
"""
_CALLS = re.compile(r"\b(CALL|EXECUTE)\b", re.IGNORECASE)
_WRITES = re.compile(
    r"(?:\b(?:INSERT|REPLACE)\s+(?:LOW_PRIORITY\s+|DELAYED\s+|HIGH_PRIORITY\s+)?(?:IGNORE\s+)?(?:INTO\s+)?"
    r"|\bUPDATE\s+(?:LOW_PRIORITY\s+)?(?:IGNORE\s+)?|\bDELETE\s+(?:LOW_PRIORITY\s+)?(?:QUICK\s+)?(?:IGNORE\s+)?FROM\s+)"
    r"((?:[`\"]?\w+[`\"]?\.)?(?:`[^`]+`|\"[^\"]+\"|\w+))",
    re.IGNORECASE,
)


def refuse_firing(transaction: Transaction, tables: Sequence[Table], *, inserting: bool) -> None:
    """Red where one would fire while rows are updated and deleted, or, with `inserting`, inserted."""
    for table, name, event, _ in _triggers(transaction, tables):
        if inserting or event != "INSERT":
            raise Red(
                f"its trigger {name} would fire, and write what nobody takes back",
                where=table,
                next="target.triggers: fire lets those on INSERT fire, and nothing disables one on this platform:"
                f" drop the trigger {name}, repeat, and make it again",
            )


def written(transaction: Transaction, tables: Sequence[Table]) -> set[str]:
    """The tables that triggers of these write, by what their bodies say, and the triggers of those in turn."""
    by_name = {table.name: table for table in transaction.describe().tables}
    found: set[str] = set()
    waiting = list(tables)
    while waiting:
        for name in _said_to_write(transaction, waiting.pop()) - found:
            found.add(name)
            if name in by_name:
                waiting.append(by_name[name])
    return found


def _said_to_write(transaction: Transaction, table: Table) -> set[str]:
    names: set[str] = set()
    for _, name, _, body in _triggers(transaction, [table]):
        if _CALLS.search(body):
            raise Red(
                f"its trigger {name} calls a procedure: what that writes cannot be told",
                where=table.name,
                next="drop the trigger for the load",
            )
        names.update(_unquoted(said) for said in _WRITES.findall(body))
    return names


def _triggers(transaction: Transaction, tables: Sequence[Table]) -> list[tuple[str, str, str, str]]:
    names = ", ".join(literal(table.name) for table in tables)
    return [(table, name, event, body) for table, name, event, body in transaction.rows(f"{_OF} ({names})")]


def _unquoted(name: str) -> str:
    return name.rpartition(".")[2].strip('`"')
