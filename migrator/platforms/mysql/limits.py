"""Which values of its class a MariaDB or MySQL column takes as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.types import base_name, declared_type, members_of
from migrator.platforms.relational.repertoire import ranges
from storage.schema import Kind, Limits

_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_BIGINT = (1 << 63) - 1
_FIRST, _LAST = "0001-01-01", "9999-12-31"
_EPOCH = "1970-01-01T00:00:01Z"
_UNTIL_2038, _UNTIL_2106 = "2038-01-19T03:14:07.999999Z", "2106-02-07T06:28:15.999999Z"
_MARIADB_UNTIL_2106 = (11, 5)
_NOT_FINITE, _NEGATIVE_ZERO = ("NaN", "INF", "-INF"), "-0"
_PRECISION = re.compile(r"\((\d+)\)")
_WHOLE_UNICODE, _ONE_PLANE = ("utf8mb4", "utf16", "utf16le", "utf32", "gb18030"), ("utf8", "utf8mb3", "ucs2")
_LONG = 1 << 31
_HEX, _HIGH = "[0-9a-fA-F]", "[89a-fA-F]"
_UUID = (  # MariaDB refuses those whose version and variant it would read as a layout of its own
    f"{_HEX}{{8}}-{_HEX}{{4}}-([0-7]{_HEX}{{3}}-{_HEX}{{4}}|{_HIGH}{_HEX}{{3}}-({_HIGH}{_HEX}|00){_HEX}{{2}})-{_HEX}{{12}}"
)


@dataclass(frozen=True, kw_only=True)
class CharacterSet:
    """What a text column can hold: ranges of code points (none: all), and whether each is one byte of its own."""

    characters: tuple[tuple[int, int], ...] = ()
    single_bytes: bool = False
    utf8: bool = False


class CharacterSets:
    """The character sets of a server, as it says itself; each is asked for once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, CharacterSet] = {}

    def named(self, name: str | None) -> CharacterSet:
        if name is None or name == "binary":
            return CharacterSet()
        if name not in self._known:
            self._known[name] = self._asked(name)
        return self._known[name]

    def _asked(self, name: str) -> CharacterSet:
        if name in _WHOLE_UNICODE:
            return CharacterSet(utf8=name == "utf8mb4")
        if name in _ONE_PLANE:
            return CharacterSet(characters=((0, 0xFFFF),), utf8=name != "ucs2")
        longest = "SELECT maxlen FROM information_schema.character_sets WHERE character_set_name = "
        if self._connection.text(f"{longest}'{name}'") != "1":
            return CharacterSet()  # thousands of characters: what it does not have, the server says when it is staged
        every = ", ".join(f"CONVERT(CONVERT(X'{code:02X}' USING {name}) USING utf8mb4)" for code in range(1, 256))
        (row,) = self._connection.texts(f"SELECT {every}")
        return CharacterSet(characters=((0, 0), *ranges("".join(text or "" for text in row))), single_bytes=True)


def length_of(native: str, characters: int | None, octets: int | None, charset: CharacterSet) -> int | None:
    """How many characters a text column takes at most, how many bytes a column of a fixed number of them."""
    if native.startswith(("char", "varchar", "binary")):
        return characters
    return octets if charset.single_bytes and declared_type(native).kind is Kind.TEXT and _is_short(octets) else None


def limits_of(native: str, octets: int | None, charset: CharacterSet, connection: Connection) -> Limits:
    """The limits of a column by its declaration."""
    name, kind = base_name(native), declared_type(native).kind
    if kind is Kind.INTEGER:
        return _whole(name, native)
    if kind in (Kind.FLOAT, Kind.DECIMAL):
        never = _never(connection) if kind is Kind.FLOAT else ()
        ranges = (("0", None),) if "unsigned" in native else ()
        return Limits(ranges=ranges, never=never, single=name == "float")
    if kind is Kind.TEXT:
        return _text(name, native, octets, charset)
    if kind is Kind.BINARY:
        return Limits(max_bytes=octets if _is_short(octets) else None, fixed=name == "binary")
    if kind is Kind.UUID:
        return Limits(pattern=_UUID)
    if kind is Kind.JSON:
        return Limits(parsed=name == "json")
    return _moments(kind, native, connection)


def _never(connection: Connection) -> tuple[str, ...]:
    """MariaDB stores a negative zero without its sign."""
    return (*_NOT_FINITE, _NEGATIVE_ZERO) if connection.is_mariadb else _NOT_FINITE


def _is_short(octets: int | None) -> bool:
    return octets is not None and octets < _LONG


def _whole(name: str, native: str) -> Limits:
    if name == "year":
        return Limits(ranges=(("0", "0"), ("1901", "2155")))
    found = _PRECISION.search(native)
    if name == "bit":
        return Limits(ranges=(("0", str((1 << int(found[1] if found else 1)) - 1)),))
    bits = _BITS[name]
    if "unsigned" in native:
        return Limits(ranges=(("0", str(min((1 << bits) - 1, _BIGINT))),))
    return Limits(ranges=((str(-(1 << bits - 1)), str((1 << bits - 1) - 1)),))


def _text(name: str, native: str, octets: int | None, charset: CharacterSet) -> Limits:
    if name == "set":
        return Limits(pattern=_members(members_of(native)))
    sized = charset.utf8 and name.endswith("text") and _is_short(octets)
    return Limits(
        characters=() if name == "enum" else charset.characters,
        max_bytes=octets if sized else None,
        trimmed=name == "char",
    )


def _members(members: Sequence[str]) -> str:
    """Any of the members, each once and in this order, with commas between them."""
    escaped = [re.escape(member) for member in members]
    orders = (one + "".join(f"(,{later})?" for later in escaped[i + 1 :]) for i, one in enumerate(escaped))
    return f"({'|'.join(orders)})?"


def _moments(kind: Kind, native: str, connection: Connection) -> Limits:
    if kind not in (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        return Limits()
    found = _PRECISION.search(native)
    fraction = int(found[1]) if found else 0
    digits = fraction if fraction < 6 else None
    if kind is Kind.DATE:
        return Limits(ranges=((_FIRST, _LAST),))
    if kind is Kind.TIME:
        return Limits(fraction=digits)
    if kind is Kind.TIMESTAMP:
        return Limits(ranges=((f"{_FIRST}T00:00:00", f"{_LAST}T23:59:59.999999"),), fraction=digits)
    longer = connection.is_mariadb and connection.release >= _MARIADB_UNTIL_2106
    return Limits(ranges=((_EPOCH, _UNTIL_2106 if longer else _UNTIL_2038),), fraction=digits)
