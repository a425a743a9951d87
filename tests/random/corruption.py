"""Things that go wrong with rows that were loaded, and what a plain comparison of before and after says of them."""

from __future__ import annotations

import base64
import datetime as dt
import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hypothesis import strategies as st

from tests.random.shape import Native, Row, Sense, Shape, Value

Contents = Mapping[Shape, Sequence[Row]]
Place = tuple[str, tuple[str, ...], str]
"""Table, key and column; no column where the row is not there any more."""

_MOMENTS = {Sense.DATE, Sense.TIME, Sense.MOMENT, Sense.INSTANT}
_TICK, _SECOND = dt.timedelta(microseconds=1), dt.timedelta(seconds=1)


@st.composite
def corrupted(draw: st.DrawFn, contents: Contents, *, most: int = 6) -> dict[Shape, list[Row]]:
    """The tables in which something is wrong: one to `most` rows of theirs, or pairs of rows."""
    wrong: dict[Shape, list[Row]] = {}
    for _ in range(draw(st.integers(1, most))):
        shape = draw(st.sampled_from(sorted((one for one in contents if contents[one]), key=lambda one: one.name)))
        rows = wrong.setdefault(shape, list(contents[shape]))
        if rows:
            draw(st.sampled_from((_changed, _changed, _swapped, _lost, _added)))(draw, shape, rows)
    return wrong


def _changed(draw: st.DrawFn, shape: Shape, rows: list[Row]) -> None:
    number, place = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(shape.fields) - 1))
    native = shape.fields[place].native
    value = draw(st.sampled_from(list(altered(rows[number][place], native))) | native.values | st.none())
    rows[number] = (*rows[number][:place], value, *rows[number][place + 1 :])


def _swapped(draw: st.DrawFn, shape: Shape, rows: list[Row]) -> None:
    """Two rows that exchange a value: every sum over the column stays what it was."""
    one, other = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, len(rows) - 1))
    place = draw(st.integers(0, len(shape.fields) - 1))
    values = rows[one][place], rows[other][place]
    rows[one] = (*rows[one][:place], values[1], *rows[one][place + 1 :])
    rows[other] = (*rows[other][:place], values[0], *rows[other][place + 1 :])


def _lost(draw: st.DrawFn, _shape: Shape, rows: list[Row]) -> None:
    del rows[draw(st.integers(0, len(rows) - 1))]


def _added(draw: st.DrawFn, shape: Shape, rows: list[Row]) -> None:
    """One row twice: only a table without a key takes it."""
    if not shape.key:
        rows.append(rows[draw(st.integers(0, len(rows) - 1))])


def altered(value: Value, native: Native) -> Iterator[Value]:
    """Nearly the value: what is easily taken for it. Not every platform holds each of these."""
    if value is None:
        yield from ("", b"", "0", 0)
    elif isinstance(value, bytes):
        yield from _bytes_near(value)
    elif native.sense is Sense.BYTES:
        yield from (f"\\x{raw.hex()}" for raw in _bytes_near(bytes.fromhex(str(value).removeprefix("\\x"))))
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value, value ^ (1 << 40))
    elif isinstance(value, float):
        yield from (math.nextafter(value, math.inf), math.nextafter(value, -math.inf), -value)
    elif native.sense in _MOMENTS:
        yield from _moments_near(value)
    elif native.sense is Sense.FLOAT:
        yield from map(str, (math.nextafter(float(value), math.inf), -float(value)))
    else:
        yield from _texts_near(value)


def _bytes_near(value: bytes) -> Iterator[bytes]:
    yield from (b"", value + b"\0", value[:-1])
    if value:
        middle = len(value) // 2
        yield value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]


def _moments_near(value: str) -> Iterator[str]:
    is_time = value[2:3] == ":"
    moment = dt.datetime.fromisoformat(f"2000-01-01 {value}" if is_time else value)
    if dt.date.min < moment.date() < dt.date.max:
        yield from (str(moment + step)[11 if is_time else 0 :] for step in (_TICK, -_TICK, 3600 * _SECOND))
    yield value


def _texts_near(value: str) -> Iterator[str]:
    yield from (value + " ", " " + value, value.swapcase(), value[:-1], value.rstrip(), "")
    yield from (unicodedata.normalize(form, value) for form in ("NFC", "NFD"))
    yield value[:-1] + chr(ord(value[-1]) ^ 1) if value else " "
    yield value.encode("utf-8").decode("latin-1")


# ── what is wrong, as plain reading sees it ─────────────────────────────────────────────────────────────────
def places(shape: Shape, before: Sequence[Row], after: Sequence[Row]) -> set[Place]:
    """Where rows with a key are not as they were."""
    now = {shape.key_of(row): row for row in after}
    found = set()
    for row in before:
        key, other = shape.key_of(row), now.get(shape.key_of(row))
        if other is None:
            found.add((shape.name, tuple(map(_said, key)), ""))
            continue
        pairs = zip(shape.names, row, other, strict=True)
        found |= {(shape.name, tuple(map(_said, key)), name) for name, was, is_ in pairs if not _same(was, is_)}
    return found


def _same(was: Value, now: Value) -> bool:
    return repr(was) == repr(now)  # of floats too: -0.0 is not 0.0


def _said(key: Value) -> str:
    return base64.b64encode(key).decode() if isinstance(key, bytes) else str(key)


def missing(before: Sequence[Row], after: Sequence[Row]) -> int:
    """How many rows without a key there are too few of."""
    return (Counter(map(repr, before)) - Counter(map(repr, after))).total()
