"""Conversions into text, its validated forms (UUID, JSON) and bytes."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa

from mappings.conversions.numbers import digits_sql
from mappings.conversions.rule import Rule, Rules, matching
from mappings.kinds import TEXTUAL
from storage.schema import Kind, Type
from storage.types import arrow_type, to_text

_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


def canonical_text(value: Any, source: Type, _target: Type) -> str:
    """The text the archive's CSV master writes; the SQL below must say the same."""
    return str(to_text(pa.array([value], arrow_type(source)), source)[0])


def float_text_sql(number: str, _source: Type, _target: Type) -> str:
    """Arrow's shortest digits from DuckDB's: both agree on the digits, and differ in when an exponent is written."""
    text = f"CAST({number} AS VARCHAR)"
    size = f"abs({number})"
    digits = rf"regexp_replace({text}, '\.0$', '')"
    bare = f"ltrim(replace({digits}, '.', ''), '-')"
    sign = f"CASE WHEN {number} < 0 THEN '-' ELSE '' END"
    tail = f"rtrim(substr({bare}, 2), '0')"
    scientific = (
        f"{sign} || left({bare}, 1) || CASE WHEN {tail} = '' THEN '' ELSE '.' || {tail} END "
        f"|| 'e+' || CAST(strpos(ltrim({digits}, '-') || '.', '.') - 2 AS VARCHAR)"
    )
    mantissa = f"replace(ltrim(split_part({text}, 'e', 1), '-'), '.', '')"
    small = f"{sign} || CASE WHEN {size} >= 1e-5 THEN '0.0000' ELSE '0.00000' END || {mantissa}"
    return (
        f"CASE WHEN isnan({number}) THEN 'NaN' "
        f"WHEN isinf({number}) THEN CASE WHEN {number} > 0 THEN 'INF' ELSE '-INF' END "
        f"WHEN {size} = 0 OR ({size} >= 1e-4 AND {size} < 1e10) THEN {digits} "
        f"WHEN {size} >= 1e-6 AND {size} < 1e-4 THEN {small} "
        f"WHEN {size} >= 1e10 AND {size} < 1e16 THEN {scientific} "
        rf"ELSE regexp_replace({text}, 'e([+-])0+', 'e\1') END"
    )


def _cast(expression: str, _source: Type, _target: Type) -> str:
    return f"CAST({expression} AS VARCHAR)"


def _moment(pattern: str, moment: str) -> Rule:
    return Rule(
        sql=lambda value, _source, _target: f"strftime({moment.format(value)}, '{pattern}')",
        twin=canonical_text,
        total=True,
    )


def _uuid(text: str, _source: Type, _target: Type) -> str:
    if re.fullmatch(_UUID, text):
        return text.lower()
    raise ValueError(f"{text!r} is no UUID")


def _json(text: str, _source: Type, _target: Type) -> str:
    json.loads(text, parse_constant=_no_constant)
    return text


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json_sql(text: str, _source: Type, _target: Type) -> str:
    # DuckDB also takes NaN and Infinity in any case: outside of strings nothing else contains these letters
    bare = rf"""lower(regexp_replace({text}, '"(\\.|[^"\\])*"', '', 'g'))"""
    return f"CASE WHEN json_valid({text}) AND NOT regexp_matches({bare}, 'nan|inf') THEN {text} END"


_SAME = Rule(sql=lambda text, _source, _target: text, twin=lambda text, _source, _target: text, total=True)
_TEXT = Rule(sql=_cast, twin=canonical_text, total=True)

RULES: Rules = {}
for _text in (Kind.TEXT, Kind.LITERAL):
    RULES |= {(_textual, _text): _SAME for _textual in TEXTUAL}
    RULES |= {(_plain, _text): _TEXT for _plain in (Kind.BOOLEAN, Kind.INTEGER, Kind.DATE)}
    RULES[Kind.DECIMAL, _text] = Rule(sql=digits_sql, twin=canonical_text, total=True)
    RULES[Kind.FLOAT, _text] = Rule(sql=float_text_sql, twin=canonical_text, total=True)
    RULES[Kind.TIME, _text] = _moment("%H:%M:%S.%f", "(DATE '2000-01-01' + {})")
    RULES[Kind.TIMESTAMP, _text] = _moment("%Y-%m-%dT%H:%M:%S.%f", "{}")
    RULES[Kind.TIMESTAMPTZ, _text] = _moment("%Y-%m-%dT%H:%M:%S.%fZ", "timezone('UTC', {})")
    RULES[Kind.BINARY, _text] = Rule(
        sql=lambda value, _source, _target: f"TRY(decode({value}))",
        twin=lambda value, _source, _target: value.decode("utf-8"),
    )
for _textual in TEXTUAL:
    RULES[_textual, Kind.UUID] = Rule(
        sql=lambda text, _source, _target: matching(text, _UUID, f"lower({text})"), twin=_uuid
    )
    RULES[_textual, Kind.JSON] = Rule(sql=_json_sql, twin=_json)
    RULES[_textual, Kind.BINARY] = Rule(
        sql=lambda text, _source, _target: f"encode({text})",
        twin=lambda text, _source, _target: text.encode("utf-8"),
        total=True,
    )
