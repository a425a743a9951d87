"""Values that have broken somebody's migration before, of every type a mapping meets."""

from __future__ import annotations

import datetime as dt
import decimal

from hypothesis import strategies as st

from storage.schema import Kind, Type
from storage.types import Variant

AWKWARD = [
    "",
    " ",
    "\\N",
    "ß",
    "é",
    "e\u0301",
    "İ",
    "👩‍👧",
    "a'b",
    'a"b',
    "a\nb",
    "a\r\n",
    "ال",
    "\t",
    "%",
    "_",
    "{}",
    "\x00",
    "a\x00b",
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(AWKWARD)
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1])
MAYBE_TEXTS = st.none() | TEXTS

_NUMBERLIKE = st.text("0123456789+-.eE _", max_size=12) | st.integers(-(10**20), 10**20).map(str)
_CLOCK = r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,7})?)?"
_MOMENTLIKE = st.from_regex(rf"\A[0-2][0-9]{{3}}-[01][0-9]-[0-3][0-9]([T ]{_CLOCK}(Z|\+0[0-9](:[0-5]0)?)?)?\Z")
_UUIDS = st.uuids().map(str)
_MOMENTS = (
    st.datetimes()
    | st.dates().map(lambda day: dt.datetime.combine(day, dt.time()))
    | st.sampled_from([dt.datetime.min, dt.datetime.max, dt.datetime(1969, 12, 31, 23, 59, 59, 999_999)])
)
_FLOATS = st.floats() | INTEGERS.map(float) | st.decimals(-(10**6), 10**6, places=3).map(float)
_DOCUMENTS = st.recursive(st.integers() | st.none() | st.booleans(), st.lists, max_leaves=4).map(
    lambda found: str(found).replace("None", "null").replace("True", "true").replace("False", "false")
) | st.sampled_from(['{"b": 1, "a": [1, 1.0]}', '{"a":1,"a":2}', '"\\u0000"', " 1 "])
_WRITTEN = (
    TEXTS
    | _NUMBERLIKE
    | _MOMENTLIKE
    | _UUIDS
    | st.times().map(str)
    | st.sampled_from(["true", "F", "YES", "NaN", "INF", "-INF", "Infinity", " 1", "1e400", "-0", "0000-01-01", "NULL"])
)
_VALUES: dict[Kind, st.SearchStrategy[object]] = {
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: INTEGERS,
    Kind.FLOAT: _FLOATS,
    Kind.TEXT: _WRITTEN,
    Kind.BINARY: st.binary(max_size=6) | TEXTS.map(str.encode),
    Kind.DATE: st.dates() | st.sampled_from([dt.date.min, dt.date.max]),
    Kind.TIME: st.times().map(lambda time: time.replace(fold=0)) | st.sampled_from([dt.time.min, dt.time.max]),
    Kind.TIMESTAMP: _MOMENTS,
    Kind.TIMESTAMPTZ: _MOMENTS.map(lambda moment: moment.replace(tzinfo=dt.UTC)),
    Kind.UUID: _UUIDS,
    Kind.JSON: _DOCUMENTS,
    Kind.LITERAL: _WRITTEN,
    Kind.VARIANT: (INTEGERS | _FLOATS | _WRITTEN | st.binary(max_size=4)).map(Variant.encode)
    | st.sampled_from(["x:/w==", "r:-0"]),
}

TYPES = tuple(Type(kind=kind) for kind in Kind if kind is not Kind.DECIMAL) + tuple(
    Type(kind=Kind.DECIMAL, precision=precision, scale=scale)
    for precision, scale in ((12, 2), (38, 0), (38, 10), (18, 18))
)
"""Every type a step may meet in the workbench; decimals too wide for it are held as text."""


def values_of(type_: Type) -> st.SearchStrategy[object]:
    """Values of the type as Arrow gives them to Python; never NULL."""
    return _decimals(type_) if type_.kind is Kind.DECIMAL else _VALUES[type_.kind]


def _decimals(type_: Type) -> st.SearchStrategy[object]:
    precision, scale = type_.precision or 38, type_.scale or 0
    most = 10**precision - 1
    near = st.integers(-(10 ** min(precision, scale + 2)) + 1, 10 ** min(precision, scale + 2) - 1)
    unscaled = st.integers(-most, most) | near | st.sampled_from([0, most, -most])
    return unscaled.map(lambda digits: decimal.Decimal(digits).scaleb(-scale, decimal.Context(prec=60)))
