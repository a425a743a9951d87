"""When values of the workbench are the same: a value of another column or of the plan compares as its column does.

Sources have the last word on what equals what, and count by it. What is said here follows them closely enough that
both agree; where this says less, they are asked (migrator.engine.spellings), and where it says more, the proof is red.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from mappings.conversions.numbers import digits_sql
from mappings.kinds import duckdb_type
from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import Scalar
from migrator.engine.workbench import QueryKeys, Workbench
from storage.schema import Column, Kind, Table, Type

Side = tuple[str, Column]
"""A column of an aliased table."""

_NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT})
_MOMENTS = frozenset({Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_SCALARS = frozenset({*_NUMBERS, Kind.TEXT})
_UNBOUNDED = frozenset({"numeric", "decimal", "number"})
"""What SQL calls numbers of any scale: a column of them is held as text where no one scale fits all."""

_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_SAID_EXACTLY = frozenset({"NOCASE", "RTRIM"})
_ASCII = "[ -~]*"
_ACCENTS_ALIKE = frozenset({"general", "unicode", "uca1400", "0900", "520", "ai", "ci", "nopad"})
"""What collations are called that tell no accents apart: in a language of its own, ñ is a letter and no n."""


def with_column(table: Table, column: Column) -> Table:
    """The table with this column in the place of the one of its name."""
    return replace(table, columns=tuple(column if c.name == column.name else c for c in table.columns))


def as_text(alias: str, column: Column) -> str:
    """A column's values as plain text, whatever it holds."""
    name = f"{alias}.{quoted(column.name)}"
    return f"substr({name}, 3)" if column.type.kind is Kind.VARIANT else f"{name}::VARCHAR"


# ── references ──────────────────────────────────────────────────────────────────────────────────────────────
def points_at(child: Side, parent: Side) -> str:
    """The condition that a child's value is the parent's: as the parent types and collates it, as references do."""
    return " = ".join(_alike(child, parent))


def same(child: Side, parent: Side) -> str:
    """The same of two columns of one table, where NULL is NULL's equal."""
    return " IS NOT DISTINCT FROM ".join(_alike(child, parent))


def surely_points_at(child: Side, parent: Side) -> str:
    """The same, but of collated texts only what every server says: the rest is a question for the source."""
    if not may_be_spelled(child[1], parent[1]):
        return points_at(child, parent)
    values = (_unpadded(f"{alias}.{quoted(column.name)}", column) for alias, column in (child, parent))
    return " = ".join(_surely_folded(value, parent[1]) for value in values)


def may_be_spelled(child: Column, parent: Column) -> bool:
    """Whether a child may spell its parent's text in a way that only the source knows for the same."""
    is_text = child.type.kind is Kind.TEXT and parent.type.kind is Kind.TEXT
    return is_text and parent.collation is not None and parent.collation not in _SAID_EXACTLY


def as_parent(child: Side, parent: Column) -> tuple[str, Type]:
    """A child's value as the parent would hold it, to look for there: the expression, NULL for none, and its type.

    A value of another family (a text that points at a number) stays as it is.
    """
    alias, column = child
    name = f"{alias}.{quoted(column.name)}"
    if _family(column) != _family(parent) or _family(column) is None:
        return _unpadded(name, column), column.type
    if column.type == parent.type:
        return name, column.type
    cast = f"TRY_CAST({name} AS {duckdb_type(parent.type)})"
    if parent.type.kind is Kind.LITERAL:
        cast = f"{name}::VARCHAR"
    same = f"{_plain(name, column)} = {_plain(cast, parent)}"  # a cast may round
    return f"CASE WHEN {same} THEN {cast} END", parent.type


def keys_sought(bench: Workbench, pairs: Iterable[tuple[Side, Column]], rows: str) -> QueryKeys:
    """The keys, as the parent has them, that children point at; `rows` is what the query has from its FROM on."""
    values = [as_parent(child, parent) for child, parent in pairs]
    names = ", ".join(f"{value} AS k{i}" for i, (value, _) in enumerate(values))
    filled = " AND ".join(f"k{i} IS NOT NULL" for i in range(len(values)))
    query = f"SELECT DISTINCT * FROM (SELECT {names} {rows}) WHERE {filled} ORDER BY ALL"
    return QueryKeys(workbench=bench, query=query, types=tuple(type_ for _, type_ in values))


def _alike(child: Side, parent: Side) -> tuple[str, str]:
    """Both sides in a form in which equal values are the same."""
    ours, theirs = child[1].type, parent[1].type
    names = [f"{alias}.{quoted(column.name)}" for alias, column in (child, parent)]
    family = _family(child[1])
    if family is not None and family == _family(parent[1]):
        if ours == theirs and ours.kind is not Kind.LITERAL:
            return names[0], names[1]
        return _plain(names[0], child[1]), _plain(names[1], parent[1])
    if Kind.VARIANT in (ours.kind, theirs.kind):
        return _alike_tagged(child, parent)
    if Kind.BINARY in (ours.kind, theirs.kind):
        return (names[0], names[1]) if ours == theirs else _alike_bytes(child, parent)
    # 42 and '42'; '042' is neither
    texts = (_unpadded(as_text(*child), child[1]), _unpadded(as_text(*parent), parent[1]))
    return folded(texts[0], parent[1]), folded(texts[1], parent[1])


def _alike_bytes(child: Side, parent: Side) -> tuple[str, str]:
    """A text and one that is held as its bytes, for its encoding is unknown; other bytes are no text's equal."""
    columns = child[1], parent[1]
    are_texts = all(column.type.kind is Kind.TEXT or column.limits.characters for column in columns)
    if not are_texts or {column.type.kind for column in columns} != {Kind.TEXT, Kind.BINARY}:
        return "NULL", "NULL"
    values = [(f"{alias}.{quoted(column.name)}", column.type.kind) for alias, column in (child, parent)]
    ours, theirs = (f"encode({value})" if kind is Kind.TEXT else value for value, kind in values)
    return ours, theirs


def _alike_tagged(child: Side, parent: Side) -> tuple[str, str]:
    ours, theirs = child[1].type, parent[1].type
    if ours.kind is Kind.VARIANT and theirs.kind in _SCALARS:
        name = f"{child[0]}.{quoted(child[1].name)}"
        only = f"CASE WHEN left({name}, 2) IN ('i:', 'r:', 't:') THEN {as_text(*child)} END"
        return folded(only, parent[1]), folded(as_text(*parent), parent[1])
    return _tagged(*child), _tagged(*parent)


def _family(column: Column) -> str | None:
    """Types whose values compare with each other by what they mean; None where they do by how they are written."""
    if column.type.kind in _NUMBERS or (column.type.kind is Kind.LITERAL and column.native.lower() in _UNBOUNDED):
        return "number"
    return "moment" if column.type.kind in _MOMENTS else None


def _plain(value: str, column: Column) -> str:
    """A value of a family in the one form its equals have, whatever their type."""
    if _family(column) == "moment":
        return f"{value}::TIMESTAMP"
    if column.type.kind is Kind.INTEGER:
        return f"{value}::VARCHAR"
    if column.type.kind is Kind.FLOAT:
        whole = f"{value} = trunc({value}) AND abs({value}) < 1e18"
        return f"CASE WHEN {whole} THEN {value}::BIGINT::VARCHAR ELSE {value}::VARCHAR END"
    text = digits_sql(value, column.type, column.type)
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"


def _unpadded(value: str, column: Column) -> str:
    """Blanks that only fill a column of a fixed length are no part of its values."""
    return f"rtrim({value}, ' ')" if column.type.kind is Kind.TEXT and column.limits.fixed else value


def folded(value: str, column: Column) -> str:
    """What the column's collation makes of a value, so that equal values are the same.

    SQLite's are exact. MariaDB's and MySQL's are close, since their tables of letters differ from version to version.
    """
    value = _unpadded(value, column)
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


def _surely_folded(value: str, column: Column) -> str:
    """Letters of ASCII in one case, where the collation is of no language of its own; every other as it is."""
    collation = column.collation or ""
    kept = folded(value, replace(column, collation=None if collation == "citext" else re.sub("_ci$", "_cs", collation)))
    if collation != "citext" and not _ACCENTS_ALIKE.issuperset(collation.split("_")[1:]):
        return kept
    return f"CASE WHEN regexp_full_match({value}, '{_ASCII}') THEN {folded(value, column)} ELSE {kept} END"


_TAGS = {Kind.INTEGER: "i:", Kind.FLOAT: "r:", Kind.BINARY: "b:"}


def _tagged(alias: str, column: Column) -> str:
    name = f"{alias}.{quoted(column.name)}"
    if column.type.kind is Kind.VARIANT:
        return name
    value = f"to_base64({name})" if column.type.kind is Kind.BINARY else f"{name}::VARCHAR"
    return f"'{_TAGS.get(column.type.kind, 't:')}' || {value}"


# ── values of the plan ──────────────────────────────────────────────────────────────────────────────────────
def is_value(alias: str, column: Column, value: Scalar) -> str:
    """The condition that the column has a value the plan names, read as the platform reads it for this column."""
    kind, name = column.type.kind, f"{alias}.{quoted(column.name)}"
    text = _written(value)
    if kind in _PARSED:
        return f"{name} = TRY_CAST({literal(text)} AS {duckdb_type(column.type)})"
    if _family(column) == "number":
        return f"{_plain(name, column)} = {literal(_number(text))}"
    if kind is Kind.TEXT:
        return f"{folded(name, column)} = {folded(literal(text), column)}"
    if kind is Kind.UUID:
        return f"{name} = TRY_CAST({literal(text)} AS UUID)::VARCHAR"
    if kind is Kind.BINARY:
        return f"{name} = encode({literal(text)})"
    return f"{as_text(alias, column)} = {literal(text)}"


_PARSED = frozenset({Kind.BOOLEAN, Kind.FLOAT, Kind.TIME, *_MOMENTS})


def _written(value: Scalar) -> str:
    """As the plan says it; a platform without a boolean has 1 and 0."""
    assert not isinstance(value, bytes)
    return str(int(value) if isinstance(value, bool) else value)


def _number(text: str) -> str:
    """The number a text says, as `_plain` writes it; the text itself where it says none."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    plain = format(number, "f") if number else "0"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
