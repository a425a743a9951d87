"""What triggers would do to a load. Nothing here disables one but dropping it, which commits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from migrator.platforms.relational.sqltext import literal
from migrator.platforms.relational.transaction import Transaction
from storage.errors import Red
from storage.schema import Table

_OF = """
SELECT event_object_table, trigger_name, event_manipulation, action_statement FROM information_schema.triggers
WHERE event_object_schema = DATABASE() AND event_object_table IN
"""
_FUNCTIONS = """
SELECT routine_name, routine_definition FROM information_schema.routines
WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'
"""
_COMMENT = re.compile(r"/\*(?!M?!).*?\*/|/\*M?!\d*|\*/|(?:--\s|#)[^\n]*", re.DOTALL)  # one with ! is no comment
_CALLS = re.compile(r"\b(CALL|EXECUTE)\b", re.IGNORECASE)
_ON_DUPLICATE = re.compile(r"\bON\s+DUPLICATE\s+KEY\s+UPDATE\b", re.IGNORECASE)
_NAME = r"((?:[`\"]?\w+[`\"]?\.)?(?:`[^`]+`|\"[^\"]+\"|\w+))"
_LOUDLY = r"(?:(?:LOW_PRIORITY|HIGH_PRIORITY|DELAYED|QUICK|IGNORE)\s+)*"
_INSERTS = re.compile(rf"\b(?:INSERT|REPLACE)\s+{_LOUDLY}(?:INTO\s+)?{_NAME}", re.IGNORECASE)
_CHANGES = re.compile(
    rf"\bUPDATE\s+{_LOUDLY}([^;]*?)\bSET\b|\bDELETE\b[^;]*?\bFROM\s+([^;]*?)(?:\bWHERE\b|;|\Z)", re.IGNORECASE
)
_AMONG = re.compile(rf"(?:(?:^|,|JOIN\b)[\s(]*|\bUSING\s+){_NAME}", re.IGNORECASE)


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
    functions = {name.lower(): body for name, body in transaction.rows(_FUNCTIONS)}
    names: set[str] = set()
    for _, name, _, body in _triggers(transaction, [table]):
        said = _with_functions(body, functions)
        if said is None or _CALLS.search(said):
            raise Red(
                f"its trigger {name} calls a procedure, or a function unseen: what that writes cannot be told",
                where=table.name,
                next="drop the trigger for the load",
            )
        names |= _tables_of(said)
    return names


def _with_functions(body: str, functions: Mapping[str, str | None]) -> str | None:
    """The body with those of all functions it calls, and those they call; None where one is hidden."""
    said, known = "", {*functions}
    waiting: list[str | None] = [body]
    while waiting:
        part = waiting.pop()
        if part is None:
            return None
        said += f"{part};\n"
        called = {name for name in known if re.search(rf"\b{re.escape(name)}\b", part, re.IGNORECASE)}
        known -= called
        waiting += [functions[name] for name in called]
    return said


def _tables_of(said: str) -> set[str]:
    """What the statements write, and what they join it with; too much rather than too little.

    Read with its comments and without them: whether a text holds what looks like a comment, nobody here knows.
    """
    names: list[str] = []
    for text in (said, _COMMENT.sub(" ", said)):
        statements = _ON_DUPLICATE.sub(" ", text)
        names += _INSERTS.findall(statements)
        names += [name for regions in _CHANGES.findall(statements) for name in _AMONG.findall("".join(regions).strip())]
    return {_unquoted(name) for name in names}


def _triggers(transaction: Transaction, tables: Sequence[Table]) -> list[tuple[str, str, str, str]]:
    names = ", ".join(literal(table.name) for table in tables)
    return [(table, name, event, body) for table, name, event, body in transaction.rows(f"{_OF} ({names})")]


def _unquoted(name: str) -> str:
    return name.rpartition(".")[2].strip('`"')
