"""When two columns of the workbench hold the same value, whatever each was found to hold."""

from __future__ import annotations

from dataclasses import replace

from mappings.quote import identifier as quoted
from storage.schema import Column, Kind, Table


def with_column(table: Table, column: Column) -> Table:
    """The table with this column in the place of the one of its name."""
    return replace(table, columns=tuple(column if c.name == column.name else c for c in table.columns))


def as_text(alias: str, column: Column) -> str:
    """A column's values as plain text, whatever it holds."""
    name = f"{alias}.{quoted(column.name)}"
    return f"substr({name}, 3)" if column.type.kind is Kind.VARIANT else f"{name}::VARCHAR"


_ACCENTS_ALIKE = frozenset({"general", "unicode", "uca1400", "0900", "520", "ai", "ci", "nopad"})
"""What collations are called that tell no accents apart: in a language of its own, ñ is a letter and no n."""

_SCALARS = (Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.TEXT)
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def points_at(child: tuple[str, Column], parent: tuple[str, Column]) -> str:
    """The condition that a child's value is the parent's: as the parent types and collates it, as references do."""
    ours, theirs = child[1].type, parent[1].type
    if ours == theirs:
        sides = [f"{alias}.{quoted(column.name)}" for alias, column in (child, parent)]
    elif ours.kind in _SCALARS and theirs.kind in _SCALARS:
        sides = [as_text(*child), as_text(*parent)]  # 42 and '42'; '042' is neither
    elif ours.kind is Kind.VARIANT and theirs.kind in _SCALARS:
        only = f"left({child[0]}.{quoted(child[1].name)}, 2) IN ('i:', 'r:', 't:') AND "
        return f"{only}{folded(as_text(*child), parent[1])} = {folded(as_text(*parent), parent[1])}"
    else:
        sides = [_tagged(*child), _tagged(*parent)]
    return " = ".join(folded(side, parent[1]) for side in sides)


def folded(value: str, column: Column) -> str:
    """What the column's collation makes of a value, so that equal values are the same.

    SQLite's are exact. MariaDB's and MySQL's are close, since their tables of letters differ from version to version:
    where one says more or less than this, the source's own count differs and the proof is red.
    """
    if column.type.kind is not Kind.TEXT or column.collation is None:
        return value
    if column.collation == "NOCASE":
        return f"translate({value}, '{_UPPER}', '{_LOWER}')"
    if column.collation == "RTRIM":
        return f"rtrim({value}, ' ')"
    if column.collation == "citext":
        return f"lower({value})"
    _, *features = column.collation.split("_")
    if not features or features[-1] not in ("ci", "cs", "bin"):  # a collation that only orders, as most do elsewhere
        return value
    if "ci" in features:
        value = f"strip_accents(lower({value}))" if _ACCENTS_ALIKE.issuperset(features) else f"lower({value})"
    return value if {"nopad", "0900"} & set(features) else f"rtrim({value}, ' ')"


_TAGS = {Kind.INTEGER: "i:", Kind.FLOAT: "r:", Kind.BINARY: "b:"}


def _tagged(alias: str, column: Column) -> str:
    name = f"{alias}.{quoted(column.name)}"
    if column.type.kind is Kind.VARIANT:
        return name
    value = f"to_base64({name})" if column.type.kind is Kind.BINARY else f"{name}::VARCHAR"
    return f"'{_TAGS.get(column.type.kind, 't:')}' || {value}"
