"""Columns that take values of any class, and make what they can of them: as what values go in, and which would change.

SQLite's affinities (https://sqlite.org/datatype3.html § 3). A value that would not stay what it is is told here, since
the platform says nothing: 007 becomes 7, 12 beside texts becomes '12', 7.0 beside texts becomes 7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mappings.kinds import TEXTUAL, plain
from mappings.misfit import Misfit
from mappings.quote import literal
from storage.schema import Affinity, Column, Kind, Type
from storage.types import Variant

_SPECIAL = ("INF", "-INF", "NaN")
_NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN})
_STORED = {Kind.BOOLEAN: Kind.INTEGER, **{kind: kind for kind in (Kind.INTEGER, Kind.FLOAT, Kind.BINARY, Kind.VARIANT)}}
_OWN_TAGS = {
    Kind.INTEGER: (Variant.INTEGER,),
    Kind.FLOAT: (Variant.REAL,),
    Kind.TEXT: (Variant.TEXT, Variant.RAW_TEXT),
    Kind.BINARY: (Variant.BINARY,),
}
_NUMERIC_TEXT = r"[ \t\n\v\f\r]*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*"
_EXACT, _INTEGERS = "9007199254740992", "9223372036854775808"  # 2^53: up to here a whole real is told from no other

_AS_TEXT = "store it as text (declare the target column TEXT), or cast it in the mapping to what it becomes"
_AS_ONE = "give it one type in the mapping (cast: text, cast: integer, cast: float), or declare the column without one"


def stored_type(described: Column, given: Collection[Type]) -> Type:
    """The type a column's values go in as, where its edges give it these: its own, unless it takes others as well."""
    affinity = described.limits.affinity
    if affinity is None or not _goes_as_given(described, affinity, {type_.kind for type_ in given}):
        takes_all = described.type.kind is Kind.VARIANT
        return next(iter(given)) if takes_all and len(given) == 1 else described.type
    found = {_STORED.get(type_.kind, Kind.TEXT) for type_ in given}
    return plain(found.pop() if len(found) == 1 else Kind.VARIANT)


def _goes_as_given(described: Column, affinity: Affinity, given: set[Kind]) -> bool:
    """Whether values of other classes stay what they are, where another platform's would be converted."""
    own = described.type.kind
    if own is Kind.VARIANT or Kind.VARIANT in given:
        return True
    if affinity is Affinity.STRICT:
        return False
    if (Kind.BINARY in given and own is not Kind.BINARY) or (own is Kind.BINARY and bool(given - {own})):
        return True
    return affinity is Affinity.NUMERIC and own in TEXTUAL and bool(given & _NUMBERS)  # called DATE, and a number


def changes(value: str, type_: Type, column: Column) -> Iterator[Misfit]:
    """Every way in which a value (SQL, of the type it goes in as) would not stay as it is."""
    affinity = column.limits.affinity
    if affinity is None:
        return
    if type_.kind is Kind.VARIANT:
        yield from _of_tagged(value, affinity, column)
    elif (type_.kind is Kind.BINARY) != (column.type.kind is Kind.BINARY) and column.type.kind is not Kind.VARIANT:
        yield _kept("TRUE", column)
    elif type_.kind is Kind.TEXT and affinity is Affinity.NUMERIC:
        yield _numeric_text(_is_numeric(value), column)
    elif type_.kind is Kind.FLOAT and affinity is Affinity.NUMERIC:
        yield Misfit(
            failed=f"{value} = trunc({value}) AND abs({value}) > {_EXACT} AND abs({value}) < {_INTEGERS}",
            what=f"real would become an integer beyond 2^53: the target column is {_said(column)}",
            next="cast it in the mapping (cast: integer), or declare the target column REAL",
        )


def misread(value: str, type_: Type, column: Column) -> Iterator[Misfit]:
    """Texts (SQL, before they are converted) that the column would keep, and the mapping make numbers of."""
    if column.limits.affinity is Affinity.REAL and type_.kind in TEXTUAL and column.type.kind is Kind.FLOAT:
        failed = f"{value} IN ({', '.join(map(literal, _SPECIAL))})"
        yield Misfit(failed=failed, what="text would become a number that SQLite does not call so", next=_AS_ONE)


def _of_tagged(cell: str, affinity: Affinity, column: Column) -> Iterator[Misfit]:
    if affinity is Affinity.STRICT:
        yield _refused(cell, column)
    if affinity in (Affinity.NUMERIC, Affinity.REAL):
        body = f"substr({cell}, {len(Variant.TEXT) + 1})"
        yield _numeric_text(f"{_is(cell, Variant.TEXT)} AND {_is_numeric(body)}", column)
    if affinity is Affinity.NUMERIC:
        yield _another_class(_whole_real(cell), "real", "an integer", column)
    if affinity is Affinity.REAL:
        yield _another_class(_is(cell, Variant.INTEGER), "integer", "a real", column)
    if affinity is Affinity.TEXT:
        yield _another_class(_is(cell, Variant.INTEGER, Variant.REAL), "number", "a text", column)
    if affinity is not Affinity.STRICT and column.type.kind is not Kind.VARIANT:
        yield _kept(f"NOT {_is(cell, *_OWN_TAGS[column.type.kind])}", column)
    lost = (f"{Variant.REAL}NaN", *(() if affinity is Affinity.NONE else (f"{Variant.REAL}-0",)))
    yield Misfit(
        failed=f"{cell} IN ({', '.join(map(literal, lost))})",
        what="real would be lost: the target column makes NULL of NaN, and 0 of -0",
        next="correct it with a sql step, or leave its row out with where or reject",
    )


def _kept(failed: str, column: Column) -> Misfit:
    return Misfit(
        failed=failed,
        what=f"value of another class than {_said(column)}: SQLite keeps it as it is",
        next="cast it in the mapping where the product expects the column's own class",
        is_note=True,
    )


def _refused(cell: str, column: Column) -> Misfit:
    return Misfit(
        failed=f"NOT {_is(cell, *_OWN_TAGS[column.type.kind])}",
        what=f"value is of another class than {_said(column)}, and the target column takes no other",
        next="cast it in the mapping, or leave its row out with where or reject",
    )


def _numeric_text(failed: str, column: Column) -> Misfit:
    what = f"text would become a number: the target column is {_said(column)}, which SQLite keeps numbers in"
    return Misfit(failed=failed, what=what, next=_AS_TEXT)


def _another_class(failed: str, what: str, other: str, column: Column) -> Misfit:
    return Misfit(
        failed=failed, what=f"{what} would become {other}: the target column is {_said(column)}", next=_AS_ONE
    )


def _said(column: Column) -> str:
    return column.native or "without a type"


def _is(cell: str, *tags: str) -> str:
    return f"left({cell}, {len(Variant.TEXT)}) IN ({', '.join(map(literal, tags))})"


def _is_numeric(text: str) -> str:
    return f"regexp_full_match({text}, {literal(_NUMERIC_TEXT)})"


def _whole_real(cell: str) -> str:
    number = f"TRY_CAST(substr({cell}, {len(Variant.REAL) + 1}) AS DOUBLE)"
    return f"{_is(cell, Variant.REAL)} AND {number} = trunc({number}) AND abs({number}) < {_INTEGERS}"
