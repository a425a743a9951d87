"""A table copied in splits, by whom ever: the same rows in the same order as when it is copied whole."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.engine import splits, spread, turns
from migrator.engine.halfway import Attempt
from migrator.engine.snapshot import Snapshot
from migrator.engine.splits import splits_of
from migrator.engine.spread import Handed
from storage.archive import Archive
from storage.begun import lists_of
from storage.check import check_archive
from storage.errors import Fault, Red
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_joinable import keeping
from tests.unit.engine.support import rows_of
from tests.unit.engine.test_halfway import Killed, MortalStore, Remembered, replaced
from tests.unit.engine.test_spread import Helped, World, audit, require_same, undisturbed

DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE wide (a INTEGER, b TEXT, firm_id INTEGER REFERENCES firms (id), note TEXT, PRIMARY KEY (a, b));
CREATE TABLE bare (firm_id INTEGER REFERENCES firms (id), note TEXT);
INSERT INTO firms VALUES (1, 'ours'), (2, 'theirs');
"""
ROWS = [(key // 3 * 7 - 20, "éaB"[key % 3], 1 + (key == 5), f"note {key}") for key in range(12)]
ALL = tuple(f"wide {number}/{count}" for count in range(2, 17) for number in range(1, count + 1))


@contextmanager
def world_of(folder: Path, rows: list[tuple[object, ...]], *, each: int = 3) -> Iterator[World]:
    """A tenant with these rows in a table of two keys, and some in one that has none; `each` are a split."""
    platform = SqlitePlatform(folder / "source.db")
    platform.run(DDL)
    platform.insert("wide", rows)
    platform.insert("bare", [(1, f"{number}") for number in range(3 * each)])
    (folder / "views").mkdir()
    with (
        patch.object(spread, "WORTH_ROWS", 3),
        patch.object(turns, "_LOOK_S", 0),
        patch.object(splits, "SPLIT_ROWS", each),
    ):
        yield World(platform, folder / "views")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of(tmp_path, ROWS) as found:
        yield found


def wide(world: World, taken: Snapshot) -> list[tuple[object, ...]]:
    return rows_of(Archive.open(world.store, taken.sealed.archive_id), "wide")


def require_whole(world: World, taken: Snapshot) -> None:
    """As nobody helped with it, and nothing of its splits is left."""
    require_same(world, taken, undisturbed(world))
    assert not [info for info in world.store.list() if "/part-00000-" in info.key]


@settings(max_examples=8, deadline=None)
@given(
    keys=st.lists(st.tuples(st.integers(-50, 50), st.text("aBé\\'\n", max_size=2)), unique=True, max_size=20),
    each=st.integers(1, 6),
    names=st.sets(st.sampled_from(ALL)),
)
def test_the_rows_are_the_same_in_the_same_order(keys: list[tuple[int, str]], each: int, names: frozenset[str]) -> None:
    rows = [(*key, 1 + number % 4 // 3, "é" * number or None) for number, key in enumerate(keys)]
    with tempfile.TemporaryDirectory() as name, world_of(Path(name), rows, each=each) as world:
        whole = undisturbed(world)
        helped = Helped(names=tuple(names), help=world.help)
        taken = world.taken(helped)
        assert check_archive(world.store, taken.sealed.archive_id).problems == ()
        ours = [row for row in rows if row[2] == 1]
        assert wide(world, taken) == sorted(ours, key=lambda row: (row[0], row[1].encode()))
        assert [replace(part, csv=(), parquet=(), header=None) for part in taken.sealed.tables] == [
            replace(part, csv=(), parquet=(), header=None) for part in whole.sealed.tables
        ], "digests and all"
        (part,) = (part for part in taken.sealed.tables if part.name == "wide")
        assert len(part.csv) == max(1, len(splits_of(len(ours)))), "one split is one part"
        assert "bare" not in {name.partition(" ")[0] for name in helped.offered if "/" in name}
        alone = Helped(names=(), help=world.help)
        assert world.taken(alone).sealed.tables == taken.sealed.tables, "to the byte, whoever helped"


def test_what_others_copied_is_told_and_read_by_them_alone(world: World) -> None:
    helped = Helped(names=("wide 2/4", "wide 4/4"), help=world.help)
    taken = world.taken(helped)
    assert helped.offered == {"bare": 9, **{f"wide {number}/4": 3 if number < 4 else 2 for number in range(1, 5)}}
    assert '{"tables": ["wide 2/4", "wide 4/4"]}' in audit(world, taken)
    assert world.views.read.count("wide") == 4, "each split is read once"


def test_nothing_is_read_in_splits_where_nobody_helps(world: World) -> None:
    helped = Helped(names=(), help=world.help, helpers=0)
    require_whole(world, world.taken(helped))
    assert helped.offered == {}


@pytest.mark.parametrize("names", [(), ("wide 4/4",), ("wide 1/4", "wide 4/4"), ("wide 2/4",)])
def test_a_value_that_needs_its_column_held_otherwise_has_the_table_copied_whole(
    world: World, names: tuple[str, ...]
) -> None:
    world.platform.run("UPDATE wide SET note = '\\N' WHERE a = (SELECT max(a) FROM wide) AND b = 'é'")
    helped = Helped(names=names, help=world.help)
    taken = world.taken(helped)
    require_whole(world, taken)
    assert [error.what for error in helped.errors if "held otherwise" not in error.what] == []
    assert len(helped.errors) == ("wide 4/4" in names)


def test_a_value_that_lies_outside_of_its_row_has_the_table_copied_whole(world: World) -> None:
    world.platform.run("UPDATE wide SET note = printf('%.*c', 1 << 21, 'x') WHERE a = -20 AND b = 'a'")
    require_whole(world, world.taken(Helped(names=ALL, help=world.help)))


def test_what_was_damaged_since_a_helper_wrote_it_is_read_again(world: World) -> None:
    def damages(handed: Handed) -> None:
        world.help(handed)
        key = f"{handed.archive}/data/csv/wide/part-00001-00000.csv"
        write_bytes(world.store, key, read_bytes(world.store, key).replace(b"note", b"nope"))

    require_whole(world, world.taken(Helped(names=("wide 2/4",), help=damages)))


def test_a_split_that_is_not_listed_is_read_again(world: World) -> None:
    def forgets(handed: Handed) -> None:
        world.help(handed)
        for info in list(world.store.list(f"{handed.archive}.parts/splits/")):
            world.store.delete(info.key)

    require_whole(world, world.taken(Helped(names=("wide 2/4",), help=forgets)))


def test_what_a_helper_left_in_the_middle_of_a_split_is_not_in_the_archive(world: World) -> None:
    def dies(handed: Handed) -> None:
        world.help(handed)
        key = f"{handed.archive}/data/csv/wide/part-00001-00000.csv"
        write_bytes(world.store, key.replace("-00000.", "-00001."), read_bytes(world.store, key))
        raise Fault("killed", where="helper", next="")

    expected = world.taken(Helped(names=(), help=world.help))
    world.store = MemoryStore()
    require_same(world, world.taken(Helped(names=("wide 2/4",), help=dies)), expected)


def test_a_helper_that_copied_other_rows_is_found_out(world: World) -> None:
    def errs(handed: Handed) -> None:
        assert handed.piece.split is not None
        world.help(replace(handed, piece=replace(handed.piece, split=replace(handed.piece.split, first=0))))
        key = f"{handed.archive}.parts/splits/wide-{{}}.json"
        listed = read_bytes(world.store, key.format(0)).replace(b'"first": 0', b'"first": 3')
        write_bytes(world.store, key.format(3), listed)

    with pytest.raises(Red):
        world.taken(Helped(names=("wide 2/4",), help=errs))
    assert list(world.store.list()) == []


def killed(world: World, at: str) -> Attempt:
    """An attempt whose process dies when a split is to be copied, with a keeper; what the next one is."""
    store = MortalStore()
    world.store, steps = store, Remembered()

    def dies(handed: Handed) -> None:
        if f"{handed.piece.table} {handed.piece.split.number + 1}/4" != at:  # type: ignore[union-attr]
            return world.help(handed)
        (parts,) = lists_of(store, "run-1")
        while (begun := parts.begun()) is None or begun.handle is None:
            time.sleep(0.005)
        store.left = 0
        raise Killed

    attempt = Attempt(
        run="run-1", steps=steps, shares=Helped(names=("wide 1/4", at), help=dies), keep=partial(keeping, world.views)
    )
    with pytest.raises(Killed):
        world.attempt(replace(attempt, keep_after_s=0))
    store.left = 10_000
    world.views.read.clear()
    return replace(attempt, steps=replaced(steps), shares=Helped(names=(), help=world.help, helpers=0))


def test_splits_that_stand_when_a_run_is_killed_are_not_copied_again(world: World) -> None:
    again = killed(world, "wide 3/4")
    expected, world.store = world.store, MemoryStore()
    whole, world.store = world.taken(Helped(names=(), help=world.help)), expected
    world.views.read.clear()
    taken = world.attempt(again)
    require_same(world, taken, whole)
    assert world.views.read.count("wide") == 2
    assert "went on in the same fence" in audit(world, taken)


def test_splits_that_were_planned_otherwise_are_copied_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    again = killed(world, "wide 4/4")
    monkeypatch.setattr(splits, "SPLIT_ROWS", 5)
    taken = world.attempt(again)
    assert check_archive(world.store, taken.sealed.archive_id).problems == ()
    assert len(wide(world, taken)) == len(ROWS) - 1
    assert world.views.read.count("wide") == 3


def test_a_table_that_is_not_split_any_more_leaves_no_splits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    again = killed(world, "wide 4/4")
    monkeypatch.setattr(splits, "SPLIT_ROWS", 100)
    require_whole(world, world.attempt(again))


def test_splits_are_as_many_as_are_worth_it_and_never_more_than_sixteen() -> None:
    size = splits.SPLIT_ROWS
    assert splits_of(2 * size - 1) == ()
    assert [(split.first, split.rows) for split in splits_of(2 * size + 1)] == [(0, size), (size, size), (2 * size, 1)]
    many = splits_of(100_000_001)
    assert len(many) <= 16 and sum(split.rows for split in many) == 100_000_001
    assert {split.first % size for split in many} == {0}
