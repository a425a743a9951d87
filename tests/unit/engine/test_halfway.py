"""A snapshot that was stopped goes on in the instant it read before, or in another from the start: never in both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from migrator.contracts import Fence
from migrator.engine.halfway import Attempt
from migrator.engine.left import erase_left
from migrator.engine.snapshot import Snapshot, recorded, snapshot
from migrator.outcomes import Tick, as_read_again
from storage.archive import Archive, list_archives
from storage.begun import LIST, lists_of
from storage.check import check_archive
from storage.errors import Fault, Red
from storage.identity import is_archive_id
from storage.memory import MemoryStore
from storage.objects import Sink, read_bytes, write_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.support_joinable import JoinableSource, Keeper, Views, keeping
from tests.unit.engine.support import plan_of, rows_of

SCOPE = "root: {table: firms, where: {id: 1}}"
# every row of `first` has one of the same number in `second`, at any instant
DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE first (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));
CREATE TABLE second (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), note TEXT);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
INSERT INTO first VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO second VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');
"""
LATER = "BEGIN; INSERT INTO first VALUES (4, 1); INSERT INTO second VALUES (4, 1, 'd'); DELETE FROM first WHERE id = 1;"
LATER += "DELETE FROM second WHERE id = 1; COMMIT;"
ONE_MORE = "BEGIN; INSERT INTO first SELECT max(id) + 1, 1 FROM second;"
ONE_MORE += "INSERT INTO second SELECT max(id) + 1, 1, 'x' FROM second; COMMIT;"
THEN, NOW = [1, 2], [2, 4]
PATIENCE_S = 30


class Killed(BaseException):
    """The process is gone: nothing is written, deleted or released any more."""


class MortalStore(MemoryStore):
    """Dies before the given write, or when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10_000

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        self.live()
        self.left -= 1
        with super().writer(key, exclusive=exclusive) as sink:
            yield sink

    def delete(self, key: str) -> None:
        self.live()
        super().delete(key)

    def live(self) -> None:
        if self.left <= 0:  # other threads end without a word
            raise Killed if threading.current_thread() is threading.main_thread() else Fault("the process is gone")


class Remembered:
    """Steps as a run keeps them."""

    def __init__(self) -> None:
        self.attempt = 1
        self.done: dict[str, Any] = {}

    def once(self, name: str, do: Callable[[], Any]) -> Any:
        if name not in self.done:
            self.done[name] = as_read_again(do())
        return self.done[name]


class World:
    """A source that changes between attempts, a store, and a run."""

    def __init__(self, platform: SqlitePlatform, folder: Path) -> None:
        self.platform = platform
        self.views = Views(folder=folder)
        self.store = MortalStore()
        self.steps = Remembered()
        self.keepers: list[Keeper] = []
        self.scope = SCOPE

    def source(self) -> JoinableSource:
        with closing(self.platform.connect()) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return JoinableSource(self.platform.path, self.views)

    def keep(self, fence: Fence) -> Keeper:
        self.store.live()
        self.keepers.append(keeping(self.views, fence))
        return self.keepers[-1]

    def attempt(self, progress: Callable[[Tick], None] = lambda _tick: None) -> Snapshot:
        attempt = Attempt(run="run-1", steps=self.steps, keep=self.keep, keep_after_s=0)
        plan = plan_of(self.scope)
        return snapshot(
            self.source(), plan, self.store, signing_keys(), tool="test", attempt=attempt, progress=progress
        )

    def killed(self, at: str, *, listed: str = "") -> None:
        """An attempt that dies as it begins to read a table, once another one is listed."""

        def strike(tick: Tick) -> None:
            if tick.what == at:
                self.wait_for(listed)
                self.store.left = 0
                raise Killed

        with pytest.raises(Killed):
            self.attempt(strike)
        self.resumed()

    def wait_for(self, listed: str) -> None:
        end = f"{LIST}/tables/{listed}.json"
        self.wait(lambda: not listed or any(info.key.endswith(end) for info in self.store.list()))

    def wait(self, until: Callable[[], bool]) -> None:
        last = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < last
            time.sleep(0.005)

    def handle(self) -> str | None:
        """How the list says that the fence is joined."""
        (parts,) = lists_of(self.store, "run-1")
        begun = parts.begun()
        return begun.handle if begun else None

    def resumed(self) -> None:
        """What is to be found by the next attempt: another instant, and what a dead process leaves of its views."""
        self.store.left = 10_000
        self.steps = replaced(self.steps)
        self.views.read.clear()

    def lose_keepers(self) -> None:
        self.views.holders.clear()

    def folders(self) -> list[str]:
        return sorted({info.key.partition("/")[0] for info in self.store.list()})


def replaced(steps: Remembered) -> Remembered:
    later = Remembered()
    later.attempt, later.done = steps.attempt + 1, steps.done
    return later


@pytest.fixture
def world(platform: SqlitePlatform, tmp_path: Path) -> World:
    platform.run(DDL)
    views = tmp_path / "views"
    views.mkdir()
    return World(platform, views)


def rows(world: World, taken: Snapshot) -> tuple[list[int], list[int]]:
    archive = Archive.open(world.store, taken.sealed.archive_id)
    assert check_archive(world.store, taken.sealed.archive_id).problems == ()
    return [row[0] for row in rows_of(archive, "first")], [row[0] for row in rows_of(archive, "second")]


def audit(world: World, taken: Snapshot) -> str:
    return read_bytes(world.store, f"{taken.sealed.archive_id}/data/provenance/audit.jsonl").decode()


# ── going on ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_snapshot_goes_on_in_its_fence_and_reads_no_table_twice(world: World) -> None:
    world.killed("second", listed="first")
    world.platform.run(LATER)
    begun = world.folders()
    taken = world.attempt()
    assert rows(world, taken) == (THEN, THEN)
    assert world.views.read == ["second"], "what an attempt finished is not read again"
    assert f"{taken.sealed.archive_id}{LIST}" in begun, "it is the archive that was begun"
    assert "went on in the same fence" in audit(world, taken)
    assert taken.notes == ()
    assert list(world.steps.done) == ["snapshot firms", "snapshot first", "snapshot second"]


def test_what_it_archives_is_what_nobody_would_have_disturbed(world: World) -> None:
    undisturbed = snapshot(world.source(), plan_of(SCOPE), MemoryStore(), signing_keys(), tool="test")
    world.killed("second", listed="first")
    taken = world.attempt()
    assert taken.proof == undisturbed.proof
    assert taken.scope == undisturbed.scope
    assert [part.digest for part in taken.sealed.tables] == [part.digest for part in undisturbed.sealed.tables]
    assert [part.parts for part in taken.sealed.tables] == [part.parts for part in undisturbed.sealed.tables]


def test_nobody_holds_a_fence_that_is_not_needed_any_more(world: World) -> None:
    world.killed("second", listed="first")
    taken = world.attempt()
    assert world.views.holders == {}
    recorded(world.store, taken)
    assert world.folders() == [taken.sealed.archive_id]


def test_a_keeper_that_dies_is_followed_by_another(world: World) -> None:
    def strike(tick: Tick) -> None:
        if tick.what == "second":
            world.wait_for("first")
            world.views.holders.pop(world.keepers[0].fence.handle or "")
            world.wait(lambda: len(world.keepers) > 1 and world.handle() == world.keepers[1].fence.handle)
            world.store.left = 0
            raise Killed

    with pytest.raises(Killed):
        world.attempt(strike)
    world.resumed()
    world.platform.run(LATER)
    assert rows(world, world.attempt()) == (THEN, THEN)
    assert world.views.read == ["second"]


# ── trying to mix two instants ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("keeper_lives", [True, False])
def test_killed_before_any_write_two_instants_are_never_in_one_archive(world: World, keeper_lives: bool) -> None:
    """Whatever was finished, and whether or not the keeper outlives it: what stands is of one instant, and whole."""
    world.attempt()
    writes = 10_000 - world.store.left
    for left in range(0, writes, writes // 8):
        fresh = World(world.platform, world.views.folder)
        fresh.store.left = left
        with pytest.raises(Killed):
            fresh.attempt()
        fresh.resumed()
        world.platform.run(ONE_MORE)
        if not keeper_lives:
            fresh.lose_keepers()
        taken = fresh.attempt()
        first, second = rows(fresh, taken)
        assert first == second, left
        recorded(fresh.store, taken)
        assert fresh.folders() == [taken.sealed.archive_id], "no half archive stays of an earlier attempt"


def test_without_its_keeper_it_begins_anew_and_says_so(world: World) -> None:
    world.killed("second", listed="first")
    world.platform.run(LATER)
    (half,) = [name for name in world.folders() if is_archive_id(name)]
    world.lose_keepers()
    taken = world.attempt()
    assert rows(world, taken) == (NOW, NOW)
    assert taken.notes == ("read anew: nobody holds it",)
    assert "began anew" in audit(world, taken)
    assert half not in world.folders(), "what was read at another instant is gone"
    assert "begin anew in attempt 2" in world.steps.done


def test_a_list_under_another_fence_gives_no_table(world: World) -> None:
    """The parts of one archive, listed with the handle of another instant that somebody holds."""
    world.killed("second", listed="first")
    world.platform.run(LATER)
    with world.source().fence() as other:
        (key,) = [info.key for info in world.store.list() if info.key.endswith("begun.json")]
        handle = other.fence.handle or ""
        content = read_bytes(world.store, key).decode()
        start = content.index('"handle": "') + len('"handle": "')
        end = content.index('"', start)
        write_bytes(world.store, key, f"{content[:start]}{handle}{content[end:]}".encode())
        with pytest.raises(Red, match="proof"):
            world.attempt()
    assert world.folders() == []


def test_another_scope_takes_over_nothing(world: World) -> None:
    world.killed("second", listed="first")
    world.scope = SCOPE.replace("id: 1", "id: 2")
    taken = world.attempt()
    assert rows(world, taken) == ([3], [3])
    assert taken.notes == ("read anew: other rows are to leave now than were then",)


def test_a_part_that_was_changed_meanwhile_is_read_again(world: World) -> None:
    world.killed("second", listed="first")
    (key,) = [info.key for info in world.store.list() if info.key.endswith("data/csv/first.csv")]
    write_bytes(world.store, key, read_bytes(world.store, key).replace(b"2,1", b"9,1"))
    taken = world.attempt()
    assert rows(world, taken) == (THEN, THEN)
    assert world.views.read == ["first", "second"]


# ── who is too late ─────────────────────────────────────────────────────────────────────────────────────────
def test_an_archive_that_could_not_be_recorded_is_not_taken_twice(world: World) -> None:
    first = world.attempt()
    world.resumed()
    world.platform.run(LATER)
    second = world.attempt()
    assert (second.sealed, second.identity) == (first.sealed, first.identity)
    assert (second.proof, second.scope, second.attached) == (first.proof, first.scope, first.attached)
    assert world.views.read == []


def test_an_attempt_that_was_taken_over_changes_nothing_any_more(world: World) -> None:
    later: list[Snapshot] = []

    def overtaken(tick: Tick) -> None:
        if tick.what == "second" and not later:
            world.wait_for("first")
            zombie, world.steps = world.steps, replaced(world.steps)
            later.append(world.attempt())
            world.steps = zombie
            time.sleep(1.1)  # others take over what was silent for longer than an attempt relies on its claim

    with pytest.raises(Fault):
        world.attempt(overtaken)
    assert rows(world, later[0]) == (THEN, THEN)
    assert list_archives(world.store)


def test_a_red_answer_leaves_nothing_and_nobody_holding(world: World) -> None:
    world.platform.run("INSERT INTO first VALUES (9, 1); CREATE TABLE unsaid (id INTEGER PRIMARY KEY);")
    with pytest.raises(Red):
        world.attempt()
    assert (world.folders(), world.views.holders) == ([], {})


def test_a_fault_leaves_what_stands_to_the_next_attempt(world: World) -> None:
    def broken(tick: Tick) -> None:
        if tick.what == "second":
            world.wait_for("first")
            raise Fault("the connection was lost")

    with pytest.raises(Fault, match="lost"):
        world.attempt(broken)
    world.resumed()
    assert rows(world, world.attempt()) == (THEN, THEN)
    assert world.views.read == ["second"]


def test_a_run_that_is_given_up_leaves_nothing(world: World) -> None:
    world.killed("second", listed="first")
    assert erase_left(world.source(), world.store, "run-2") == 0
    assert erase_left(world.source(), world.store, "run-1") == 1
    assert world.folders() == []
    assert not any(keeper.fence.handle in world.views.holders for keeper in world.keepers)


def test_without_a_run_a_fault_leaves_nothing(world: World) -> None:
    def broken(tick: Tick) -> None:
        if tick.what == "second":
            raise Fault("the connection was lost")

    with pytest.raises(Fault, match="lost"):
        snapshot(world.source(), plan_of(SCOPE), world.store, signing_keys(), tool="test", progress=broken)
    assert world.folders() == []
