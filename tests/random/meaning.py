"""What a value means, read without this software: the plain clients' texts, as Python values that compare."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
from typing import Any

from storage.schema import Kind, Type
from tests.random.shape import Sense, Value

_TRUE = (1, "1", "t", "true")


def meant(value: Value, sense: Sense) -> Any:
    """A value of that sense, wherever it is kept and however it is written there."""
    if value is None:
        return None
    if sense is Sense.TRUTH:
        return value in _TRUE
    if sense is Sense.BYTES:
        return value if isinstance(value, bytes) else bytes.fromhex(str(value).removeprefix("\\x"))
    text = str(value)
    if sense is Sense.WHOLE:
        return int(decimal.Decimal(text))
    if sense is Sense.DECIMAL:
        return _plain(decimal.Decimal(text))
    if sense is Sense.FLOAT:
        return repr(float(text.replace("INF", "inf")))
    if sense is Sense.DATE:
        return dt.date.fromisoformat(text)
    if sense is Sense.TIME:
        return dt.time.fromisoformat(text)
    if sense in (Sense.MOMENT, Sense.INSTANT):
        return _utc(dt.datetime.fromisoformat(text))
    return text


def archived(value: Any, type_: Type) -> Any:
    """A value of an archive's batch, so that it compares with `said`."""
    if value is None:
        return None
    if type_.kind is Kind.TIMESTAMPTZ:
        return _utc(value)
    if type_.kind is Kind.VARIANT and value.startswith("r:"):
        return f"r:{float(value[2:])!r}"
    return repr(value) if type_.kind in (Kind.FLOAT, Kind.DECIMAL) else value


def said(value: Value, type_: Type) -> Any:
    """A plain client's value as an archive that types its column so must give it."""
    if value is None:
        return None
    kind = type_.kind
    if kind is Kind.VARIANT:
        return _tagged(value)
    if kind is Kind.BINARY:
        return value if isinstance(value, bytes) else _unescaped(str(value))
    text = str(int.from_bytes(value, "big")) if isinstance(value, bytes) else str(value)
    if kind is Kind.BOOLEAN:
        return text in _TRUE
    if kind is Kind.INTEGER:
        return int(text)
    if kind is Kind.FLOAT:
        return repr(float(text))
    if kind is Kind.DECIMAL:
        return repr(decimal.Decimal(text))
    if kind is Kind.DATE:
        return dt.date.fromisoformat(text)
    if kind is Kind.TIME:
        return dt.time.fromisoformat(text)
    if kind is Kind.TIMESTAMP:
        return dt.datetime.fromisoformat(text)
    return _utc(dt.datetime.fromisoformat(text)) if kind is Kind.TIMESTAMPTZ else text


def _unescaped(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x")) if text.startswith("\\x") else text.encode()


def _tagged(value: Value) -> str:
    if isinstance(value, bytes):
        return "b:" + base64.b64encode(value).decode()
    if isinstance(value, str):
        return f"x:{base64.b64encode(value.encode()).decode()}" if "\0" in value else f"t:{value}"
    return f"i:{value}" if isinstance(value, int) else f"r:{value!r}"


def _plain(number: decimal.Decimal) -> str:
    """As many digits as there are: the zeros of a scale say nothing."""
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _utc(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
