"""Large values: held aside and given back as they were, never taken for another, and seen whole by a mapping."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.quote import identifier
from migrator.contracts import Staged
from migrator.engine.compare import Compared, compare
from migrator.engine.large import LONGEST, MARK
from migrator.engine.portions import PORTION, PORTION_BYTES, portion_starts, show_all, taken_apart
from migrator.engine.workbench import Workbench, workbench
from storage.schema import Column, Kind, Table, Type

A_HANDLE = f"{MARK.decode()}{'0' * 64}:5000"
TEXTS = st.sampled_from(["", "a", "é" * LONGEST, "x" * LONGEST, "x" * (LONGEST + 1), A_HANDLE, A_HANDLE * 90])
TABLE = Table(
    name="Documents",
    columns=(
        Column(name="id", type=Type(kind=Kind.INTEGER)),
        Column(name="Text", type=Type(kind=Kind.TEXT)),
        Column(name="raw", type=Type(kind=Kind.BINARY)),
    ),
)
Row = tuple[int, str | None, bytes | None]


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    with workbench() as bench:
        for schema in ("arc", "src", "e"):
            bench.schema(schema)
        yield bench


def batch(rows: list[Row]) -> pa.RecordBatch:
    numbers, texts, raws = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"id": pa.array(numbers, pa.int64()), "Text": pa.array(texts, pa.string())}
    return pa.record_batch({**columns, "raw": pa.array(raws, pa.binary())})


@given(st.lists(TEXTS | st.text() | st.none()), st.data())
@settings(max_examples=60, deadline=None)
def test_what_was_taken_in_is_given_back(bench: Workbench, texts: list[str | None], data: st.DataObject) -> None:
    raws = [data.draw(st.none() | TEXTS.map(str.encode) | st.binary()) for _ in texts]
    rows = batch(list(zip(range(len(texts)), texts, raws, strict=True)))
    bench.ingest("arc", "Documents", [rows], rows.schema)
    back = pa.Table.from_batches(
        bench.batches(f"SELECT * FROM arc.{identifier('Documents')} ORDER BY id"), schema=rows.schema
    )
    assert back.combine_chunks().equals(pa.Table.from_batches([rows]).combine_chunks())


def test_the_workbench_holds_them_once_and_small(bench: Workbench) -> None:
    rows = batch([(n, "x" * (1 << 20), b"\xff" * (1 << 20)) for n in range(20)])
    bench.ingest("arc", "Documents", [rows], rows.schema)
    assert bench.one(f"SELECT max(strlen({identifier('Text')})) FROM arc.{identifier('Documents')}") < 100
    assert bench.large_columns("arc", "Documents") == {"Text": "VARCHAR", "raw": "BLOB"}
    given_back = list(bench.batches(f"SELECT * FROM arc.{identifier('Documents')}"))
    assert sum(map(len, given_back)) == 20
    assert max(batch.nbytes for batch in given_back) < 12 << 20


def compared(bench: Workbench, expected: list[Row], actual: list[Row], key: tuple[str, ...] = ("id",)) -> Compared:
    bench.ingest("e", "t", [batch(expected)], batch(expected).schema)
    staged = Staged(table=TABLE, columns=TABLE.column_names, key=key)
    return compare(bench, staged, "SELECT * FROM e.t", lambda _: [batch(actual)])


@pytest.mark.parametrize("key", [("id",), ()])
@pytest.mark.parametrize("other", ["x" * 4999 + "y", "x" * 4999, "x" * 5000 + " ", A_HANDLE, "", None])
def test_one_other_letter_in_a_large_value_is_found(bench: Workbench, key: tuple[str, ...], other: str | None) -> None:
    rows: list[Row] = [(1, "x" * 5000, b"y" * 5000), (2, "z" * 9999, None)]
    assert compared(bench, rows, rows[::-1], key).comparison.different == 0
    text = compared(bench, rows, [(1, other, b"y" * 5000), rows[1]], key)
    raw = compared(bench, rows, [(1, "x" * 5000, other.encode() if other is not None else None), rows[1]], key)
    for found in (text, raw):
        assert found.comparison.different == (1 if key else 2)


def test_a_difference_says_their_sizes_and_hashes(bench: Workbench) -> None:
    found = compared(bench, [(1, "x" * 5000, b"")], [(1, "y" * 6000, b"z" * 7000)]).differences
    assert [(one.column, one.expected, one.actual) for one in found] == [
        ("Text", "(5,000 bytes, SHA-256 c59d3c0480cc…)", "(6,000 bytes, SHA-256 cc8dfe364c67…)"),
        ("raw", "", "(7,000 bytes, SHA-256 7a2432737eaf…)"),
    ]


@given(st.lists(st.sampled_from([0, 10_000, PORTION_BYTES // 3, PORTION_BYTES + 1]), max_size=8))
@settings(max_examples=20, deadline=None)
def test_a_portion_is_bounded_in_bytes_and_no_row_is_in_two(bench: Workbench, sizes: list[int]) -> None:
    rows = [batch([(n, "x" * size, None)]) for n, size in enumerate(sizes)]
    bench.ingest("arc", "Documents", rows, batch([]).schema)
    starts = list(portion_starts(bench, "Documents", len(sizes)))
    shown: list[int] = []
    show_all(bench, "Documents")
    with taken_apart(bench, "Documents") as now:
        for start, end in zip(starts, [*starts[1:], len(sizes)], strict=True):
            if end - start == 1:
                now.row(start)
            else:
                now.rows(f"rowid >= {start} AND rowid < {end}")
            found = bench.values(f'SELECT id, strlen("^text") FROM src.{identifier("Documents")} ORDER BY id')
            large = [size for _, size in found if size > LONGEST]
            assert end - start == 1 or sum(large) <= PORTION_BYTES
            assert [size for _, size in found] == sizes[start:end]
            shown += [number for number, _ in found]
    assert shown == list(range(len(sizes)))
    assert bench.one(f"SELECT count(*) FROM src.{identifier('Documents')}") == len(sizes)


def test_portions_go_on_behind_the_last_large_value(bench: Workbench) -> None:
    few = batch([(1, "x" * 5000, None)])
    many = batch([(n, None, None) for n in range(2 * PORTION)])
    bench.ingest("arc", "Documents", [few, many], few.schema)
    assert list(portion_starts(bench, "Documents", 2 * PORTION + 1)) == [0, PORTION, 2 * PORTION]
    bench.ingest("arc", "Documents", [many, few], few.schema)
    assert list(portion_starts(bench, "Documents", 2 * PORTION + 1)) == [0, PORTION, 2 * PORTION]
