"""The comparison: every planted corruption is found where it is, and what is equal is never called different."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import Staged
from migrator.engine.compare import SHOWN, Compared, compare
from migrator.engine.workbench import workbench
from storage.errors import Recast
from storage.schema import Column, Kind, Table, Type
from storage.types import Variant, arrow_schema

KINDS = {"id": Kind.INTEGER, "text": Kind.TEXT, "number": Kind.FLOAT, "raw": Kind.BINARY, "mixed": Kind.VARIANT}
TABLE = Table(name="t", columns=tuple(Column(name=name, type=Type(kind=kind)) for name, kind in KINDS.items()))
Row = tuple[Any, ...]
ROWS: tuple[Row, ...] = (
    (1, "", 0.0, b"", "i:1"),
    (2, None, -1.5, None, None),
    (3, " ", 0.1, b"\x00", "t:1"),
    (4, "é", None, b"\xff", "r:1.0"),
    (5, "same", 1e300, b"a", "t:"),
)


def batch(table: Table, rows: Sequence[Row]) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    schema = arrow_schema(table)
    return pa.RecordBatch.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )


def compared(
    expected: Sequence[Row], actual: Sequence[Row], key: tuple[str, ...] = ("id",), **options: bool
) -> Compared:
    staged = Staged(table=TABLE, columns=TABLE.column_names, key=key)
    with workbench() as bench:
        bench.schema("e")
        bench.ingest("e", "t", [batch(TABLE, expected)], arrow_schema(TABLE))
        return compare(bench, staged, "SELECT * FROM e.t", lambda _: [batch(TABLE, actual)], **options)


def changed(row: int, column: str, value: object) -> list[Row]:
    place = list(KINDS).index(column)
    return [(*r[:place], value, *r[place + 1 :]) if r[0] == row else r for r in ROWS]


@pytest.mark.parametrize("key", [("id",), ()])
def test_equal_rows_in_any_order_are_equal(key: tuple[str, ...]) -> None:
    found = compared(ROWS, ROWS[::-1], key)
    assert (found.comparison.different, found.comparison.compared, found.differences) == (0, 5, ())


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (5, "text", "sama"),
        (1, "text", None),
        (2, "text", ""),
        (1, "text", " "),
        (5, "text", "same "),
        (4, "text", "e\u0301"),
        (1, "number", -0.0),
        (3, "number", math.nextafter(0.1, 1)),
        (3, "number", math.inf),
        (4, "number", 0.0),
        (4, "raw", b"\xfe"),
        (1, "raw", None),
        (2, "raw", b""),
        (1, "mixed", "t:1"),
        (1, "mixed", "r:1.0"),
        (5, "mixed", None),
    ],
)
def test_a_changed_cell_is_found_where_it_is(row: int, column: str, value: object) -> None:
    found = compared(ROWS, changed(row, column, value))
    assert found.comparison.different == 1
    (difference,) = found.differences
    assert (difference.key, difference.column, difference.kind) == ({"id": str(row)}, column, "cell")
    assert difference.expected != difference.actual
    assert (difference.actual is None) == (value is None)
    assert compared(ROWS, changed(row, column, value), key=()).comparison.different == 2


def test_what_is_not_a_number_is_one_value_whatever_its_bits() -> None:
    minus = math.copysign(math.nan, -1)  # what a server computes; a CSV says NaN of both
    assert compared(changed(1, "number", minus), changed(1, "number", math.nan)).differences == ()
    assert compared(changed(1, "number", minus), changed(1, "number", math.inf)).comparison.different == 1


def test_swapped_values_are_two_differences() -> None:
    swapped = [(1, *ROWS[1][1:]), (2, *ROWS[0][1:]), *ROWS[2:]]
    found = compared(ROWS, swapped)
    assert found.comparison.different == 2
    assert {difference.key["id"] for difference in found.differences} == {"1", "2"}


def test_values_that_moved_between_columns_are_found() -> None:
    table = Table(name="t", columns=tuple(Column(name=n, type=Type(kind=Kind.TEXT)) for n in "abc"))
    staged = Staged(table=table, columns=("a", "b", "c"), key=())
    with workbench() as bench:
        bench.schema("e")
        for left, right in ((("1", "x", ""), ("1", "", "x")), (("1", "2:xy", None), ("1", "2:x", "y"))):
            bench.ingest("e", "t", [batch(table, [left])], arrow_schema(table))
            found = compare(bench, staged, "SELECT * FROM e.t", lambda _, r=right: [batch(table, [r])])
            assert found.comparison.different == 2


def test_missing_and_unexpected_rows_are_told_apart() -> None:
    found = compared(ROWS[:4], ROWS[1:])
    assert [(d.kind, d.key["id"]) for d in found.differences] == [("missing", "1"), ("unexpected", "5")]
    assert (found.comparison.expected, found.comparison.actual) == (4, 4)


def test_a_lost_duplicate_of_a_table_without_a_key_is_found() -> None:
    found = compared([ROWS[0], ROWS[0], ROWS[1]], [ROWS[0], ROWS[1]], key=())
    (difference,) = found.differences
    assert (
        difference.kind == "missing" and difference.expected.startswith("2 ×") and difference.actual.startswith("1 ×")
    )
    surplus = compared([ROWS[0]], [ROWS[0], ROWS[0]], key=())
    assert surplus.comparison.different == 1


def test_other_peoples_rows_beside_keyless_ones_are_no_difference() -> None:
    assert compared(ROWS[:1], ROWS, key=(), others_too=True).comparison.different == 0
    assert compared(ROWS[:2], ROWS[1:], key=(), others_too=True).comparison.different == 1


def test_all_differences_count_and_the_first_are_shown() -> None:
    many = [(n, "a", 0.0, b"", None) for n in range(100)]
    found = compared(many, [(n, "b", 0.0, b"", None) for n in range(100)])
    assert found.comparison.different == 100
    assert len(found.differences) == SHOWN


def test_a_number_stored_as_text_is_different_even_where_it_reads_the_same() -> None:
    def actual(table: Table) -> Iterator[pa.RecordBatch]:
        if table.column("id").type.kind is Kind.INTEGER:
            raise Recast("t", Column(name="id", type=Type(kind=Kind.VARIANT)))
        yield batch(table, [("i:1", *ROWS[0][1:]), ("t:2", *ROWS[1][1:])])

    staged = Staged(table=TABLE, columns=TABLE.column_names, key=("id",))
    with workbench() as bench:
        bench.schema("e")
        bench.ingest("e", "t", [batch(TABLE, ROWS[:2])], arrow_schema(TABLE))
        found = compare(bench, staged, "SELECT * FROM e.t", actual)
    assert [(d.kind, d.key) for d in found.differences] == [("missing", {"id": "i:2"}), ("unexpected", {"id": "t:2"})]


def test_columns_the_mapping_does_not_fill_are_named() -> None:
    staged = Staged(table=TABLE, columns=("id", "text"), key=("id",))
    with workbench() as bench:
        bench.schema("e")
        bench.ingest("e", "t", [batch(TABLE, ROWS)], arrow_schema(TABLE))
        found = compare(bench, staged, "SELECT id, text FROM e.t", lambda table: [batch(table, [r[:2] for r in ROWS])])
    assert found.comparison.different == 0
    assert [text.split(":")[0] for text in found.comparison.not_compared] == ["number", "raw", "mixed"]


_cells = st.tuples(
    st.none() | st.text(max_size=3),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.binary(max_size=3),
    st.none() | st.one_of(st.integers(), st.text(max_size=2)).map(Variant.encode),
)


@given(st.lists(_cells, max_size=5), st.lists(_cells, max_size=5))
@settings(max_examples=40, deadline=None)
def test_the_count_of_differences_is_the_number_of_rows_that_differ(left: list[Row], right: list[Row]) -> None:
    expected, actual = [(n, *row) for n, row in enumerate(left)], [(n, *row) for n, row in enumerate(right)]
    told = {row[0]: list(map(repr, row)) for row in expected}, {row[0]: list(map(repr, row)) for row in actual}
    different = sum(told[0].get(n) != told[1].get(n) for n in range(5))
    assert compared(expected, actual).comparison.different == different
