"""What a target column would refuse, round, cut or rewrite: every limit it declares, as a condition over a value."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.affinity import changes
from mappings.conversions.texts import float_text_sql
from mappings.kinds import TEXTUAL, duckdb_type
from mappings.misfit import Misfit
from mappings.quote import literal
from storage.schema import Column, Kind, Limits, Type

_SHORTEN = "shorten it with a step, or widen the target column"
_TIMED = frozenset({Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ})
_UNITS = {0: "second", 3: "millisecond"}
_ALL_BUT_NUL = ((1, 0x10FFFF),)


def misfits(value: str, type_: Type, column: Column) -> Iterator[Misfit]:
    """Every way in which a value (SQL, of this type) may not fit the column, as far as the column says."""
    yield from changes(value, type_, column)
    if type_.kind is Kind.FLOAT:
        yield from _floats(value, type_, column.limits)
    if type_.kind is not column.type.kind:  # a column that takes anything, filled with values of one type
        return
    if type_.kind in TEXTUAL:
        yield from _lengths(f"length({value})", "characters", column)
        yield from _sizes(f"strlen({value})", column.limits)
        yield from _texts(value, column)
    elif type_.kind is Kind.BINARY:
        yield from _lengths(f"octet_length({value})", "bytes", column)
        yield from _sizes(f"octet_length({value})", column.limits)
    else:
        yield from _range(value, type_, column.limits)
    if type_.kind in _TIMED and column.limits.fraction is not None:
        yield _fraction(value, column.limits.fraction)


# ── numbers and moments ─────────────────────────────────────────────────────────────────────────────────────
def _range(value: str, type_: Type, limits: Limits) -> Iterator[Misfit]:
    if limits.ranges:
        within = " OR ".join(f"({_between(value, type_, *ends)})" for ends in limits.ranges)
        said = ", or ".join(_said(*ends) for ends in limits.ranges)
        yield Misfit(failed=f"NOT ({within})", what=f"the target column takes {said}")


def _between(value: str, type_: Type, least: str | None, greatest: str | None) -> str:
    ends = [(sign, end) for sign, end in ((">=", least), ("<=", greatest)) if end is not None]
    return " AND ".join(f"{value} {sign} CAST({literal(end)} AS {duckdb_type(type_)})" for sign, end in ends)


def _said(least: str | None, greatest: str | None) -> str:
    if least == greatest:
        return f"{least}"
    return " and ".join(
        f"{word} {end}" for word, end in (("at least", least), ("at most", greatest)) if end is not None
    )


def _floats(value: str, type_: Type, limits: Limits) -> Iterator[Misfit]:
    if limits.never:
        few = f"isnan({value}) OR isinf({value}) OR {value} = 0"  # others need no text
        written = f"{float_text_sql(value, type_, type_)} IN ({', '.join(map(literal, limits.never))})"
        yield Misfit(
            failed=f"({few}) AND {written}",
            what=f"the target column does not hold {', '.join(limits.never)}",
            next="correct it with a sql step (-0: column + 0), or leave its row out with where or reject",
        )
    if limits.single:
        yield Misfit(
            failed=f"CAST(TRY_CAST({value} AS FLOAT) AS DOUBLE) IS DISTINCT FROM {value}",
            what="value would be rounded: the target column holds 4-byte floats",
            next='widen the target column to 8 bytes, or round in the mapping (sql: "CAST(column AS FLOAT)")',
        )


def _fraction(value: str, digits: int) -> Misfit:
    unit = _UNITS.get(digits)
    cut = f"sql: \"date_trunc('{unit}', column)\"" if unit else "a sql step"
    return Misfit(
        failed=f"date_part('microseconds', {value}) % {10 ** (6 - digits)} <> 0",
        what=f"value would be rounded: the target column holds {digits} digits of a second's fraction",
        next=f"declare it in the mapping ({cut}), or widen the target column",
    )


# ── lengths ─────────────────────────────────────────────────────────────────────────────────────────────────
def _lengths(length: str, unit: str, column: Column) -> Iterator[Misfit]:
    if column.max_length is None:
        return
    yield Misfit(
        failed=f"{length} > {column.max_length}", what=f"value is longer than {column.max_length}", next=_SHORTEN
    )
    if column.limits.fixed:
        filled = f"sql: \"rpad(column, {column.max_length}, ' ')\"" if unit == "characters" else "a sql step"
        yield Misfit(
            failed=f"{length} < {column.max_length}",
            what=f"value would be filled up: those of the target column have {column.max_length} {unit}",
            next=f"declare it in the mapping ({filled}), or let the target column have values of any length",
        )


def _sizes(size: str, limits: Limits) -> Iterator[Misfit]:
    if limits.max_bytes is not None:
        failed = f"{size} > {limits.max_bytes}"
        yield Misfit(failed=failed, what=f"value is longer than {limits.max_bytes} bytes", next=_SHORTEN)


# ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────
def _texts(value: str, column: Column) -> Iterator[Misfit]:
    if column.choices:
        yield Misfit(
            failed=f"{value} NOT IN ({', '.join(map(literal, column.choices))})",
            what="the target column has no such value among its choices",
            next="map it with a lookup, add it to the target's type, or leave its row out with where or reject",
        )
    if column.limits.characters:
        yield _characters(value, column.limits.characters)
    if column.limits.trimmed:
        yield Misfit(
            failed=f"ends_with({value}, ' ')",
            what="value would be cut: the target column loses blanks at the end",
            next="declare it in the mapping (sql: \"rtrim(column, ' ')\"), or let the target column be a varchar",
        )
    if column.limits.pattern is not None:
        yield Misfit(
            failed=f"NOT regexp_full_match({value}, {literal(column.limits.pattern)})",
            what=f"value is not written as {column.native} writes its own",
            next="cast it to the type it is before, or leave its row out with where or reject",
        )
    if column.limits.parsed:
        yield Misfit(
            failed=_rewritten(value),
            what=f"document would be rewritten: {column.native} keeps what it says, not how it is written",
            next="let the target column keep the text (json, text), or leave its row out with where or reject",
        )


def _characters(value: str, ranges: tuple[tuple[int, int], ...]) -> Misfit:
    if ranges == _ALL_BUT_NUL:
        return Misfit(
            failed=f"contains({value}, chr(0))",
            what="value holds a NUL character, which the target column does not take",
            next="take it out (sql: \"replace(column, chr(0), '')\"), or leave its row out with where or reject",
        )
    held = "".join(rf"\x{{{first:x}}}-\x{{{last:x}}}" for first, last in ranges)
    return Misfit(
        failed=f"regexp_matches({value}, '[^{held}]')",
        what="value holds a character that the target column's character set does not have",
        next="replace it with a sql step, leave its row out with where or reject, or alter the target column's set",
    )


_JSON_TOKEN = "|".join(
    (
        r'"([^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00(0[1-7bef]|1[0-9a-f]))*"',
        r"-?(0|[1-9][0-9]*)(\.[0-9]+)?",
        r"true|false|null|, |: |[\[\]{}]",
    )
)


def _rewritten(document: str) -> str:
    """Whether a parsed document would be written otherwise: other tokens, or keys not by their length and bytes."""
    keys = f"SELECT key, lag(key) OVER (PARTITION BY parent ORDER BY id) AS before FROM json_tree({document})"
    unordered = "strlen(before) > strlen(key) OR (strlen(before) = strlen(key) AND before >= key)"
    tokens = f"regexp_full_match({document}, {literal(f'({_JSON_TOKEN})*')})"
    return f"NOT {tokens} OR EXISTS (SELECT 1 FROM ({keys}) AS keys WHERE {unordered})"
