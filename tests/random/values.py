"""Values that have broken somebody's migration before, whatever the platform; each platform takes those it can hold."""

from __future__ import annotations

import datetime as dt
import json

from hypothesis import strategies as st

TRAPS = (
    "",
    " ",
    "  two  ",
    "\\N",
    "\\",
    "NULL",
    "null",
    "nan",
    "007",
    "1e3",
    "0x1F",
    "true",
    "it's",
    'say "so"',
    "a,b;c",
    "{}",
    "{a}",
    "%s",
    "$1",
    "\t",
    "\r\n",
    "a\nb",
    "\x01\x1f\x7f",
    "\u0085\u2028",
    "ß",
    "İı",
    "é",
    "e\u0301",
    "\ufeffx",
    "ال",
    "日本語",
    "👩‍👧",
    "\U0010ffff",
    "\x1flarge:",
    "i:1",
    "2024-02-29",
)
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


def texts(longest: int = 24) -> st.SearchStrategy[str]:
    """Without NUL, of so many characters at most."""
    traps = [trap for trap in TRAPS if len(trap) <= longest]
    return st.sampled_from(traps) | st.text(_CHARACTERS, max_size=min(longest, 12))


def latin(longest: int) -> st.SearchStrategy[str]:
    """What latin1 holds, as MariaDB understands it."""
    return st.text(st.sampled_from("aAzZ é ñ ü ß ÿ €'\\\t"), max_size=longest)


def whole(bits: int, *, signed: bool = True) -> st.SearchStrategy[int]:
    least, most = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return st.integers(least, most) | st.sampled_from([least, most, 0, 1])


def digits(precision: int, scale: int, *, signed: bool = True) -> st.SearchStrategy[str]:
    """Decimals as text, with all digits of their scale."""
    most = 10**precision - 1
    unscaled = st.integers(-most if signed else 0, most) | st.sampled_from([0, 1, most])
    return unscaled.map(lambda number: _pointed(number, scale))


def _pointed(number: int, scale: int) -> str:
    text = str(abs(number)).rjust(scale + 1, "0")
    return ("-" if number < 0 else "") + (f"{text[:-scale]}.{text[-scale:]}" if scale else text)


FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [0.0, 0.1, 1e22, 5e-324, 1.7976931348623157e308, 123456789.123456789]
)
SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False)
BYTES = st.binary(max_size=12) | st.sampled_from([b"", b"\0", b"\xff\xfe", b"\\N", b"'", b"\x1flarge:"])
DATES = st.dates() | st.sampled_from([dt.date.min, dt.date.max, dt.date(1582, 10, 10), dt.date(2024, 2, 29)])
TIMES = st.times().map(lambda time: time.replace(fold=0)) | st.sampled_from([dt.time.min, dt.time.max])
MOMENTS = st.datetimes().map(lambda moment: moment.replace(fold=0)) | st.sampled_from(
    [dt.datetime.min, dt.datetime.max, dt.datetime(2024, 3, 31, 2, 30), dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)]
)
UUIDS = st.uuids().map(str)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | texts(6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(4), inner, max_size=3),
    max_leaves=5,
).map(lambda found: json.dumps(found, ensure_ascii=False)) | st.sampled_from(
    ['{"b": 1, "a": 2}', '{"a":1,"a":2}', "1.50", "1e400", " [ ] ", '"\\u00e9"']
)
