"""Conversions into dates, times and timestamps. Text is ISO 8601; an instant without a zone is UTC."""

from __future__ import annotations

import datetime as dt
import re

from mappings.conversions.rule import Rule, Rules, matching
from mappings.kinds import TEXTUAL, duckdb_type
from storage.schema import Kind, Type

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
_ZONE = "(Z|[+-](0[0-9]|1[0-5])(:[0-5][0-9])?)"
_INSTANT = Kind.TIMESTAMPTZ
_PATTERNS = {
    Kind.DATE: _DATE,
    Kind.TIME: _TIME,
    Kind.TIMESTAMP: f"{_DATE}([T ]{_TIME})?",
    Kind.TIMESTAMPTZ: f"{_DATE}[T ]{_TIME}{_ZONE}",
}


def _parse_sql(text: str, _source: Type, target: Type) -> str:
    # year 0000 is a date to DuckDB and none to ISO calendars elsewhere
    parsed = f"CASE WHEN left({text}, 5) <> '0000-' THEN TRY_CAST({_timed(text, target)} AS {duckdb_type(target)}) END"
    return matching(text, _PATTERNS[target.kind], _of_the_calendar(parsed) if target.kind is _INSTANT else parsed)


def _of_the_calendar(instant: str) -> str:
    # in UTC the first day of year 1 may be one of year 0, and the last of 9999 one of 10000: no kind holds those
    first, last = "TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"
    return f"CASE WHEN {instant} BETWEEN {first} AND {last} THEN {instant} END"


def _timed(text: str, target: Type) -> str:
    # DuckDB takes a time of day only with its seconds
    if target.kind is Kind.TIME:
        return f"CASE WHEN length({text}) = 5 THEN {text} || ':00' ELSE {text} END"
    if target.kind is Kind.DATE:
        return text
    return rf"regexp_replace({text}, '^(.{{10}}[T ][0-9]{{2}}:[0-9]{{2}})($|Z|[+-])', '\1:00\2')"


def _parse(text: str, _source: Type, target: Type) -> dt.date | dt.time | dt.datetime:
    if not re.fullmatch(_PATTERNS[target.kind], text):
        raise ValueError(f"{text!r} is no {target}")
    padded = re.sub(r"(\.[0-9]+)", lambda fraction: fraction[0].ljust(7, "0"), text)
    if target.kind is Kind.DATE:
        return dt.date.fromisoformat(padded)
    if target.kind is Kind.TIME:
        return dt.time.fromisoformat(padded)
    try:
        return _utc(dt.datetime.fromisoformat(padded))
    except OverflowError as error:
        raise ValueError(f"{text!r} is no {target}") from error


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment


def _midnight(moment: dt.datetime, _source: Type, _target: Type) -> dt.date:
    if moment.time() == dt.time():
        return moment.date()
    raise ValueError(f"{moment} is not midnight")


RULES: Rules = {
    (Kind.TIMESTAMP, Kind.DATE): Rule(
        sql=lambda moment, _source, _target: (
            f"CASE WHEN {moment} = date_trunc('day', {moment}) THEN CAST({moment} AS DATE) END"
        ),
        twin=_midnight,
    ),
    (Kind.DATE, Kind.TIMESTAMP): Rule(
        sql=lambda day, _source, _target: f"CAST({day} AS TIMESTAMP)",
        twin=lambda day, _source, _target: dt.datetime.combine(day, dt.time()),
        total=True,
    ),
    (Kind.TIMESTAMPTZ, Kind.TIMESTAMP): Rule(
        sql=lambda moment, _source, _target: f"timezone('UTC', {moment})",
        twin=lambda moment, _source, _target: _utc(moment).replace(tzinfo=None),
        total=True,
    ),
    (Kind.TIMESTAMP, Kind.TIMESTAMPTZ): Rule(
        sql=lambda moment, _source, _target: f"timezone('UTC', {moment})",
        twin=lambda moment, _source, _target: moment.replace(tzinfo=dt.UTC),
        total=True,
    ),
}
for _textual in TEXTUAL:
    RULES |= {(_textual, _kind): Rule(sql=_parse_sql, twin=_parse) for _kind in _PATTERNS}
