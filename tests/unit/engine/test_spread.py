"""Tables of a snapshot copied by helpers: the archive is the one that nobody helped with, whatever becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from migrator.engine import spread, turns
from migrator.engine.halfway import Attempt
from migrator.engine.helping import help_snapshot
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.engine.spread import Handed
from migrator.outcomes import Json
from storage.archive import Archive
from storage.check import check_archive
from storage.described import built
from storage.errors import Fault, FenceLost, MigratorError, Misuse
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.support_joinable import JoinableSource, Views
from tests.unit.engine.support import plan_of, rows_of

SCOPE = "root: {table: firms, where: {id: 1}}"
# the first two are called alike, but for what no file name can tell
DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE "a b" (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));
CREATE TABLE "a-b" (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
CREATE TABLE c (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO "a b" VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO "a-b" VALUES (1, 1, 'é'), (2, 1, NULL), (3, 2, 'c');
INSERT INTO c VALUES (1, 1, ''), (2, 2, 'b'), (3, 1, 'NULL');
"""
LATER = "INSERT INTO c VALUES (4, 1, 'later')"
Help = Callable[[Handed], None]


@dataclass(kw_only=True)
class Helped:
    """Shares of which `names` are a helper's, who does each when it is asked for; one that fails is given back."""

    names: tuple[str, ...]
    help: Help
    errors: list[MigratorError] = field(default_factory=list)
    offered: dict[str, int] = field(default_factory=dict)
    handed: dict[str, Handed] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    helpers: int = 1

    def offer(self, sizes: Mapping[str, int], handed: Mapping[str, Json]) -> None:
        assert sizes.keys() == handed.keys()
        self.offered |= sizes
        self.handed |= {name: built(Handed, one, name) for name, one in handed.items()}

    def take(self, name: str) -> bool:
        if name not in self.names or name not in self.offered or self.errors:
            return True
        assert name not in self.done
        try:
            self.help(self.handed[name])
            self.done.add(name)
        except MigratorError as error:
            self.errors.append(error)
        return False

    def is_done(self, name: str) -> bool:
        return name in self.done

    def withdraw(self) -> None:
        self.offered.clear()


class World:
    def __init__(self, platform: SqlitePlatform, folder: Path) -> None:
        self.platform = platform
        self.views = Views(folder=folder)
        self.store = MemoryStore()
        self.scope = SCOPE
        self.required: Callable[[], None] = lambda: None

    def source(self) -> JoinableSource:
        with closing(self.platform.connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return JoinableSource(self.platform.path, self.views)

    def help(self, handed: Handed, *, attempt: int = 1) -> None:
        help_snapshot(
            self.source(),
            plan_of(self.scope),
            self.store,
            handed,
            run="run-1",
            attempt=attempt,
            pieces=[handed.piece],
            required=self.required,
        )

    def taken(self, helped: Helped) -> Snapshot:
        return self.attempt(Attempt(run="run-1", shares=helped))

    def attempt(self, attempt: Attempt) -> Snapshot:
        return snapshot(self.source(), plan_of(SCOPE), self.store, signing_keys(), tool="test", attempt=attempt)


@pytest.fixture
def world(platform: SqlitePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(spread, "WORTH_ROWS", 2)
    monkeypatch.setattr(turns, "_LOOK_S", 0)
    platform.run(DDL)
    views = tmp_path / "views"
    views.mkdir()
    return World(platform, views)


def undisturbed(world: World) -> Snapshot:
    return snapshot(world.source(), plan_of(SCOPE), MemoryStore(), signing_keys(), tool="test")


def require_same(world: World, taken: Snapshot, expected: Snapshot) -> None:
    assert check_archive(world.store, taken.sealed.archive_id).problems == ()
    assert taken.sealed.tables == expected.sealed.tables, "to the byte, and in their order"
    assert (taken.proof, taken.scope) == (expected.proof, expected.scope)


def audit(world: World, taken: Snapshot) -> str:
    return read_bytes(world.store, f"{taken.sealed.archive_id}/data/provenance/audit.jsonl").decode()


@pytest.mark.parametrize("names", [("c",), ("a b",), ("a-b", "c"), ("a b", "a-b", "c")])
def test_the_archive_is_the_one_that_nobody_helped_with(world: World, names: tuple[str, ...]) -> None:
    expected = undisturbed(world)
    helped = Helped(names=names, help=world.help)
    world.views.read.clear()
    taken = world.taken(helped)
    require_same(world, taken, expected)
    assert helped.errors == []
    assert helped.offered == {"a b": 2, "a-b": 2, "c": 2}, "what is worth it"
    assert sorted(world.views.read) == ["a b", "a-b", "c", "firms"], "nothing is read twice"
    assert '"copied by other workers"' in audit(world, taken)
    assert world.views.holders == {}


def test_a_helper_reads_in_the_runs_own_point_in_time(world: World) -> None:
    def later(handed: Handed) -> None:
        world.platform.run(LATER)
        world.help(handed)

    taken = world.taken(Helped(names=("c",), help=later))
    assert [row[0] for row in rows_of(Archive.open(world.store, taken.sealed.archive_id), "c")] == [1, 3]


def test_what_a_helper_gives_back_is_copied_here(world: World) -> None:
    def fails(_handed: Handed) -> None:
        raise Fault("its disk is full", where="helper", next="")

    expected, helped = undisturbed(world), Helped(names=("a-b", "c"), help=fails)
    taken = world.taken(helped)
    require_same(world, taken, expected)
    assert "copied by other workers" not in audit(world, taken)


def test_what_was_damaged_since_a_helper_wrote_it_is_read_again(world: World) -> None:
    def damages(handed: Handed) -> None:
        world.help(handed)
        key = f"{handed.archive}/data/csv/c.csv"
        write_bytes(world.store, key, read_bytes(world.store, key).replace(b"NULL", b"null"))

    expected = undisturbed(world)
    require_same(world, world.taken(Helped(names=("c",), help=damages)), expected)


def test_a_helper_that_was_taken_over_writes_nothing(world: World) -> None:
    def another_does_it() -> None:
        raise Fault("another does it", where="share", next="")

    expected, helped = undisturbed(world), Helped(names=("c",), help=world.help)
    world.required = another_does_it
    require_same(world, world.taken(helped), expected)
    assert [error.what for error in helped.errors] == ["another does it"]


def test_who_finds_other_rows_does_not_help(world: World) -> None:
    expected, helped = undisturbed(world), Helped(names=("c",), help=world.help)
    world.scope = SCOPE.replace("id: 1", "id: 2")
    require_same(world, world.taken(helped), expected)
    (error,) = helped.errors
    assert isinstance(error, Misuse) and "other rows" in error.what and "variables" in error.next


def test_who_sees_another_store_or_comes_too_late_does_not_help(world: World) -> None:
    helped = Helped(names=("c",), help=world.help)
    taken, own = world.taken(helped), world.store
    handed = helped.handed["c"]
    world.store = MemoryStore()
    with pytest.raises(Fault, match="not in the store"):
        world.help(handed)
    world.store = own
    with pytest.raises(FenceLost):
        world.help(handed)
    with pytest.raises(Fault, match="not in the store"):
        world.help(handed, attempt=2)
    assert check_archive(world.store, taken.sealed.archive_id).problems == ()


def test_little_is_copied_without_help(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "WORTH_ROWS", 3)
    helped = Helped(names=("c",), help=world.help)
    require_same(world, world.taken(helped), undisturbed(world))
    assert helped.offered == {}
