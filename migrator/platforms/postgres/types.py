"""PostgreSQL's types: the class of each, how its values are selected, and the tests of what no class holds.

A type without a class of its own, and a column with a value that its class cannot hold (an infinite date, NaN among
numbers), is a LITERAL: read as the server's own text, which the server reads back exactly.
"""

from __future__ import annotations

import re

from storage.schema import Column, Fidelity, Kind, Type

_KINDS = {
    "boolean": Kind.BOOLEAN,
    "smallint": Kind.INTEGER,
    "integer": Kind.INTEGER,
    "bigint": Kind.INTEGER,
    "real": Kind.FLOAT,
    "double precision": Kind.FLOAT,
    "text": Kind.TEXT,
    "character varying": Kind.TEXT,
    "character": Kind.TEXT,
    "bpchar": Kind.TEXT,
    "name": Kind.TEXT,
    "citext": Kind.TEXT,
    "bytea": Kind.BINARY,
    "uuid": Kind.UUID,
    "json": Kind.JSON,
    "jsonb": Kind.JSON,
    "date": Kind.DATE,
    "time without time zone": Kind.TIME,
    "timestamp without time zone": Kind.TIMESTAMP,
    "timestamp with time zone": Kind.TIMESTAMPTZ,
}
_MODIFIER = re.compile(r"\((-?\d+)(?:,\s*(-?\d+))?\)")
_LITERAL = Type(kind=Kind.LITERAL)
_MOST_DIGITS, _FEWER_DIGITS = 76, 38


def declared_type(base: str, *, enumerated: bool = False) -> Type:
    """The class of a type as format_type writes it (of a domain: its base type); LITERAL where it has none."""
    if enumerated:
        return Type(kind=Kind.TEXT)
    name = bare(base)
    if name == "numeric":
        return _numeric(base)
    kind = _KINDS.get(_unqualified(name))
    return Type(kind=kind) if kind else _LITERAL


def _numeric(base: str) -> Type:
    found = _MODIFIER.search(base)
    if not found:
        return _LITERAL
    precision, scale = int(found.group(1)), int(found.group(2) or 0)
    if precision > _MOST_DIGITS or not 0 <= scale <= precision:
        return _LITERAL
    return Type(kind=Kind.DECIMAL, precision=precision, scale=scale)


def counted_type(digits: int, scale: int) -> Type:
    """The class of an unbounded numeric whose values all have this scale, and at most so many digits before it."""
    for precision in (_FEWER_DIGITS, _MOST_DIGITS):
        if digits + scale <= precision:
            return Type(kind=Kind.DECIMAL, precision=precision, scale=scale)
    return _LITERAL


def fidelity_of(type_: Type) -> Fidelity:
    """Literals are exact too, but held as text."""
    return Fidelity.TEXT if type_.kind is Kind.LITERAL else Fidelity.EXACT


def bare(native: str) -> str:
    """A type's name without its length, precision or scale."""
    return _MODIFIER.sub("", native)


def is_built_in(native: str) -> bool:
    """Whether this is one of the common types, which nobody has made himself."""
    return bare(native) in _KINDS or bare(native) == "numeric"


def _unqualified(name: str) -> str:
    """The name of an extension's type without the schema the extension was put in."""
    return "citext" if name.rpartition(".")[2] == "citext" else name


def is_citext(column: Column) -> bool:
    return _unqualified(bare(column.native)) == "citext"


def selected(column: Column, expression: str) -> str:
    """The expression whose values come over the wire in a form that holds them exactly.

    Texts come as they are, those of a domain too: a cast would cut the blanks off one over character.
    """
    kind = column.type.kind
    is_folded = column.collation == "citext"
    if kind in (Kind.LITERAL, Kind.UUID) or (kind is Kind.TEXT and (column.choices or is_folded)):
        return f"{expression}::text"
    return expression


def own_bytes(column: Column, expression: str) -> str:
    """The expression whose values are a text's bytes as they lie there, where the server knows no encoding of them."""
    name = _unqualified(bare(column.native))
    is_padded = column.limits.fixed or name == "bpchar"  # as text it would lose the blanks at its end
    text = f"textin(bpcharout({expression}))" if is_padded else f"{expression}::text"
    return f"convert_to({text}, 'SQL_ASCII')"


_FIRST, _LAST = "0001-01-01", "9999-12-31"
_MISFITS = {
    Kind.DATE: f"{{0}} NOT BETWEEN '{_FIRST}' AND '{_LAST}'",
    Kind.TIMESTAMP: f"{{0}} < '{_FIRST}' OR {{0}} >= '10000-01-01'",
    Kind.TIMESTAMPTZ: f"{{0}} < '{_FIRST} 00:00:00Z' OR {{0}} >= '10000-01-01 00:00:00Z'",
    Kind.TIME: "{0} = '24:00:00'",
    Kind.DECIMAL: "{0} = 'NaN'",  # no infinity fits a declared precision
}


def misfit(column: Column, expression: str) -> str | None:
    """The condition that a value is outside what the column's class holds; None where every value is inside."""
    test = _MISFITS.get(column.type.kind)
    return test.format(expression) if test else None


def is_unbounded_numeric(column: Column) -> bool:
    """Whether the column's scale can only be told by its values."""
    return column.type.kind is Kind.LITERAL and column.native == "numeric"


def may_be_large_object(column: Column) -> bool:
    """Whether the column's numbers may name large objects, whose content lies in no table."""
    return bare(column.native).rpartition(".")[2] in ("oid", "lo")
