"""Which values of its class a PostgreSQL column takes as they are."""

from __future__ import annotations

import re

from migrator.platforms.postgres.types import bare, declared_type
from migrator.platforms.relational.repertoire import ranges
from storage.schema import NO_LIMITS, Kind, Limits

_BITS = {"smallint": 15, "integer": 31}
_FIRST, _LAST = "0001-01-01", "9999-12-31"
_FRACTION = re.compile(r"^(?:time|timestamp)\((\d)\)")
NAME_BYTES = 63
_WITHOUT_NUL = ((1, 0x10FFFF),)
_NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?|NaN|-?Infinity"  # as the server writes a numeric
_CODECS = {  # of databases that do not hold all of Unicode, by Python's names; of several bytes a character: unknown
    **{f"LATIN{number}": f"iso8859_{part}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)},
    **{f"ISO_8859_{part}": f"iso8859_{part}" for part in (5, 6, 7, 8)},
    **{f"WIN{page}": f"cp{page}" for page in (866, 874, *range(1250, 1259))},
    "KOI8R": "koi8_r",
    "KOI8U": "koi8_u",
}


def limits_of(base: str, encoding: str, *, enumerated: bool = False) -> Limits:
    """The limits of a type as format_type writes it (of a domain: its base type), in a database of this encoding."""
    kind, name = declared_type(base, enumerated=enumerated).kind, bare(base)
    if enumerated:
        return NO_LIMITS
    if name in _BITS:
        most = (1 << _BITS[name]) - 1
        return Limits(ranges=((str(-most - 1), str(most)),))
    if kind is Kind.TEXT:
        return Limits(
            characters=_characters(encoding),
            max_bytes=NAME_BYTES if name == "name" else None,
            fixed=name == "character",
        )
    if kind in (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        return _moments(kind, base)
    return Limits(
        single=name == "real",
        parsed=name == "jsonb",
        pattern=_NUMBER if kind is Kind.LITERAL and base == "numeric" else None,
    )


def _moments(kind: Kind, base: str) -> Limits:
    found = _FRACTION.match(base)
    fraction = int(found[1]) if found and found[1] != "6" else None
    if kind is Kind.TIME:
        return Limits(fraction=fraction)
    if kind is Kind.DATE:
        return Limits(ranges=((_FIRST, _LAST),))
    zone = "Z" if kind is Kind.TIMESTAMPTZ else ""
    return Limits(ranges=((f"{_FIRST}T00:00:00{zone}", f"{_LAST}T23:59:59.999999{zone}"),), fraction=fraction)


def _characters(encoding: str) -> tuple[tuple[int, int], ...]:
    codec = _CODECS.get(encoding)
    if codec is None:
        return _WITHOUT_NUL
    return ranges(bytes(range(1, 256)).decode(codec, "ignore"))
