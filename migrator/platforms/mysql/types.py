"""MariaDB's and MySQL's types: the class each is held as, how a column is asked for, and the server's text to Arrow.

A column keeps its declared class while all its values fit it. What does not fit makes another class of the column: zero
and partial dates, times beyond a day → LITERAL (the server's text); an unsigned integer above 2^63-1 → DECIMAL(20,0);
text with NUL or broken UTF-8 → VARIANT; text in a character set that UTF-8 does not give back → BINARY, its own bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from storage.schema import Column, Fidelity, Kind, Type
from storage.types import Variant, arrow_type

_NAME = re.compile(r"[a-z0-9]+")
_NUMBERS = re.compile(r"\((\d+)(?:,(\d+))?\)")
_CHOICE = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "Z": "\x1a"}

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), Kind.INTEGER),
    **dict.fromkeys(("float", "double"), Kind.FLOAT),
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"), Kind.TEXT),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "vector"), Kind.BINARY),
    # the server's own form, a 4-byte SRID and then WKB: what it takes back as it is
    **dict.fromkeys(("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring"), Kind.BINARY),
    **dict.fromkeys(("multipolygon", "geometrycollection", "geomcollection"), Kind.BINARY),
    "date": Kind.DATE,
    "time": Kind.TIME,
    "datetime": Kind.TIMESTAMP,
    "timestamp": Kind.TIMESTAMPTZ,
    "json": Kind.JSON,
    "uuid": Kind.UUID,
    **dict.fromkeys(("inet4", "inet6"), Kind.LITERAL),
}
_LITERAL, _VARIANT, _BINARY = Type(kind=Kind.LITERAL), Type(kind=Kind.VARIANT), Type(kind=Kind.BINARY)
_UNSIGNED_64 = Type(kind=Kind.DECIMAL, precision=20, scale=0)
_TEMPORAL = (Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.TIMESTAMPTZ)
_TEXTUAL = (Kind.TEXT, Kind.JSON)
_GIVEN_BACK = ("utf8mb4", "utf8mb3", "utf8", "latin1")  # character sets whose every text UTF-8 gives back
_CODECS = {  # by Python's names: what a column of one of these cannot hold, no literal may hold either
    "ascii": "ascii",
    "latin1": "cp1252",
    "latin2": "iso8859_2",
    "latin5": "iso8859_9",
    "latin7": "iso8859_13",
    "greek": "iso8859_7",
    "hebrew": "iso8859_8",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    **{name: name for name in ("cp850", "cp852", "cp866", "cp1250", "cp1251", "cp1256", "cp1257")},
    **{name: name for name in ("big5", "gbk", "gb2312", "gb18030", "cp932")},
    "sjis": "shift_jis",
    "ujis": "euc_jp",
    "euckr": "euc_kr",
}
_HOLES_OF_LATIN1 = dict.fromkeys((0x81, 0x8D, 0x8F, 0x90, 0x9D))  # MariaDB's latin1 is cp1252 without its five holes


class Misfit(ValueError):  # noqa: N818 - a signal that becomes Recast, never an error of its own
    """Some value is not of the type its column was given."""


@dataclass(frozen=True, kw_only=True)
class Exceptional:
    """Values that a column's declared class cannot hold: the condition that finds them, and the type that does."""

    condition: str
    type: Type
    found: str
    is_lossy: bool = False  # that type holds no more than the declared one

    def holding(self, column: Column) -> Column:
        """The column as these values need it."""
        wider = with_type(column, self.type)
        return replace(wider, fidelity=Fidelity.LOSSY) if self.is_lossy else wider


def base_name(native: str) -> str:
    """The name of a type without length, sign and choices."""
    found = _NAME.match(native.lower())
    return found.group() if found else ""


def declared_type(native: str) -> Type:
    """The class of a column by its declaration."""
    name = base_name(native)
    numbers = _NUMBERS.search(native)
    if name == "decimal":
        precision, scale = (int(numbers[1]), int(numbers[2] or 0)) if numbers else (10, 0)
        return Type(kind=Kind.DECIMAL, precision=precision, scale=scale)
    if name == "bit":
        return _UNSIGNED_64 if numbers and int(numbers[1]) == 64 else Type(kind=Kind.INTEGER)
    return Type(kind=_KINDS.get(name, Kind.BINARY))


def fidelity_of(native: str, type_: Type) -> Fidelity:
    """Whether the class holds the native type exactly, as text, or (a type nobody here knows) not at all."""
    if base_name(native) not in _KINDS and base_name(native) not in ("decimal", "bit"):
        return Fidelity.UNSUPPORTED
    return Fidelity.TEXT if type_.kind in (Kind.LITERAL, Kind.VARIANT) else Fidelity.EXACT


def choices_of(native: str) -> tuple[str, ...]:
    """The values of an ENUM in its order. A SET takes any combination of its own, so it has none."""
    return members_of(native) if base_name(native) == "enum" else ()


def members_of(native: str) -> tuple[str, ...]:
    """The members of an ENUM or a SET, in whose declaration backslashes escape whatever a session says."""
    return tuple(_ESCAPED.sub(_meant, member) for member in _CHOICE.findall(native))


def _meant(escaped: re.Match[str]) -> str:
    return _ESCAPES.get(escaped[1], escaped[1]) if escaped[1] else "'"


def character_set(column: Column) -> str | None:
    """The character set a text column is stored in, by its collation."""
    return column.collation.partition("_")[0] if column.collation else None


def may_hold(column: Column, text: str) -> bool:
    """Whether a text column's character set has every character of this text: the server refuses to compare others."""
    charset = character_set(column)
    if charset in ("utf8", "utf8mb3"):
        return all(character <= "\uffff" for character in text)
    codec = _CODECS.get(charset or "")
    if text.isascii() or codec is None:
        return True
    try:
        text.translate(_HOLES_OF_LATIN1).encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def selected(column: Column, name: str) -> str:
    """The expression a column is read as, so that the server's text loses nothing."""
    base = base_name(column.native)
    if base in ("float", "double"):
        return f"{name} * 1e0"  # FLOAT is printed with six digits otherwise; adding zero would lose the sign of -0
    if base == "bit":
        return f"{name} + 0"
    if column.type.kind is Kind.BINARY and _KINDS.get(base) in _TEXTUAL:
        return f"CAST({name} AS BINARY)"
    return name


def exceptional(column: Column, name: str) -> list[Exceptional]:
    """What to look for among a column's values before its declared class is taken for theirs."""
    base, kind = base_name(column.native), column.type.kind
    if base == "bigint" and "unsigned" in column.native and kind is Kind.INTEGER:
        return [Exceptional(condition=f"{name} > 9223372036854775807", type=_UNSIGNED_64, found="above 2^63-1")]
    if kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMPTZ):
        # LAST_DAY knows no month of a partial date; with ALLOW_INVALID_DATES there may be a 31st of February
        regular = f"{name} >= '0001-01-01' AND DAYOFMONTH({name}) BETWEEN 1 AND DAYOFMONTH(LAST_DAY({name}))"
        condition = f"{name} IS NOT NULL AND NOT coalesce({regular}, false)"
        return [Exceptional(condition=condition, type=_LITERAL, found="zero or partial dates")]
    if kind is Kind.TIME:
        condition = f"{name} < '00:00:00' OR {name} >= '24:00:00'"
        return [Exceptional(condition=condition, type=_LITERAL, found="times beyond a day")]
    if "" in column.choices:
        # what an old application wrote that is no member is read as '', and as such would become the member ''
        invalid = "invalid values that read like the member ''"
        return [Exceptional(condition=f"{name} = 0", type=column.type, found=invalid, is_lossy=True)]
    charset = character_set(column)
    if kind in _TEXTUAL and charset not in (None, "binary", *_GIVEN_BACK):
        back = f"CONVERT(CONVERT({name} USING utf8mb4) USING {charset})"
        condition = f"CAST({name} AS BINARY) <> CAST({back} AS BINARY)"
        return [Exceptional(condition=condition, type=_BINARY, found=f"not valid {charset}")]
    return []


def with_type(column: Column, type_: Type) -> Column:
    """The column held as another class."""
    return replace(column, type=type_, fidelity=fidelity_of(column.native, type_))


def wider(column: Column) -> Column:
    """The column as a value that does not fit its class needs it."""
    kind = column.type.kind
    if kind is Kind.INTEGER:
        return with_type(column, _UNSIGNED_64)
    return with_type(column, _LITERAL if kind in _TEMPORAL else _VARIANT)


def to_array(column: Column, values: pa.Array) -> pa.Array:
    """One column's values, as the server wrote them, as an array of its type; Misfit if one is not of that type."""
    kind, data_type = column.type.kind, arrow_type(column.type)
    if kind is Kind.BINARY:
        return values
    if kind is Kind.VARIANT:
        raw = values.to_pylist()
        return pa.array([None if value is None else Variant.encode_text(value) for value in raw], data_type)
    try:
        texts = pc.cast(values, pa.string())
        if kind is Kind.TIMESTAMPTZ:
            return pc.cast(pc.cast(texts, pa.timestamp("us")), data_type)
        if kind is Kind.TIME:
            moments = pc.binary_join_element_wise("1970-01-01", texts, " ")  # Arrow reads no text as a time alone
            return pc.cast(pc.cast(moments, pa.timestamp("us")), data_type)
        array = pc.cast(texts, data_type)
    except pa.ArrowInvalid as error:
        raise Misfit(column.name) from error
    if kind in _TEXTUAL and pc.any(pc.match_substring(array, "\0")).as_py():
        raise Misfit(column.name)
    return array
