"""The methods by name: which kinds of column each can fill, and what it makes of their values, batch by batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from migrator.engine.blanks import blanks
from migrator.engine.masks import texts
from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.texts import Unmaskable
from migrator.engine.masks.words import REMOVED as SENTENCE
from migrator.plan.masking import CODE, CONST, DATE, EMAIL, IBAN, NAME, NULL, PHONE, REMOVED, MaskRule
from storage.errors import Misuse, Red
from storage.recast import check
from storage.schema import Column, Kind, Table
from storage.types import Variant, arrow_type, from_text

Values = Callable[[pa.Array], pa.Array]
"""An array of a column's values → as many, NULL where it was NULL."""

_TEXTS = frozenset({Kind.TEXT, Kind.VARIANT})
_CODES = _TEXTS | {Kind.INTEGER, Kind.DECIMAL, Kind.UUID}
KINDS: dict[str, frozenset[Kind]] = {
    CODE: _CODES,
    PHONE: _CODES - {Kind.UUID},
    IBAN: _TEXTS,
    EMAIL: _TEXTS,
    NAME: _TEXTS,
    DATE: _TEXTS | {Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ, Kind.LITERAL},
    REMOVED: _TEXTS | {Kind.JSON, Kind.BINARY, Kind.LITERAL},
    NULL: frozenset(Kind),
    CONST: frozenset(Kind),
}
"""What each can be said of."""

APART = frozenset({CODE, PHONE, IBAN, EMAIL, NAME, DATE})
"""Those that never make two values of a unique column one."""

_REMEMBERED, _LONGEST = 1 << 15, 256  # distinct values a method remembers, and characters of the longest


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What a rule makes of one column. `apart`: values of it are unique, there or where it points."""

    key: MaskKey
    rule: MaskRule
    apart: bool

    def of(self, table: Table, column: Column) -> Values:
        """For the column as it is typed now. Misuse where the method cannot fill it; the arrays may raise Recast."""
        self.require_fitting(table, column)
        made = self._made(table, column)
        if column.limits.fixed and column.type.kind is Kind.TEXT and column.max_length is not None:
            return partial(_padded, made=made, length=column.max_length)
        return made

    def _made(self, table: Table, column: Column) -> Values:
        if self.rule.method == NULL:
            return lambda values: pa.nulls(len(values), values.type)
        if self.rule.method == CONST:
            return partial(_constant, value=self._constant(column))
        if self.rule.method == REMOVED:
            return _removed(table, column)
        if column.type.kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
            day = lru_cache(_REMEMBERED)(partial(texts.day, self.key))
            return partial(_days, day=day, held=partial(check, table, column))
        return partial(_each, one=self._one(column.type.kind), place=f"{table.name}.{column.name}", at=self.rule.at)

    def require_fitting(self, table: Table, column: Column) -> None:
        """Misuse where the method cannot fill the column."""
        label, method = f"{table.name}.{column.name}", self.rule.method
        if column.type.kind not in KINDS[method] or (column.type.kind is Kind.DECIMAL and column.type.scale):
            able = [name for name, kinds in KINDS.items() if column.type.kind in kinds]
            raise self._refused(f"{label} is {column.type}: {method} cannot fill it", f"use {', '.join(able)}")
        if method == REMOVED and not _has_blank(table, column):
            raise self._refused(f"{label} is {column.native}, of which no value is empty", "use null or {const: …}")
        if method == NULL and not column.nullable:
            raise self._refused(f"{label} takes no NULL", "use another method")
        if column.choices and method not in (NULL, CONST):
            raise self._refused(f"{label} takes {len(column.choices)} values and no other", "use {const: …} or null")
        needs = {EMAIL: texts.EMAIL_LENGTH, NAME: texts.NAME_LENGTH + texts.TOKEN_SPACE * self.apart}.get(method, 0)
        if column.max_length is not None and column.max_length < needs:
            raise self._refused(f"{label} holds {column.max_length} characters, {method} needs {needs}", "use code")

    def _refused(self, what: str, next: str) -> Misuse:
        return Misuse(what, where=self.rule.at, next=next)

    def _constant(self, column: Column) -> pa.Scalar:
        value, kind = self.rule.value, column.type.kind
        text = str(value).lower() if isinstance(value, bool) else str(value)
        try:
            if kind is Kind.VARIANT:
                text = Variant.encode(int(value) if isinstance(value, bool) else value or "")
            made = from_text(pa.array([text]), column.type)
        except (pa.ArrowException, ValueError, ArithmeticError) as error:
            raise self._refused(f"{self.rule.label} is {column.type}: const is none", "write a value of it") from error
        if column.choices and text not in column.choices:
            raise self._refused(f"{self.rule.label} does not take this value", f"one of {', '.join(column.choices)}")
        if column.max_length is not None and len(text) > column.max_length:
            raise self._refused(f"{self.rule.label} holds {column.max_length} characters", "write a shorter value")
        return made[0]

    def _one(self, kind: Kind) -> Callable[[Any], Any]:
        """What becomes of one value; the values most recently seen are remembered."""
        of_text = self._of_text()
        of_number = partial(texts.number, self.key)
        if kind is Kind.INTEGER:
            return lru_cache(_REMEMBERED)(of_number)
        if kind is Kind.DECIMAL:
            return lambda value: type(value)(of_number(int(value)))
        remembered = lru_cache(_REMEMBERED)(of_text)
        short = lambda text: remembered(text) if len(text) <= _LONGEST else of_text(text)  # noqa: E731
        return partial(_tagged, of_text=short, of_number=of_number) if kind is Kind.VARIANT else short

    def _of_text(self) -> Callable[[str], str]:
        functions: dict[str, Callable[[MaskKey, str], str]] = {
            CODE: texts.code,
            PHONE: texts.phone,
            IBAN: texts.iban,
            EMAIL: texts.email,
            NAME: partial(texts.name, apart=self.apart),
            DATE: texts.written_day,
        }
        return partial(functions[self.rule.method], self.key)


# ── arrays ──────────────────────────────────────────────────────────────────────────────────────────────────
def _each(values: pa.Array, one: Callable[[Any], Any], place: str, at: str) -> pa.Array:
    """Value by value, each distinct one once."""
    encoded = values.dictionary_encode()
    try:
        made = [one(value) for value in encoded.dictionary.to_pylist()]
    except Unmaskable as error:
        raise Red(str(error), where=f"{at} {place}", next="use removed, null or {const: …}") from error
    return pa.array(made, values.type).take(encoded.indices)


def _tagged(cell: str, of_text: Callable[[str], str], of_number: Callable[[int], int]) -> str:
    """One value among values of several types keeps its own."""
    tag, body = cell[:2], cell[2:]
    if tag == Variant.TEXT:
        return tag + of_text(body)
    if tag == Variant.INTEGER:
        return f"{tag}{of_number(int(body))}"
    raise Unmaskable("a value is neither text nor a whole number")


def _constant(values: pa.Array, value: pa.Scalar) -> pa.Array:
    return pc.if_else(pc.is_valid(values), value, pa.scalar(None, values.type))


def _padded(values: pa.Array, made: Values, length: int) -> pa.Array:
    """As a column of a fixed length gives its values back."""
    return pc.utf8_rpad(pc.utf8_rtrim(made(values), " "), width=length, padding=" ")


def _days(values: pa.Array, day: Callable[[dt.date], dt.date], held: Callable[[pa.Array], None]) -> pa.Array:
    """Another day, at the same time of it."""
    held(values)  # no calendar here has the days that an archive holds as text
    days = pc.cast(pc.floor_temporal(values, unit="day"), pa.date32())
    encoded = days.dictionary_encode()
    made = pa.array([day(one) for one in encoded.dictionary.to_pylist()], pa.date32())
    other = made.take(encoded.indices)
    if pa.types.is_date(values.type):
        return other
    apart = pc.subtract(pc.cast(other, values.type), pc.cast(days, values.type))
    return pc.add(values, apart)


def _removed(table: Table, column: Column) -> Values:
    kind = column.type.kind
    if kind is Kind.JSON:
        return _emptied
    if kind is Kind.TEXT:
        return _filled
    if kind is Kind.VARIANT:
        return _emptied_variants
    blank = blanks(table, column, 1)[0]
    return partial(_constant, value=pa.scalar(blank.as_py(), arrow_type(column.type)))


def _has_blank(table: Table, column: Column) -> bool:
    try:
        return len(blanks(table, column, 1)) == 1
    except Red:
        return False


def _filled(values: pa.Array) -> pa.Array:
    """A sentence that says so, as long as the text was; what may be a document to a program stays an empty one."""
    for pattern, empty in ((r"(?s)^\s*\{.*\}\s*$", "{}"), (r"(?s)^\s*\[.*\]\s*$", "[]")):
        values = pc.if_else(pc.match_substring_regex(values, pattern), empty, values)
    is_empty = pc.is_in(values, pa.array(["{}", "[]"]))
    return pc.if_else(is_empty, values, _sentences(values))


def _sentences(values: pa.Array) -> pa.Array:
    lengths = pc.utf8_length(values).dictionary_encode()
    made = [(SENTENCE * (length // len(SENTENCE) + 1))[:length] for length in lengths.dictionary.to_pylist()]
    return pa.array(made, values.type).take(lengths.indices)


def _emptied(values: pa.Array) -> pa.Array:
    """An object stays an object, a list a list."""
    trimmed = pc.utf8_ltrim_whitespace(values)
    other = pc.if_else(pc.is_valid(values), "null", pa.scalar(None, values.type))
    emptied = pc.if_else(pc.starts_with(trimmed, "["), "[]", other)
    return pc.if_else(pc.starts_with(trimmed, "{"), "{}", emptied)


def _emptied_variants(values: pa.Array) -> pa.Array:
    tags = pc.utf8_slice_codeunits(values, 0, 2)
    texts_ = pc.binary_join_element_wise(Variant.TEXT, _filled(pc.utf8_slice_codeunits(values, 2)), "")
    is_number = pc.is_in(tags, pa.array([Variant.INTEGER, Variant.REAL]))
    rest = pc.if_else(
        is_number,
        pc.binary_join_element_wise(tags, "0", ""),
        pc.if_else(pc.equal(tags, Variant.BINARY), Variant.BINARY, texts_),
    )
    return pc.if_else(pc.is_valid(values), rest, pa.scalar(None, values.type))
