"""Files that rows name are in the archive with them, or the snapshot says row by row which are not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from migrator.engine.attachments_found import REPORT
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.platforms.files.place import open_files
from storage.archive import Archive
from storage.check import check_archive
from storage.credentials import Accounts
from storage.errors import Misuse, Red
from storage.files import file_path
from storage.memory import MemoryStore
from storage.objects import ObjectStore, read_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of, rows_of

PNG = b"\x89PNG\r\n\x1a\n and so on"
SCOPE = """
root: {{table: firms, where: {{id: 1}}}}
attachments:
  - {{table: papers, column: path, name: title, type: type, size: size, hash: hash, base: "{base}"{more}}}
"""
DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY);
CREATE TABLE papers (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), path TEXT, title TEXT, type TEXT,
                     size INTEGER, hash TEXT);
INSERT INTO firms VALUES (1), (2);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the files of two firms lie."""
    place = tmp_path / "files"
    for name, content in {"a/logo.png": PNG, "b/copy.png": PNG, "nothing.txt": b"", "theirs.txt": b"theirs"}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def papers(platform: SqlitePlatform, *rows: tuple[Any, ...]) -> None:
    """Rows of (id, firm, path, title, type, size, hash)."""
    platform.run(DDL)
    with platform.connect() as connection:
        connection.executemany("INSERT INTO papers VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def taken(
    platform: SqlitePlatform, folder: Path, more: str = "", scope: str = "", store: ObjectStore | None = None
) -> tuple[Snapshot, Archive]:
    store = store or MemoryStore()
    plan = plan_of(SCOPE.format(base=folder, more=more) + scope)
    accounts = Accounts(variables={})
    found = snapshot(
        platform.source(), plan, store, signing_keys(), tool="test", places=lambda base: open_files(base, accounts)
    )
    assert not check_archive(store, found.sealed.archive_id).problems
    return found, Archive.open(store, found.sealed.archive_id)


def paper(
    id_: int, path: str | None, *, firm: int = 1, size: object = None, hash_: str | None = None
) -> tuple[Any, ...]:
    return (id_, firm, path, f"paper {id_}", "image/x-ours", size, hash_)


def test_files_are_held_once_by_content_typed_by_their_bytes_and_nobody_elses_is_fetched(
    platform: SqlitePlatform, folder: Path
) -> None:
    papers(
        platform, paper(1, "a/logo.png"), paper(2, "b/copy.png"), paper(3, "a/logo.png"), paper(4, None), paper(5, ""),
        paper(6, "theirs.txt", firm=2), paper(7, f"{folder}/a/logo.png"),
    )  # fmt: skip
    store = MemoryStore()
    found, archive = taken(platform, folder, store=store)
    sha256 = hashlib.sha256(PNG).hexdigest()
    entries = sorted(archive.files(), key=lambda one: one.row)
    assert [(one.table, one.row, one.column) for one in entries] == [
        ("papers", f'["{key}"]', "path") for key in (1, 2, 3, 7)
    ]
    assert {(one.sha256, one.size, one.type, one.content_type) for one in entries} == {
        (sha256, len(PNG), "image/x-ours", "image/png")
    }
    assert [one.name for one in entries] == ["paper 1", "paper 2", "paper 3", "paper 7"]
    held = [info.key for info in store.list(f"{found.sealed.archive_id}/data/files/")]
    assert held == [f"{found.sealed.archive_id}/data/{file_path(sha256)}"]
    assert read_bytes(store, held[0]) == PNG
    assert (found.attached.files, found.attached.bytes, found.attached.notes) == (4, 4 * len(PNG), ())
    assert [row[2] for row in rows_of(archive, "papers")][:3] == ["a/logo.png", "b/copy.png", "a/logo.png"]


def test_missing_files_are_red_row_by_row_and_leave_no_archive(platform: SqlitePlatform, folder: Path) -> None:
    papers(platform, paper(1, "a/logo.png"), paper(2, "lost.png"), paper(3, "a"), paper(4, "lost.png"))
    store = MemoryStore()
    with pytest.raises(Red, match=r"3 file\(s\)") as red:
        taken(platform, folder, store=store)
    assert sorted((one.where, one.examples) for one in red.value.problems) == [
        ('papers.path ["2"]', ("lost.png",)),
        ('papers.path ["3"]', ("a",)),
        ('papers.path ["4"]', ("lost.png",)),
    ]
    assert list(store.list()) == []


def test_missing_empty_and_altered_ones_are_listed_by_row_where_the_loss_is_accepted(
    platform: SqlitePlatform, folder: Path
) -> None:
    md5 = hashlib.md5(PNG, usedforsecurity=False).hexdigest()
    papers(
        platform,
        paper(1, "lost.png"),
        paper(2, "nothing.txt", size=0),
        paper(3, "a/logo.png", size=len(PNG), hash_=md5.upper()),
        paper(4, "a/logo.png", size=1),
        paper(5, "a/logo.png", hash_="sha256:" + "0" * 64),
        paper(6, "a/logo.png", hash_="who knows"),
    )
    _, archive = taken(platform, folder, scope="accept: {papers.path: burnt in 2019}")
    told = json.loads(archive.document(REPORT))
    assert (told["files"], told["missing"], told["empty"], told["altered"]) == (5, 1, 1, 3)
    assert told["accepted"] == {"papers.path": "burnt in 2019"}
    assert sorted((note["row"], note["wrong"], note["name"]) for note in told["notes"]) == [
        ('["1"]', "missing", "lost.png"),
        ('["2"]', "empty", "nothing.txt"),
        ('["4"]', "altered", "a/logo.png"),
        ('["5"]', "altered", "a/logo.png"),
        ('["6"]', "altered", "a/logo.png"),
    ]
    assert len(list(archive.files())) == 5


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "a/../../secret.txt", "/etc/hostname", "file:///etc/hostname", "a/link.png", "a\\b", "a//b"],
)
def test_a_name_that_leads_elsewhere_is_not_followed(platform: SqlitePlatform, folder: Path, path: str) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "a" / "link.png").symlink_to(folder.parent / "secret.txt")
    papers(platform, paper(1, path))
    with pytest.raises(Red, match="not to be had"):
        taken(platform, folder)


def test_a_file_larger_than_the_plan_takes_is_missing(platform: SqlitePlatform, folder: Path) -> None:
    papers(platform, paper(1, "a/logo.png"))
    with pytest.raises(Red, match="at most 5"):
        taken(platform, folder, more=", max_bytes: 5")


def test_a_table_read_again_lists_its_files_once(platform: SqlitePlatform, folder: Path) -> None:
    papers(platform, paper(1, "a/logo.png"), (2, 1, "b/copy.png", "\\N", None, None, None))
    found, archive = taken(platform, folder)
    assert sorted(one.row for one in archive.files()) == ['["1"]', '["2"]']
    assert found.attached.files == 2


def test_values_that_are_files_are_looked_at_too(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, logo BLOB, size INTEGER);"
        "INSERT INTO firms VALUES (1, x'', 0), (2, x'255044462d', 5), (3, x'00', 7), (4, NULL, 9);"
    )
    scope = "root: database\nattachments: [{table: firms, column: logo, size: size}]"
    store = MemoryStore()
    found = snapshot(platform.source(), plan_of(scope), store, signing_keys(), tool="test")
    archive = Archive.open(store, found.sealed.archive_id)
    assert [one.content_type for one in archive.files()] == [None, "application/pdf", "application/octet-stream"]
    assert [(note.row, note.wrong) for note in found.attached.notes] == [('["1"]', "empty"), ('["3"]', "altered")]
    assert (found.attached.files, found.attached.bytes) == (3, 6)


@pytest.mark.parametrize(
    ("ddl", "rule", "said"),
    [
        ("v BLOB", ", base: /", "names no files"),
        ("v INTEGER", "", "holds no files"),
        ("v TEXT", ", base: /no/such/folder", "no such folder"),
        ("v TEXT", ", size: lenght", "no column"),
    ],
)
def test_what_cannot_be_a_file_is_refused_before_a_row_is_read(
    platform: SqlitePlatform, ddl: str, rule: str, said: str
) -> None:
    platform.run(f"CREATE TABLE firms (id INTEGER PRIMARY KEY, {ddl});")
    plan = plan_of(f"root: database\nattachments: [{{table: firms, column: v{rule}}}]")
    with pytest.raises(Misuse, match=said):
        snapshot(
            platform.source(), plan, MemoryStore(), signing_keys(), tool="test",
            places=lambda base: open_files(base, Accounts(variables={})),
        )  # fmt: skip


def test_a_column_is_declared_once() -> None:
    with pytest.raises(Misuse, match=r"papers\.path is declared twice"):
        plan_of("root: database\nattachments: [{table: papers, column: path}, {table: papers, column: path, base: /}]")
