"""SQL text shared by the drivers: quoting of identifiers, and nothing a dialect could disagree on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def quoted(name: str) -> str:
    """An identifier, quoted as standard SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as standard SQL writes it (backslashes mean themselves: our sessions see to it)."""
    return "'" + text.replace("'", "''") + "'"


def listed(names: Iterable[str], prefix: str = "") -> str:
    """Identifiers separated by commas, each behind `prefix` (an alias with its dot)."""
    return ", ".join(prefix + quoted(name) for name in names)


def matched(left: str, right: str, columns: Iterable[str]) -> str:
    """The condition that two aliases agree on these columns."""
    return " AND ".join(f"{left}.{quoted(column)} = {right}.{quoted(column)}" for column in columns)


def any_of(conditions: Sequence[str]) -> str:
    """The condition that one of these holds; as a tree, since a chain of very many is too deep for SQLite."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return f"({any_of(conditions[:half])} OR {any_of(conditions[half:])})"


def said(rows: Iterable[Sequence[object]]) -> str:
    """Rows of keys as a person reads them: values of one row joined by /, rows by commas."""
    return ", ".join("/".join("NULL" if value is None else str(value) for value in row) for row in rows)
