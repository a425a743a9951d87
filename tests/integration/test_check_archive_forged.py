"""Archives whose every hash and signature is right, and whose author lied: a reader answers Red and never trips."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.archive import Archive
from storage.bag import render_manifest
from storage.check import check_archive
from storage.errors import Misuse, Red
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from storage.schema import Attachment, Column, Kind, Table, Type
from tests.support_archive import INTEGER, TEXT, rows_of, signing_keys, write_archive

_TAGS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "README.txt", "LISEZMOI.txt", "check-archive.sh")
_DESCRIPTOR = "data/datapackage.json"
_TABLE = Table(
    name="documents",
    columns=(
        Column(name="id", type=INTEGER),
        Column(name="content", type=Type(kind=Kind.BINARY), attachment=Attachment()),
        Column(name="note", type=TEXT),
        Column(name="price", type=Type(kind=Kind.DECIMAL, precision=10, scale=2)),
    ),
)


class Forgery:
    """One archive, to be changed and signed again."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        rows = rows_of(_TABLE, (1, b"one", "a", None), (2, b"", "b", None))
        self.archive_id = write_archive(self.store, (_TABLE, rows)).archive_id

    def read(self, path: str) -> bytes:
        return read_bytes(self.store, f"{self.archive_id}/{path}")

    def write(self, path: str, content: bytes) -> None:
        write_bytes(self.store, f"{self.archive_id}/{path}", content)

    def delete(self, path: str) -> None:
        self.store.delete(f"{self.archive_id}/{path}")

    def payload(self) -> list[str]:
        keys = (info.key.removeprefix(f"{self.archive_id}/") for info in self.store.list(f"{self.archive_id}/"))
        return [key for key in keys if key.startswith("data/")]

    def describe(self, change: Callable[[dict[str, Any]], object]) -> None:
        descriptor = json.loads(self.read(_DESCRIPTOR))
        change(descriptor)
        self.write(_DESCRIPTOR, json.dumps(descriptor).encode())

    def replace(self, path: str, content: bytes) -> None:
        """A part of the table, and what the descriptor says of its bytes."""
        old = hashlib.sha256(self.read(f"data/{path}")).hexdigest()
        self.write(f"data/{path}", content)
        text = self.read(_DESCRIPTOR).decode().replace(old, hashlib.sha256(content).hexdigest())
        self.write(_DESCRIPTOR, text.encode())
        self.describe(lambda found: documents(found)["migrator:part"].update(bytes=len(content)))

    def sign(self) -> None:
        def manifest(paths: list[str] | tuple[str, ...]) -> bytes:
            return render_manifest({path: hashlib.sha256(self.read(path)).hexdigest() for path in paths})

        size = sum(len(self.read(path)) for path in self.payload())
        oxum = f"Payload-Oxum: {size}.{len(self.payload())}".encode()
        self.write("bag-info.txt", re.sub(rb"Payload-Oxum: [0-9.]+", oxum, self.read("bag-info.txt")))
        self.write("manifest-sha256.txt", manifest(self.payload()))
        self.write("tagmanifest-sha256.txt", manifest(_TAGS))
        for name, content in signing_keys().sign(self.read("tagmanifest-sha256.txt")).items():
            self.write(f"signatures/{name}", content)

    def found(self) -> str:
        """What the check finds, and nothing but Red of a reader that goes on all the same."""
        self.sign()
        with suppress(Red):
            archive = Archive.open(self.store, self.archive_id)
            for master in (True, False):
                for part in archive.tables:
                    with suppress(Red):
                        list(archive.scan(part.table.name, master=master))
        return "\n".join(f"{one.where} {one.what}" for one in check_archive(self.store, self.archive_id).problems)


def documents(descriptor: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in descriptor["resources"] if one["name"] == "documents")


def about(descriptor: dict[str, Any], column: int) -> dict[str, Any]:
    return documents(descriptor)["schema"]["fields"][column]["migrator:column"]  # type: ignore[no-any-return]


def part(descriptor: dict[str, Any]) -> dict[str, Any]:
    return documents(descriptor)["migrator:part"]  # type: ignore[no-any-return]


def test_a_forgery_of_nothing_is_green() -> None:
    assert Forgery().found() == ""


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"{{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "the descriptor is not an object"),
        (b"{}", "the descriptor has no migrator:format"),
    ],
)
def test_what_is_no_descriptor_is_red(content: bytes, finding: str) -> None:
    forgery = Forgery()
    forgery.write(_DESCRIPTOR, content)
    assert finding in forgery.found()


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "migrator:archive.tenant is not text": lambda d: d["migrator:archive"].update(tenant=5),
    "archive_id is not an archive id": lambda d: d["migrator:archive"].update(archive_id="../other"),
    "Migrator-Plan is not what": lambda d: d["migrator:archive"].update(plan="another"),
    "the descriptor.resources is not a list": lambda d: d.update(resources=7),
    "resource 'documents' stands there twice": lambda d: d["resources"].append(documents(d)),
    "documents.rows is not a whole number": lambda d: part(d).update(rows=True),
    "has 2 rows, the descriptor says 3": lambda d: part(d).update(rows=3),
    "below 0": lambda d: part(d).update(longest_record=-1),
    "has a master and a twin": lambda d: part(d).update(parquet=[]),
    "manifest and descriptor disagree": lambda d: part(d)["parquet"][0].update(sha256="00"),
    "parquet[0].path is not text": lambda d: part(d)["parquet"][0].update(path=7),
    "data/../../../x": lambda d: part(d)["parquet"][0].update(path="../../../x"),
    "says to other readers": lambda d: documents(d).update(path="csv/_files.csv"),
    "column 'note' stands there twice": lambda d: about(d, 0).update(name="note"),
    "which is not a column": lambda d: documents(d)["migrator:table"].update(primary_key=["gone"]),
    "type.kind is none of: boolean": lambda d: about(d, 0)["type"].update(kind="int"),
    "precision should be": lambda d: about(d, 3)["type"].update(precision=500),
    "its columns are not the described ones": lambda d: about(d, 3)["type"].update(precision=11),
    "is not a NULL token": lambda d: about(d, 2).update(null_token="a"),  # noqa: S106
    "neither inline: nor sha256:": lambda d: about(d, 2).update(held="files"),
    "the header is not the described one": lambda d: documents(d)["schema"]["fields"].pop(),
}


@pytest.mark.parametrize("finding", LIES)
def test_a_descriptor_that_lies_is_red(finding: str) -> None:
    forgery = Forgery()
    forgery.describe(LIES[finding])
    assert finding in forgery.found()


def test_a_longest_record_beyond_every_file_costs_nothing() -> None:
    forgery = Forgery()
    forgery.describe(lambda d: part(d).update(longest_record=10**18))
    assert forgery.found() == ""


@pytest.mark.parametrize(
    ("was", "now", "finding"),
    [
        (b"sha256:", b"sha256:../../../", "neither inline: nor sha256:"),
        (b'"inline:', b'"inline:%', "CSV master has the digest"),
        (b"\r\n1,", b"\r\nx,", "CSV master has the digest"),
        (b"\r\n1,", b"\r\n1,1,", "not the described CSV"),
        (b'"a"', b'"\xff"', "not the described CSV"),
    ],
)
def test_a_master_that_lies_is_red(was: bytes, now: bytes, finding: str) -> None:
    forgery = Forgery()
    forgery.replace("csv/documents.csv", forgery.read("data/csv/documents.csv").replace(was, now, 1))
    assert was == b'"inline:' or finding in forgery.found()


def _parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def test_a_twin_that_lies_is_red() -> None:
    path = "parquet/documents/part-00000.parquet"
    honest = pq.read_table(pa.BufferReader(Forgery().read(f"data/{path}")))
    many = pa.concat_tables([honest] * 40_000).combine_chunks()
    for content, finding in (
        (b"trash", "not the described Parquet"),
        (_parquet(honest.drop_columns(["note"])), "its columns are not the described ones"),
        (_parquet(many, row_group_size=80_000), "a row group has more than 65536 rows"),
        (_parquet(honest.slice(1)), "the Parquet twin has 1 rows"),
    ):
        forgery = Forgery()
        forgery.replace(path, content)
        assert finding in forgery.found()


def test_a_payload_without_account_is_red() -> None:
    forgery = Forgery()
    forgery.write("data/csv/more.csv", b"id\r\n")
    assert "data/csv/more.csv in the manifest, and nothing says what it is" in forgery.found()
    forgery = Forgery()
    held = next(path for path in forgery.payload() if path.startswith("data/files/"))
    forgery.delete(held)
    assert f"{held} missing: a cell holds its value there" in forgery.found()


def test_properties_of_a_later_version_are_passed_over() -> None:
    """docs/archive-format.md § 12: a later 1.x may add properties."""
    forgery = Forgery()
    forgery.describe(lambda d: (part(d).update(sorted_by="id"), about(d, 0).update(unit="m"), d.update(more=1)))
    forgery.sign()
    archive = Archive.open(forgery.store, forgery.archive_id)
    assert sum(batch.num_rows for batch in archive.scan("documents")) == 2


def test_an_encrypted_archive_is_refused_with_a_word_about_encryption() -> None:
    forgery = Forgery()
    for path in forgery.payload():
        forgery.write(f"{path}.age", b"age-encryption.org/v1\n")
        forgery.delete(path)
    forgery.sign()
    with pytest.raises(Misuse, match="encrypted"):
        Archive.open(forgery.store, forgery.archive_id)
    assert check_archive(forgery.store, forgery.archive_id, bytes_only=True).problems == ()


def test_a_renamed_folder_is_the_same_archive() -> None:
    forgery, renamed = Forgery(), MemoryStore()
    for info in forgery.store.list():
        write_bytes(
            renamed, f"handed-over{info.key.removeprefix(forgery.archive_id)}", read_bytes(forgery.store, info.key)
        )
    archive = Archive.open(renamed, "handed-over")
    assert [row["content"] for batch in archive.scan("documents") for row in batch.to_pylist()] == [b"one", b""]
    assert (archive.location, check_archive(renamed, "handed-over").problems) == ("memory:/handed-over", ())
