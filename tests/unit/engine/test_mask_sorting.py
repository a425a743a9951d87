"""Rows of many batches come back in the order of their keys, every value as it was, whatever its type and its size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest

from migrator.engine.large import MARK
from migrator.engine.masks.sorting import in_order
from storage.errors import Recast
from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_schema

WIDE = Type(kind=Kind.DECIMAL, precision=76, scale=2)
TABLE = Table(
    name="Members",
    columns=(
        Column(name="Id.of", type=Type(kind=Kind.TEXT)),
        Column(name="rowid", type=Type(kind=Kind.INTEGER)),
        Column(name="ID.of", type=WIDE),
        Column(name="photo", type=Type(kind=Kind.BINARY)),
        Column(name="note", type=Type(kind=Kind.TEXT)),
        Column(name="born", type=Type(kind=Kind.DATE)),
        Column(name="at", type=Type(kind=Kind.TIME)),
        Column(name="seen", type=Type(kind=Kind.TIMESTAMPTZ)),
        Column(name="weight", type=Type(kind=Kind.FLOAT)),
    ),
    primary_key=("Id.of", "rowid"),
)


def row(number: int) -> tuple[object, ...]:
    return (
        chr(ord("a") + number % 7),
        -number if number % 3 else None,
        Decimal(f"{10**60 + number}.25"),
        bytes([number % 256]) * (5_000 if number % 50 == 0 else 3),
        f"{MARK.decode()}{number}" if number % 40 == 0 else "ß\0" * (number % 2_000),
        dt.date(1, 1, 1) + dt.timedelta(days=number),
        dt.time(1, 2, 3, number),
        dt.datetime(2024, 2, 29, 1, 2, 3, number, tzinfo=dt.UTC),
        float("nan") if number == 1 else -0.0,
    )


def batches(rows: list[tuple[object, ...]], size: int) -> Iterator[pa.RecordBatch]:
    schema = arrow_schema(TABLE)
    for start in range(0, len(rows), size):
        columns = zip(*rows[start : start + size], strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


@pytest.mark.parametrize("size", [50, 500])  # of many batches, and of one
def test_rows_are_sorted_by_their_key_and_are_what_they_were(size: int) -> None:
    rows = [row(number) for number in range(500)]
    found = pa.Table.from_batches(list(in_order(TABLE, {"Id.of"}, batches(rows, size))))
    assert found.schema == arrow_schema(TABLE)
    rows.sort(key=lambda one: (one[0], one[1] is None, one[1] or 0))  # equal keys as they came
    assert repr(found.to_pydict()) == repr(pa.Table.from_batches(list(batches(rows, 500))).to_pydict())


def test_rows_come_as_they_are_where_nothing_of_their_key_is_masked() -> None:
    rows = [row(number) for number in range(60)]
    found = pa.Table.from_batches(list(in_order(TABLE, {"note"}, batches(rows, 20))))
    assert found["born"].to_pylist() == [one[5] for one in rows]


def test_a_table_is_read_again_where_a_value_asks_for_it() -> None:
    def asking() -> Iterator[pa.RecordBatch]:
        yield from batches([row(number) for number in range(60)], 20)
        raise Recast(TABLE.name, TABLE.column("note"))

    with pytest.raises(Recast):
        list(in_order(TABLE, {"Id.of"}, asking()))


def test_nothing_is_made_of_no_rows() -> None:
    assert list(in_order(TABLE, {"Id.of"}, [])) == []
