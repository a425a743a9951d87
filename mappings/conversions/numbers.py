"""Conversions into booleans, integers, floats and decimals."""

from __future__ import annotations

import decimal
import math
import re

from mappings.conversions.rule import Rule, Rules, matching
from mappings.kinds import TEXTUAL, duckdb_type
from storage.schema import Kind, Type

_INTEGER = r"[+-]?[0-9]+"
_FLOAT = r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
_TRUE, _FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
_EXACT_FLOAT = 1 << 53
_WIDE = decimal.Context(prec=100)


def _unfit(value: object) -> ValueError:
    return ValueError(f"{value!r} does not fit")


def _text_to_boolean_sql(text: str, _source: Type, _target: Type) -> str:
    def among(names: tuple[str, ...]) -> str:
        return f"lower({text}) IN {names!r}"

    return f"CASE WHEN {among(_TRUE)} THEN TRUE WHEN {among(_FALSE)} THEN FALSE END"


def _text_to_boolean(text: str, _source: Type, _target: Type) -> bool:
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise _unfit(text)


def _integer_to_boolean(number: int, _source: Type, _target: Type) -> bool:
    if number in (0, 1):
        return number == 1
    raise _unfit(number)


def _bigint(number: int) -> int:
    if -(1 << 63) <= number < 1 << 63:
        return number
    raise _unfit(number)


def _text_to_integer(text: str, _source: Type, _target: Type) -> int:
    if re.fullmatch(_INTEGER, text):
        return _bigint(int(decimal.Decimal(text)))
    raise _unfit(text)


def _float_to_integer_sql(number: str, _source: Type, _target: Type) -> str:
    limit = "CAST('9223372036854775808' AS DOUBLE)"
    whole = f"isfinite({number}) AND {number} = trunc({number}) AND {number} >= -{limit} AND {number} < {limit}"
    return f"CASE WHEN {whole} THEN CAST({number} AS BIGINT) END"


def _whole(number: float | decimal.Decimal, _source: Type, _target: Type) -> int:
    if math.isfinite(number) and number == int(number):
        return _bigint(int(number))
    raise _unfit(number)


def _integer_to_float(number: int, _source: Type, _target: Type) -> float:
    if -_EXACT_FLOAT <= number <= _EXACT_FLOAT:
        return float(number)
    raise _unfit(number)


def _decimal_to_float_sql(number: str, source: Type, _target: Type) -> str:
    # by its text: DuckDB's direct cast is a division that may miss the nearest double
    nearest = f"CAST(CAST({number} AS VARCHAR) AS DOUBLE)"
    return f"CASE WHEN TRY_CAST({_plain_sql(nearest)} AS {duckdb_type(source)}) = {number} THEN {nearest} END"


def _plain_sql(number: str) -> str:
    """The text of a double without an exponent: DuckDB reads those into decimals wrongly, or finds no room for them."""
    text = f"CAST({number} AS VARCHAR)"
    sign = f"CASE WHEN {number} < 0 THEN '-' ELSE '' END"
    digits = f"regexp_replace({text}, '[-.]|e.*', '', 'g')"
    exponent = f"CAST(regexp_extract({text}, 'e[+-]([0-9]+)', 1) AS INTEGER)"
    return (
        f"CASE WHEN contains({text}, 'e-') THEN {sign} || '0.' || repeat('0', {exponent} - 1) || {digits}"
        # from 1e16 on, a double has no digits behind the point
        f" WHEN contains({text}, 'e+') THEN {sign} || rpad({digits}, {exponent} + 1, '0') ELSE {text} END"
    )


def _decimal_to_float(number: decimal.Decimal, _source: Type, _target: Type) -> float:
    if decimal.Decimal(repr(float(number))) == number:  # as many digits as a double has, and no other
        return float(number)
    raise _unfit(number)


def text_to_float_sql(text: str, _source: Type, _target: Type) -> str:
    finite = f"TRY_CAST({text} AS DOUBLE)"
    special = " ".join(f"WHEN '{name}' THEN CAST('{name}' AS DOUBLE)" for name in ("NaN", "INF", "-INF"))
    return f"CASE {text} {special} ELSE {matching(text, _FLOAT, f'CASE WHEN isfinite({finite}) THEN {finite} END')} END"


def _text_to_float(text: str, _source: Type, _target: Type) -> float:
    if text in ("NaN", "INF", "-INF"):
        return float(text)
    if re.fullmatch(_FLOAT, text) and math.isfinite(float(text)):
        return float(text)
    raise _unfit(text)


def _text_to_decimal_sql(text: str, _source: Type, target: Type) -> str:
    # digits beyond the scale must be zeros: DuckDB's own cast would round them away
    pattern = rf"[+-]?[0-9]+(\.[0-9]{{0,{target.scale or 0}}}0*)?"
    return matching(text, pattern, f"TRY_CAST({text} AS {duckdb_type(target)})")


def digits_sql(number: str, source: Type, _target: Type) -> str:
    """The text of an integer or a decimal: DuckDB leaves out the zero before the point where no other digit may be."""
    text = f"CAST({number} AS VARCHAR)"
    is_fraction = source.kind is Kind.DECIMAL and source.precision == source.scale
    return rf"regexp_replace({text}, '^(-?)\.', '\10.')" if is_fraction else text


def _number_to_decimal_sql(number: str, source: Type, target: Type) -> str:
    return _text_to_decimal_sql(digits_sql(number, source, target), source, target)


def _float_to_decimal_sql(number: str, _source: Type, target: Type) -> str:
    nearest = f"TRY_CAST({_plain_sql(number)} AS {duckdb_type(target)})"
    # by its text, as above
    return f"CASE WHEN CAST(CAST({nearest} AS VARCHAR) AS DOUBLE) = {number} THEN {nearest} END"


def _to_decimal(value: str | int | float | decimal.Decimal, _source: Type, target: Type) -> decimal.Decimal:
    if isinstance(value, str) and not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]*)?", value):
        raise _unfit(value)
    exact = decimal.Decimal(repr(value) if isinstance(value, float) else value)
    if not exact.is_finite() or exact.adjusted() >= 60:
        raise _unfit(value)
    scaled = exact.quantize(decimal.Decimal(1).scaleb(-(target.scale or 0)), context=_WIDE)
    # outside this context Python rounds to 28 digits, in abs() and + too
    if scaled != exact or _WIDE.abs(scaled) >= decimal.Decimal(10) ** ((target.precision or 38) - (target.scale or 0)):
        raise _unfit(value)
    return _WIDE.plus(scaled)  # a decimal has no negative zero


def _try_cast(expression: str, _source: Type, target: Type) -> str:
    return f"TRY_CAST({expression} AS {duckdb_type(target)})"


_TO_DECIMAL = Rule(sql=_number_to_decimal_sql, twin=_to_decimal)

RULES: Rules = {
    (Kind.INTEGER, Kind.BOOLEAN): Rule(
        sql=lambda number, _source, _target: f"CASE {number} WHEN 1 THEN TRUE WHEN 0 THEN FALSE END",
        twin=_integer_to_boolean,
    ),
    (Kind.BOOLEAN, Kind.INTEGER): Rule(sql=_try_cast, twin=lambda value, _source, _target: int(value), total=True),
    (Kind.FLOAT, Kind.INTEGER): Rule(sql=_float_to_integer_sql, twin=_whole),
    (Kind.DECIMAL, Kind.INTEGER): Rule(
        sql=lambda number, source, target: (
            f"CASE WHEN {number} = trunc({number}) THEN {_try_cast(number, source, target)} END"
        ),
        twin=_whole,
    ),
    (Kind.INTEGER, Kind.FLOAT): Rule(
        sql=lambda number, _source, _target: (
            f"CASE WHEN {number} BETWEEN -{_EXACT_FLOAT} AND {_EXACT_FLOAT} THEN CAST({number} AS DOUBLE) END"
        ),
        twin=_integer_to_float,
    ),
    (Kind.DECIMAL, Kind.FLOAT): Rule(sql=_decimal_to_float_sql, twin=_decimal_to_float),
    (Kind.INTEGER, Kind.DECIMAL): _TO_DECIMAL,
    (Kind.DECIMAL, Kind.DECIMAL): _TO_DECIMAL,
    (Kind.FLOAT, Kind.DECIMAL): Rule(sql=_float_to_decimal_sql, twin=_to_decimal),
}
for _textual in TEXTUAL:
    RULES[_textual, Kind.BOOLEAN] = Rule(sql=_text_to_boolean_sql, twin=_text_to_boolean)
    RULES[_textual, Kind.INTEGER] = Rule(
        sql=lambda text, source, target: matching(text, _INTEGER, _try_cast(text, source, target)),
        twin=_text_to_integer,
    )
    RULES[_textual, Kind.FLOAT] = Rule(sql=text_to_float_sql, twin=_text_to_float)
    RULES[_textual, Kind.DECIMAL] = Rule(sql=_text_to_decimal_sql, twin=_to_decimal)
