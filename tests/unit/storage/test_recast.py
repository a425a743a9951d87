# ruff: noqa: S105, S106 - a NULL token is no secret
from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from storage.errors import Recast
from storage.recast import check
from storage.schema import Column, Held, Kind, Table, Type
from storage.types import arrow_type


def recast(kind: Kind, *values: object, array: pa.Array | None = None, **about: object) -> Column | None:
    column = Column(name="c", type=Type(kind=kind), **about)  # type: ignore[arg-type]
    data = pa.array(values, arrow_type(column.type)) if array is None else array
    try:
        check(Table(name="t", columns=(column,)), column, data)
    except Recast as signal:
        return signal.column
    return None


def test_the_next_token_no_value_equals() -> None:
    assert recast(Kind.TEXT, "a", None, "\\N", "\\N1").null_token == "\\N2"  # type: ignore[union-attr]
    assert recast(Kind.TEXT, "\\N1", null_token="\\N1").null_token == "\\N2"  # type: ignore[union-attr]
    assert recast(Kind.TEXT, "\\N", null_token="\\N1") is None


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.BINARY, Kind.JSON, Kind.LITERAL, Kind.VARIANT])
def test_a_value_above_one_mebibyte_is_held_under_files(kind: Kind) -> None:
    value = b"t:" + b"x" * (1 << 20)
    of_kind = value if kind is Kind.BINARY else value.decode()
    assert recast(kind, None, of_kind).held is Held.FILES  # type: ignore[union-attr]
    assert recast(kind, of_kind[: 1 << 20]) is None
    assert recast(kind, of_kind, held=Held.FILES) is None


def test_text_with_nul_becomes_variant() -> None:
    assert recast(Kind.TEXT, "a\0b").type.kind is Kind.VARIANT  # type: ignore[union-attr]


def test_what_is_no_uuid_becomes_text() -> None:
    assert recast(Kind.UUID, "0000", None).type.kind is Kind.TEXT  # type: ignore[union-attr]
    assert recast(Kind.UUID, "123E4567-e89b-12d3-a456-426614174000", None) is None
    assert recast(Kind.UUID, None, None) is None


@pytest.mark.parametrize("days", [-719_163, 2_932_897], ids=["year 0", "year 10000"])
def test_dates_outside_the_calendar_of_readers_become_literal(days: int) -> None:
    array = pa.array([days], pa.int32()).cast(pa.date32())
    assert recast(Kind.DATE, array=array).type.kind is Kind.LITERAL  # type: ignore[union-attr]
    assert recast(Kind.DATE, dt.date.min, dt.date.max, None) is None
