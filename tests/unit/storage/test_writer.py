from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pytest

from storage.archive import Archive, list_archives
from storage.bag import parse_info, render_info
from storage.check import check_archive
from storage.errors import AlreadyExists, Fault, Misuse, Recast, Red
from storage.memory import MemoryStore
from storage.objects import Sink, read_bytes, write_bytes
from storage.schema import Attachment, Column, Kind, Table, Type
from storage.writer import ArchiveWriter
from tests.support_archive import TEXT, clients, identity, rows_of, signing_keys, write_archive

SIMPLE = Table(name="t", columns=(Column(name="x", type=TEXT),))


def test_nothing_is_visible_before_commit_and_nothing_stays_without_it() -> None:
    store = MemoryStore()
    about = identity()
    with ArchiveWriter(store, about, signing_keys()) as writer:
        writer.table(SIMPLE, [rows_of(SIMPLE, ("a",))])
        writer.document("reports/inventory.json", b"{}")
        assert list(list_archives(store)) == []
        with pytest.raises(Misuse, match="no complete archive"):
            Archive.open(store, about.archive_id)
    assert list(store.list()) == []


def test_a_failing_source_leaves_nothing() -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield rows_of(SIMPLE, ("a",))
        raise ConnectionError

    store = MemoryStore()
    with pytest.raises(ConnectionError), ArchiveWriter(store, identity(), signing_keys()) as writer:
        writer.table(SIMPLE, batches())
    assert list(store.list()) == []


def test_the_tag_manifest_is_the_last_object_and_after_the_signatures() -> None:
    written: list[str] = []

    class Recording(MemoryStore):
        def writer(self, key: str, *, exclusive: bool = False):  # type: ignore[no-untyped-def]
            written.append(key.partition("/")[2] + "!" * exclusive)
            return super().writer(key, exclusive=exclusive)

    write_archive(Recording(), clients())
    order = [written.index(path) for path in ("data/datapackage.json", "manifest-sha256.txt", "signatures/ed25519.pem")]
    assert order == sorted(order)
    assert all(path.startswith("data/") for path in written[: order[0]])
    assert written[-1] == "tagmanifest-sha256.txt!"


class Killed(BaseException):
    """The process is gone: nothing is written any more, and nothing swept."""


class DyingStore(MemoryStore):
    """Dies before the given write."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        if self.left <= 0:
            raise Killed
        self.left -= 1
        with super().writer(key, exclusive=exclusive) as sink:
            yield sink

    def delete(self, key: str) -> None:
        if self.left <= 0:
            raise Killed
        super().delete(key)


def test_a_writer_killed_between_any_two_objects_leaves_no_archive() -> None:
    immortal = DyingStore(1000)
    write_archive(immortal, clients())
    for writes in range(1000 - immortal.left):
        store = DyingStore(writes)
        with pytest.raises(Killed):
            write_archive(store, clients())
        assert list(list_archives(store)) == []
        assert not any(info.key.endswith("/tagmanifest-sha256.txt") for info in store.list())


def test_a_commit_that_failed_at_its_last_moment_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk may say that it failed after the object was made: who reports a failure leaves no archive."""
    store, deleted = MemoryStore(), []

    def failing(store: MemoryStore, key: str, content: bytes, *, exclusive: bool = False) -> None:
        write_bytes(store, key, content, exclusive=exclusive)
        if exclusive:
            raise Fault("the disk is full")

    monkeypatch.setattr("storage.writer.write_bytes", failing)
    monkeypatch.setattr(store, "delete", lambda key: (deleted.append(key), MemoryStore.delete(store, key)))
    with pytest.raises(Fault, match="full"):
        write_archive(store, clients())
    assert list(store.list()) == []
    tags = [key for key in deleted if not key.partition("/")[2].startswith("data/")]
    assert tags[0].endswith("/tagmanifest-sha256.txt")


def test_a_writer_that_was_not_first_deletes_nothing_of_the_first() -> None:
    store, same = MemoryStore(), identity()
    with (
        pytest.raises(AlreadyExists),
        ArchiveWriter(store, same, signing_keys()) as second,
        ArchiveWriter(store, same, signing_keys()) as first,
    ):
        first.commit()
        second.commit()
    assert check_archive(store, same.archive_id).problems == ()


def test_an_archive_id_is_used_once() -> None:
    store, about = MemoryStore(), identity()
    with ArchiveWriter(store, about, signing_keys()) as writer:
        writer.commit()
    with pytest.raises(AlreadyExists), ArchiveWriter(store, about, signing_keys()):
        pass
    assert Archive.open(store, about.archive_id).identity == about


def test_a_recast_leaves_nothing_of_the_table() -> None:
    table = Table(
        name="t",
        columns=(
            Column(name="file", type=Type(kind=Kind.BINARY), attachment=Attachment()),
            Column(name="x", type=TEXT),
        ),
    )
    store = MemoryStore()
    with ArchiveWriter(store, identity(), signing_keys()) as writer:
        with pytest.raises(Recast) as signal:
            writer.table(table, [rows_of(table, (b"1", "a"), (b"2", "\\N"))])
        assert list(store.list()) == []
        table = replace(table, columns=(table.columns[0], signal.value.column))
        writer.table(table, [rows_of(table, (b"3", "a"), (b"3", "\\N"))])
        sealed = writer.commit()
    archive = Archive.open(store, sealed.archive_id)
    assert [(entry.row, entry.size) for entry in archive.files()] == [("1", 1), ("2", 1)]
    assert len(list(store.list(f"{sealed.archive_id}/data/files/"))) == 1


@pytest.mark.parametrize("path", ["../x", "data.json", "csv/t.csv", "schema/../../x", "schema/É", "reports/.x"])
def test_documents_stand_in_their_folders(path: str) -> None:
    with ArchiveWriter(MemoryStore(), identity(), signing_keys()) as writer, pytest.raises(Misuse):
        writer.document(path, b"")


def test_documents_come_back_and_a_changed_one_does_not() -> None:
    store = MemoryStore()
    archive = Archive.open(store, write_archive(store, clients()).archive_id)
    assert archive.documents() == ("schema/ddl.sql",)
    assert archive.document("schema/ddl.sql").startswith(b"CREATE TABLE")
    write_bytes(store, f"{archive.identity.archive_id}/data/schema/ddl.sql", b"DROP TABLE t")
    with pytest.raises(Red, match=r"corrupt.*ddl\.sql"):
        archive.document("schema/ddl.sql")


@pytest.mark.parametrize("master", [False, True])
def test_no_row_of_a_changed_object_is_released(master: bool) -> None:
    store = MemoryStore()
    archive = Archive.open(store, write_archive(store, clients()).archive_id)
    [part] = archive.tables
    path = (part.csv if master else part.parquet)[0].path
    key = f"{archive.identity.archive_id}/data/{path}"
    content = read_bytes(store, key)
    write_bytes(store, key, content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    with pytest.raises(Red, match="corrupt: changed") as failure:
        next(archive.scan(part.table.name, master=master))
    assert path in failure.value.where
    assert next(archive.scan(part.table.name, master=not master)).num_rows == part.rows


def test_tables_of_hostile_names_stay_apart_and_inside() -> None:
    names = ["../../etc/passwd", "a/b", "a\nb", "x" * 200, "_files", "Été", "été", "con"]
    store = MemoryStore()
    contents = [replace(SIMPLE, name=name) for name in names]
    sealed = write_archive(store, *((table, rows_of(table, (table.name,))) for table in contents))
    archive = Archive.open(store, sealed.archive_id)
    for name in names:
        assert [batch.to_pydict() for batch in archive.scan(name)] == [{"x": [name]}]
    with pytest.raises(Misuse, match="no table"):
        archive.table("users")


def test_archives_are_listed_oldest_first_and_whose_they_are_survives() -> None:
    store = MemoryStore()
    tenants = ["one\r\nMigrator-Tenant: forged", " 100 % ", "é\u2028"]
    for day, tenant in enumerate(reversed(tenants), start=1):
        about = replace(identity(tenant), created_at=f"2026-11-0{day}T00:00:00+00:00")
        with ArchiveWriter(store, about, signing_keys()) as writer:
            writer.commit()
    write_bytes(store, "half-an-archive/data/csv/t.csv", b"")
    assert [summary.tenant for summary in list_archives(store)] == list(reversed(tenants))


def test_bag_info_is_one_line_an_entry() -> None:
    content = render_info([("A", "x\ny: z%"), ("B", "")])
    assert content.count(b"\n") == 2
    assert parse_info(content) == {"A": "x\ny: z%", "B": ""}
