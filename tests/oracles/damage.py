"""What goes wrong with cells, kind by kind: the value that was there and the one that is there instead.

The answer key of a thousand corruptions: it is written down here, and nothing of the software is asked for it.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from tests.random.shape import Value

Pair = tuple[Value, Value]

SQLITE, POSTGRESQL, MYSQL = "sqlite", "postgresql", "mysql"


@dataclass(frozen=True, kw_only=True)
class Damage:
    """One kind. `pair(n)` is the nth cell before and after; `declared` its column, on platforms that can hold both."""

    name: str
    declared: Mapping[str, str]
    pair: Callable[[int], Pair]


def said(value: Value, native: ModuleType) -> Value:
    """As the plain client of that platform says it: numbers are text where a server speaks text."""
    if isinstance(value, float):
        return value if native.number(0) == 0 else repr(value)
    plain = {bytes: native.raw, int: native.number}.get(type(value))
    return plain(value) if plain else value


def _text(change: Callable[[str], str]) -> Callable[[int], Pair]:
    return lambda n: (_word(n), change(_word(n)))


def _word(n: int) -> str:
    return f"Größe {n} à la façon"


def _either_way(one: Callable[[int], Pair]) -> Callable[[int], Pair]:
    """Every second one the other way round."""
    return lambda n: one(n) if n % 2 else (one(n)[1], one(n)[0])


def _blanks(n: int) -> Pair:
    values = (None, "", " ")
    return values[n % 3], values[(n + 1 + n // 3 % 2) % 3]


def _blob(n: int) -> bytes:
    return bytes((n * 7 + place) % 256 for place in range(200))


def _one_bit(n: int) -> Pair:
    raw = bytearray(_blob(n))
    raw[n % 200] ^= 1 << n % 8
    return _blob(n), bytes(raw)


def _moment(n: int) -> dt.datetime:
    return dt.datetime(2024, 3, 31, 2, 30, 0, 999_999) + n * dt.timedelta(hours=7, microseconds=1)


def _shifted(step: dt.timedelta) -> Callable[[int], Pair]:
    def pair(n: int) -> Pair:
        other = _moment(n) + (step if n % 2 else -step)
        return _moment(n).isoformat(" ", "microseconds"), other.isoformat(" ", "microseconds")

    return pair


def _day(n: int) -> Pair:
    day = dt.date(1582, 10, 10) + n * dt.timedelta(days=997)
    return str(day), str(day + dt.timedelta(days=1))


_FOLDING = {
    SQLITE: "TEXT COLLATE NOCASE",
    POSTGRESQL: "text",
    MYSQL: "varchar(400) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
}
"""A server that compares by itself would call most of these equal."""
_WHOLE = {SQLITE: "INTEGER", POSTGRESQL: "bigint", MYSQL: "bigint"}
_FLOAT = {SQLITE: "REAL", POSTGRESQL: "double precision", MYSQL: "double"}
_BYTES = {SQLITE: "BLOB", POSTGRESQL: "bytea", MYSQL: "longblob"}
_MOMENT = {SQLITE: "DATETIME", POSTGRESQL: "timestamp", MYSQL: "datetime(6)"}
_INSTANT = {SQLITE: "TEXT", POSTGRESQL: "timestamptz", MYSQL: "timestamp(6) NULL"}
_DOCUMENT = {SQLITE: "TEXT", POSTGRESQL: "json", MYSQL: "json"}
_MICROSECOND, _HOUR = dt.timedelta(microseconds=1), dt.timedelta(hours=1)

DAMAGES = (
    Damage(name="another word", declared=_FOLDING, pair=lambda n: (_word(n), _word(n + 1))),
    Damage(name="space behind", declared=_FOLDING, pair=_either_way(_text(lambda word: word + " "))),
    Damage(name="tab behind", declared=_FOLDING, pair=_either_way(_text(lambda word: word + "\t"))),
    Damage(name="space before", declared=_FOLDING, pair=_text(lambda word: " " + word)),
    Damage(name="null, empty, blank", declared=_FOLDING, pair=_blanks),
    Damage(name="case only", declared=_FOLDING, pair=_text(str.swapcase)),
    Damage(
        name="nfc and nfd",
        declared=_FOLDING,
        pair=_either_way(_text(lambda word: unicodedata.normalize("NFD", word))),
    ),
    Damage(name="byte order mark", declared=_FOLDING, pair=_either_way(_text(lambda word: "\ufeff" + word))),
    Damage(name="zero width space", declared=_FOLDING, pair=_text(lambda word: word.replace(" ", "\u200b ", 1))),
    Damage(name="look-alike", declared=_FOLDING, pair=_text(lambda word: word.replace("a", "\u0430"))),
    Damage(name="line end", declared=_FOLDING, pair=_either_way(lambda n: (f"{n}\r\nb", f"{n}\nb"))),
    Damage(name="read as latin1", declared=_FOLDING, pair=_text(lambda word: word.encode("utf-8").decode("latin-1"))),
    Damage(name="cut at 255", declared=_FOLDING, pair=lambda n: (_word(n).ljust(300, "x"), _word(n).ljust(255, "x"))),
    Damage(
        name="nul behind",
        declared={SQLITE: "TEXT", MYSQL: _FOLDING[MYSQL]},
        pair=_text(lambda word: word + "\0"),
    ),
    Damage(name="a bit of a blob", declared=_BYTES, pair=_one_bit),
    Damage(name="nul behind a blob", declared=_BYTES, pair=_either_way(lambda n: (_blob(n), _blob(n) + b"\0"))),
    Damage(name="one more", declared=_WHOLE, pair=lambda n: ((1 << 53) + 2 * n, (1 << 53) + 2 * n + 1)),
    Damage(name="last bit of a float", declared=_FLOAT, pair=lambda n: (n / 7, math.nextafter(n / 7, math.inf))),
    Damage(
        name="minus zero",
        declared={SQLITE: "", POSTGRESQL: "double precision"},
        pair=_either_way(lambda _: (0.0, -0.0)),
    ),
    Damage(name="number and text", declared={SQLITE: ""}, pair=_either_way(lambda n: (n, str(n)))),
    Damage(name="whole and real", declared={SQLITE: ""}, pair=_either_way(lambda n: (n, float(n)))),
    Damage(name="text and blob", declared={SQLITE: ""}, pair=_either_way(lambda n: (f"{n}", f"{n}".encode()))),
    Damage(
        name="not a number",
        declared={POSTGRESQL: "double precision"},
        pair=lambda n: ("NaN", ("0", "Infinity", "-Infinity", None)[n % 4]),
    ),
    Damage(
        name="last of 38 digits",
        declared={SQLITE: "TEXT", POSTGRESQL: "numeric(38,10)", MYSQL: "decimal(38,10)"},
        pair=lambda n: (f"1234567890123456789012345678.{n:09}1", f"1234567890123456789012345678.{n:09}2"),
    ),
    Damage(name="a microsecond", declared=_MOMENT, pair=_shifted(_MICROSECOND)),
    Damage(name="a microsecond of an instant", declared=_INSTANT, pair=_shifted(_MICROSECOND)),
    Damage(name="an hour of an instant", declared=_INSTANT, pair=_shifted(_HOUR)),
    Damage(name="a day", declared={SQLITE: "TEXT", POSTGRESQL: "date", MYSQL: "date"}, pair=_day),
    Damage(
        name="a microsecond of a day",
        declared={SQLITE: "TEXT", POSTGRESQL: "time", MYSQL: "time(6)"},
        pair=_either_way(lambda n: (f"23:59:59.{n:06}", f"23:59:59.{n + 1:06}")),
    ),
    Damage(
        name="order of keys",
        declared=_DOCUMENT,
        pair=lambda n: (f'{{"a": {n}, "b": [1, 2]}}', f'{{"b": [1, 2], "a": {n}}}'),
    ),
    Damage(name="digits of json", declared=_DOCUMENT, pair=lambda n: (f'{{"a": {n}.50}}', f'{{"a": {n}.5}}')),
    Damage(
        name="truth",
        declared={SQLITE: "BOOLEAN", POSTGRESQL: "boolean", MYSQL: "tinyint(1)"},
        pair=_either_way(lambda _: (1, 0)),
    ),
    Damage(
        name="a digit of a uuid",
        declared={SQLITE: "TEXT", POSTGRESQL: "uuid", MYSQL: "uuid"},
        pair=lambda n: (f"0190c0de-0000-4000-8000-{n:011}0", f"0190c0de-0000-4000-8000-{n:011}1"),
    ),
    Damage(
        name="another choice",
        declared={SQLITE: "TEXT", POSTGRESQL: "mood", MYSQL: "enum('sad','happy','')"},
        pair=_either_way(lambda _: ("sad", "happy")),
    ),
)
