"""An archive is rebuilt, read again and compared: equal means that every digest is the archive's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from migrator.engine.restore import REBUILDING, Restored, restore
from migrator.outcomes import Tick
from migrator.platforms.sqlite.restore import SqliteRebuilding
from migrator.platforms.sqlite.source import SqliteSource
from migrator.platforms.sqlite.target import SqliteTarget
from storage.archive import Archive
from storage.errors import Misuse, Red
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.model import MODEL, Model
from storage.schema import Held, Table
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import clients, write_archive
from tests.support_steps import DONE, RECORDED, KeptSteps, Struck, strike_at
from tests.unit.engine.support import taken

DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE UNIQUE, boss INT
    REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE people (id INTEGER PRIMARY KEY, firm INT REFERENCES firms (id), note, photo BLOB,
    length INT AS (length(note)) STORED, CHECK (id > 0));
CREATE TABLE words (word TEXT);
CREATE TABLE empty (id INTEGER PRIMARY KEY, at TEXT);
CREATE INDEX by_length ON people (length DESC) WHERE note <> '';
INSERT INTO firms VALUES (1, 'ours', NULL), (7, 'theirs', NULL);
INSERT INTO people VALUES (1, 1, '', x''), (2, 1, NULL, zeroblob(1100000)), (3, 7, 5, NULL), (4, 7, '5', x'00');
INSERT INTO people VALUES (5, 7, CAST(x'ff' AS TEXT), NULL);
INSERT INTO words VALUES ('w'), ('w'), (NULL), (''), ('\\N');
UPDATE firms SET boss = id WHERE id = 1;
"""


@pytest.fixture
def archive(platform: SqlitePlatform) -> Archive:
    platform.run(DDL)
    return taken(platform, "root: database")[1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "restored.db"


def restored(archive: Archive, place: Path, *, master: bool = False, told: list[Tick] | None = None) -> Restored:
    url = f"sqlite:///{place}"
    progress = told.append if told is not None else lambda _: None
    return restore(archive, SqliteTarget(url), lambda: SqliteSource(url), master=master, progress=progress)


def dumped(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        return sorted(connection.iterdump())


@pytest.mark.parametrize("master", [False, True], ids=["parquet", "csv"])
def test_every_digest_is_the_archive_s(archive: Archive, place: Path, platform: SqlitePlatform, master: bool) -> None:
    found = restored(archive, place, master=master)
    assert (found.verdict, found.differences, found.notes) == ("green", (), ())
    assert found.read_from == ("csv" if master else "parquet")
    assert {table.name: table.rows for table in found.tables} == {"firms": 2, "people": 5, "words": 5, "empty": 0}
    assert all(table.digest == table.found == archive.table(table.name).digest for table in found.tables)
    there = SqlitePlatform(place).dump()
    assert {name: rows for name, rows in there.items() if name} == {
        name: rows for name, rows in platform.dump().items() if name
    }


def test_both_forms_give_the_same_file(archive: Archive, tmp_path: Path) -> None:
    restored(archive, tmp_path / "parquet.db")
    restored(archive, tmp_path / "csv.db", master=True)
    assert dumped(tmp_path / "parquet.db") == dumped(tmp_path / "csv.db")


def test_an_archive_of_what_was_restored_is_the_same_archive(archive: Archive, place: Path) -> None:
    """Values under files/ too, and the descriptions: from here on nothing is lost however often it goes around."""
    restored(archive, place)
    _, again = taken(SqlitePlatform(place), "root: database")
    assert archive.table("people").table.column("photo").held is Held.FILES
    assert {table.table.name: table.digest for table in again.tables} == {
        table.table.name: table.digest for table in archive.tables
    }
    assert again.model() == archive.model()
    assert [replace(one.table, ddl=None) for one in again.tables] == [
        replace(one.table, ddl=None) for one in archive.tables
    ]


def test_it_tells_how_far_it_is(archive: Archive, place: Path) -> None:
    told: list[Tick] = []
    restored(archive, place, told=told)
    assert {tick.step for tick in told} == {"restore", "keys, constraints and indexes", "verify"}
    assert [(tick.done, tick.total) for tick in told if tick.step == "restore" and tick.what == "people"] == [
        (0, 5),
        (5, 5),
    ]


# ── what is not equal, and what is not begun ────────────────────────────────────────────────────────────────
class Careless(SqliteTarget):
    """A platform that takes rows and keeps others: no real one is known to, and none would be believed without."""

    @contextmanager
    def rebuilding(self, tables: Sequence[Table], model: Model) -> Iterator[SqliteRebuilding]:  # type: ignore[override]
        with super().rebuilding(tables, model) as rebuilding:
            fill = rebuilding.fill

            def changed(table: Table, batches: Iterable[pa.RecordBatch]) -> int:
                count = fill(table, batches)
                if table.name == "people":
                    rebuilding._connection.execute("UPDATE people SET note = 'ours' WHERE id = 4")
                if table.name == "words":
                    rebuilding._connection.execute("DELETE FROM words WHERE rowid = 2")
                return count

            rebuilding.fill = changed  # type: ignore[method-assign]
            yield rebuilding


def test_a_row_that_is_not_as_it_was_is_found_and_located(archive: Archive, place: Path) -> None:
    url = f"sqlite:///{place}"
    found = restore(archive, Careless(url), lambda: SqliteSource(url))
    assert found.verdict == "red"
    assert [table.name for table in found.tables if not table.is_equal] == ["people", "words"]
    cells = [(one.table, one.key, one.column) for one in found.differences if one.table == "people"]
    assert ("people", {"id": "4"}, "note") in cells
    assert any(one.table == "words" for one in found.differences)


class Forgetful(SqliteTarget):
    """One that loses what no row shows."""

    @contextmanager
    def rebuilding(self, tables: Sequence[Table], model: Model) -> Iterator[SqliteRebuilding]:  # type: ignore[override]
        of_people = replace(model.table("people"), checks=(), indexes=())
        others = tuple(one for one in model.tables if one.table != "people")
        with super().rebuilding(tables, replace(model, tables=(*others, of_people))) as rebuilding:
            yield rebuilding


def test_what_is_not_declared_again_is_red_although_every_row_is_there(archive: Archive, place: Path) -> None:
    url = f"sqlite:///{place}"
    found = restore(archive, Forgetful(url), lambda: SqliteSource(url))
    assert found.verdict == "red" and all(table.is_equal for table in found.tables)
    assert {one.where for one in found.departures} >= {"people, check id > 0", "people, index by_length"}
    assert all(one.where.startswith("people") and one.next for one in found.departures)


def test_another_kind_of_platform_is_refused_before_anything_is_made(archive: Archive, place: Path) -> None:
    other = replace(archive, identity=replace(archive.identity, source_platform="postgresql"))
    with pytest.raises(Misuse, match="comes from postgresql, this is sqlite") as refused:
        restored(other, place)
    assert "migrate" in refused.value.next
    assert not place.exists()


def test_a_damaged_part_leaves_nothing(platform: SqlitePlatform, place: Path) -> None:
    platform.run(DDL)
    store = MemoryStore()
    _, archive = taken(platform, "root: database", store)
    (key,) = (info.key for info in store.list() if "/parquet/words/" in info.key)
    store.delete(key)
    with pytest.raises((Red, Misuse)):
        restored(archive, place)
    assert not place.exists()


# ── archives of before ──────────────────────────────────────────────────────────────────────────────────────
def test_an_archive_of_before_is_restored_with_a_note(place: Path) -> None:
    store = MemoryStore()
    archive = Archive.open(store, write_archive(store, clients()).archive_id)
    found = restored(archive, place)
    assert found.verdict == "green"
    (note,) = found.notes
    assert "older version" in note.what and note.where == clients()[0].name


def test_without_a_model_all_that_its_columns_say_is_there_again(archive: Archive, place: Path) -> None:
    """Checks, indexes and expressions are not known then, and told; a collation is said of its column."""
    silent = replace(archive, _manifest={path: sha for path, sha in archive._manifest.items() if MODEL not in path})
    found = restored(silent, place)
    assert (found.verdict, found.departures) == ("green", ())
    (note,) = found.notes
    assert "older version" in note.what and note.count == len(note.examples) == 4
    with closing(sqlite3.connect(place)) as connection:
        assert connection.execute("SELECT id FROM firms WHERE name = 'OURS'").fetchall() == [(1,)]


def test_what_an_archive_holds_apart_it_says_itself(place: Path) -> None:
    """The kept one was written with a lower limit: a value that would fit into its cell stands under files/."""
    kept = Archive.open(LocalStore(Path(__file__).parents[2] / "archives"), "version-1")
    documents = replace(kept, tables=tuple(part for part in kept.tables if part.table.name == "documents"))
    found = restored(documents, place)
    assert (found.verdict, found.rows, found.differences) == ("green", 2, ())


def test_the_kept_archive_says_which_of_its_tables_no_sqlite_has(place: Path) -> None:
    """Version 1 was written by hand to hold every kind there is; a real source has none of a platform not its own."""
    kept = LocalStore(Path(__file__).parents[2] / "archives")
    with pytest.raises(Red, match="no tables without columns") as refused:
        restored(Archive.open(kept, "version-1"), place)
    assert refused.value.where == "no columns"
    assert not place.exists()


@pytest.mark.parametrize("when", [DONE, RECORDED])
def test_what_an_attempt_rebuilt_is_read_again_and_not_made_again(
    archive: Archive, place: Path, tmp_path: Path, when: str
) -> None:
    url, steps = f"sqlite:///{place}", KeptSteps(path=tmp_path / "steps.json", strike=strike_at(REBUILDING, when))
    undisturbed = restored(archive, tmp_path / "other.db")
    stands: list[bool] = []
    with pytest.raises(Struck):
        restore(archive, SqliteTarget(url), lambda: SqliteSource(url), steps=steps, stands=lambda: stands.append(True))
    assert stands
    again, before = KeptSteps(path=steps.path, attempt=2), dumped(place)
    if when is DONE:  # nobody can tell whose it is
        with pytest.raises(Misuse, match="perhaps what an earlier attempt of this run made"):
            restore(archive, SqliteTarget(url), lambda: SqliteSource(url), steps=again)
    else:
        found = restore(archive, SqliteTarget(url), lambda: SqliteSource(url), steps=again)
        assert (found.verdict, found.tables, found.notes) == ("green", undisturbed.tables, undisturbed.notes)
    assert dumped(place) == before


def test_what_nobody_rebuilt_whole_is_made_anew(archive: Archive, place: Path, tmp_path: Path) -> None:
    url, steps = f"sqlite:///{place}", KeptSteps(path=tmp_path / "steps.json")

    def stopped(tick: Tick) -> None:
        if (tick.step, tick.what, tick.done) == ("restore", "words", 5):
            raise Struck

    with pytest.raises(Struck):
        restore(archive, SqliteTarget(url), lambda: SqliteSource(url), steps=steps, progress=stopped)
    assert not place.exists() and steps.kept == {}
    found = restore(archive, SqliteTarget(url), lambda: SqliteSource(url), steps=KeptSteps(path=steps.path, attempt=2))
    assert found.verdict == "green"
