"""The default of a target column, for the edges that leave out a column other edges fill."""

from __future__ import annotations

import re

from mappings.node import Scalar
from mappings.quote import NULL, literal
from mappings.steps.const import type_of
from mappings.steps.step import Operand
from storage.errors import Misuse
from storage.schema import Column, Type

_TEXT = re.compile(r"'((?:[^']|'')*)'(?:::[\w ]+(?:\(\d+\))?)?", re.DOTALL)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {"null": None, "true": True, "false": False}


def left_out(column: Column, type_: Type) -> Operand:
    """What a row gets there: the platform's own default where that is a constant, NULL where there is none.

    Misuse if the default is an expression: only the platform could compute it, and it is not asked.
    """
    value = _constant(column)
    if value is None:
        return Operand(sql=NULL, type=type_)
    return Operand(sql=literal(value), type=type_of(value))


def _constant(column: Column) -> Scalar:
    written = (column.default or "null").strip()
    while written.startswith("(") and written.endswith(")"):
        written = written[1:-1].strip()
    text = _TEXT.fullmatch(written)
    if text:
        return text[1].replace("''", "'")
    if written.lower() in _WORDS:
        return _WORDS[written.lower()]
    if _INTEGER.fullmatch(written):
        return int(written)
    if _FLOAT.fullmatch(written):
        return float(written)
    raise Misuse(
        f"another edge fills this column, and its default here is an expression: {column.default}",
        next="fill it in every edge of the table",
    )
