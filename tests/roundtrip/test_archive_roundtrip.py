"""Any table, written and read back from the twin and from the master: the same values, the same digest."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from storage import files, parts
from storage.archive import Archive
from storage.check import check_archive
from storage.memory import MemoryStore
from storage.schema import Attachment, Column, Held, Kind, Table, Type
from storage.types import arrow_schema, to_text
from storage.writer import ArchiveWriter
from tests.support_archive import TEXT, identity, rows_of, signing_keys, tables, values, write_archive, write_recast

_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def texts_of(batches: list[pa.RecordBatch]) -> list[list[str | None]]:
    """Values compared as their canonical texts: NaN equals NaN, -0.0 is not 0.0."""
    assert batches
    return [list(row) for batch in batches for row in zip(*_columns(batch), strict=True)]


def _columns(batch: pa.RecordBatch) -> list[list[str | None]]:
    kinds = {pa.bool_(): Kind.BOOLEAN, pa.int64(): Kind.INTEGER, pa.float64(): Kind.FLOAT, pa.binary(): Kind.BINARY}
    return [to_text(array, Type(kind=kinds.get(array.type, Kind.TEXT))).to_pylist() for array in batch.columns]


def read(archive: Archive, name: str, *, master: bool) -> list[pa.RecordBatch]:
    return list(archive.scan(name, master=master))


@_quick
@given(tables())
def test_twin_and_master_give_back_what_went_in(content: tuple[Table, pa.RecordBatch]) -> None:
    table, batch = content
    store = MemoryStore()
    sealed = write_archive(store, content)
    archive = Archive.open(store, sealed.archive_id)
    part = archive.table(table.name)
    assert part.rows == batch.num_rows
    for master in (False, True):
        found = read(archive, table.name, master=master)
        assert sum(one.num_rows for one in found) == batch.num_rows
        if table.columns and batch.num_rows:
            assert all(one.schema == arrow_schema(part.table) for one in found)
            assert texts_of(found) == texts_of([batch])
    assert check_archive(store, sealed.archive_id, key=sealed.fingerprint).problems == ()


@_quick
@given(st.data())
def test_one_changed_cell_changes_the_digest(data: st.DataObject) -> None:
    table, batch = data.draw(tables())
    assume(table.columns and batch.num_rows)
    position = data.draw(st.integers(0, len(table.columns) - 1))
    row = data.draw(st.integers(0, batch.num_rows - 1))
    column = table.columns[position]
    [other] = data.draw(values(column.type, 1))
    was, now = batch.column(position), batch.column(position).to_pylist()
    now[row] = other.as_py()
    changed = pa.array(now, was.type)
    assume(to_text(changed, column.type) != to_text(was, column.type))
    digests = [
        _digest(table, one) for one in (batch, batch.set_column(position, batch.schema.field(position), changed))
    ]
    assert digests[0] != digests[1]


@_quick
@given(tables(), st.randoms())
def test_the_digest_does_not_depend_on_the_order_of_rows(content: tuple[Table, pa.RecordBatch], random: object) -> None:
    table, batch = content
    assume(table.columns)
    order = list(range(batch.num_rows))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert _digest(table, batch) == _digest(table, batch.take(pa.array(order, pa.int64())))


def _digest(table: Table, batch: pa.RecordBatch) -> str:
    store = MemoryStore()
    sealed = write_archive(store, (table, batch))
    return sealed.tables[0].digest


def test_a_digest_is_what_the_specification_says() -> None:
    """The example of docs/archive-format.md § 7, computed by hand."""
    import hashlib

    table = Table(name="t", columns=(Column(name="id", type=Type(kind=Kind.INTEGER)), Column(name="x", type=TEXT)))
    lines = [b't\x001,"a""b"', b"t\x002,\\N"]
    total = sum(int.from_bytes(hashlib.md5(line, usedforsecurity=False).digest(), "little") for line in lines)
    assert _digest(table, rows_of(table, (1, 'a"b'), (2, None))) == f"{total % 2**128:032x}"


@_quick
@given(tables(), st.integers(1, 3))
def test_values_under_files_come_back(content: tuple[Table, pa.RecordBatch], limit: int) -> None:
    table, batch = content
    assume(table.columns)
    store = MemoryStore()
    with patch.object(files, "INLINE_LIMIT", limit), patch("storage.archive.GROUP_BYTES", 2):
        sealed = write_archive(store, content)
        archive = Archive.open(store, sealed.archive_id)
        for master in (False, True):
            found = read(archive, table.name, master=master)
            assert batch.num_rows == 0 or texts_of(found) == texts_of([batch])
    assert check_archive(store, sealed.archive_id).problems == ()


def test_attachments_are_held_whatever_their_size_and_say_whose_they_are() -> None:
    table = Table(
        name="documents",
        columns=(
            Column(name="id", type=Type(kind=Kind.INTEGER)),
            Column(name="name", type=TEXT),
            Column(name="content", type=Type(kind=Kind.BINARY), attachment=Attachment(name_column="name")),
        ),
        primary_key=("id",),
    )
    batch = rows_of(table, (1, "\\N", b""), (2, "b.pdf", b"%PDF"), (3, None, b"%PDF"), (4, "none", None))
    store = MemoryStore()
    sealed = write_archive(store, (table, batch))
    archive = Archive.open(store, sealed.archive_id)
    assert archive.table("documents").table.column("content").held is Held.FILES
    entries = [(one.row, one.column, one.name, one.size) for one in archive.files()]
    assert entries == [('["1"]', "content", "\\N", 0), ('["2"]', "content", "b.pdf", 4), ('["3"]', "content", None, 4)]
    assert len({one.sha256 for one in archive.files()}) == 2
    assert len(list(store.list(f"{sealed.archive_id}/data/files/"))) == 2
    for master in (False, True):
        assert texts_of(read(archive, "documents", master=master)) == texts_of([batch])
    assert check_archive(store, sealed.archive_id).problems == ()


def test_several_splits_have_no_header_inside_and_read_in_order() -> None:
    table = Table(name="lines", columns=(Column(name="id", type=Type(kind=Kind.INTEGER)), Column(name="x", type=TEXT)))
    batches = [rows_of(table, *((row, f"a\r\n{row}") for row in range(start, start + 4))) for start in (0, 4, 8)]
    store = MemoryStore()
    with (
        patch.object(parts, "PART_ROWS", 4),
        patch.object(parts, "GROUP_ROWS", 2),
        ArchiveWriter(store, identity(), signing_keys()) as writer,
    ):
        part = write_recast(writer, table, batches, splits=3)
        sealed = writer.commit()
    assert [one.path for one in part.csv] == [f"csv/lines/part-0000{number}.csv" for number in range(3)]
    assert part.header is not None
    archive = Archive.open(store, sealed.archive_id)
    for master in (False, True):
        assert texts_of(read(archive, "lines", master=master)) == texts_of(batches)
    assert check_archive(store, sealed.archive_id).problems == ()


def test_the_same_rows_in_other_batches_make_the_same_files() -> None:
    table = Table(name="t", columns=(Column(name="x", type=TEXT),))
    batch = rows_of(table, *((str(number),) for number in range(100)))
    files_of = []
    for batches in ([batch], [batch.slice(start, 7) for start in range(0, 100, 7)]):
        with ArchiveWriter(MemoryStore(), identity(), signing_keys()) as writer:
            files_of.append([one.sha256 for one in writer.table(table, batches).parts])
    assert files_of[0] == files_of[1]


def test_a_nullable_key_and_a_renamed_column_change_nothing_of_the_rows() -> None:
    table = Table(name="t", columns=(Column(name="x", type=TEXT),), primary_key=("x",))
    renamed = replace(table, columns=(Column(name="y", type=TEXT),), primary_key=())
    assert _digest(table, rows_of(table, (None,), ("",))) == _digest(renamed, rows_of(renamed, ("",), (None,)))
