"""An extraction that goes wrong does not get past the proof, which shares nothing with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from storage.errors import Red
from tests.leaks import leaks, misfound, mutants
from tests.leaks.decided import answer, decided
from tests.leaks.judged import departures, outcome
from tests.leaks.mutants import Mutant
from tests.leaks.planting import planted
from tests.leaks.ways.every import WAYS
from tests.leaks.world import Ids, Marking, World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.budget import TIMES
from tests.random.databases.database import Database
from tests.random.databases.sqlite import SqliteDatabase

_LOOKS = 24
_READ_WRONG: tuple[Mutant, ...] = (
    mutants.widened,
    mutants.lost_key,
    mutants.stale_keys,
    mutants.cut_short,
    mutants.read_twice,
)
_COUNTED: tuple[Mutant, ...] = (mutants.said_twice, mutants.exchanged)
"""Those that leave every count as it is."""
_KEYED = partial(world, marking=Marking.ROOT_AND_KEY, ids=Ids.NUMBER)


def _way(name: str) -> Callable[[Random], World]:
    way = next(way for way in WAYS if way.name == name)
    return lambda random: way.drawn(random.random())


def _planted(plant: leaks.Plant) -> Callable[[Random], World]:
    return lambda random: planted(plant, random.random()).world


def _several(random: Random) -> World:
    """One whose tenant is two rows of one table."""
    made = world(random, marking=Marking.ROOT)
    return made if made.also else _several(random)


def _seen_by_two_paths(random: Random) -> World:
    """One with a view whose rows are ours by one reference or another."""
    made = _way("views")(random)
    view = made.table("shown")
    leading = [link for link in view.links if not made.table(link.parent).is_shared and link.parent != view.of]
    is_so = made.marking is Marking.ROOT and len(leading) > 1
    return made if is_so else _seen_by_two_paths(random)


_WORLDS: tuple[tuple[tuple[Mutant, ...], Callable[[Random], World]], ...] = (
    (_READ_WRONG, world),
    ((misfound.everybodys_root, misfound.all_shared, misfound.no_shared, misfound.shared_once), world),
    ((misfound.no_keyless,), world),
    ((misfound.everything_named,), _planted(leaks.foreign_parent)),
    (_COUNTED, world),
    ((mutants.half_keyed, mutants.ored, misfound.half_joined), _KEYED),
    ((misfound.first_generation, misfound.last_stage_first), partial(world, marking=Marking.ROOT, ids=Ids.NUMBER)),
    ((misfound.all_people, misfound.no_people), partial(world, marking=Marking.ROOT, people=True)),
    ((misfound.any_type,), _planted(leaks.other_type)),
    ((misfound.uninvited, misfound.carried_all, misfound.kept_keys, mutants.widened, mutants.stale_keys), decided),
    ((misfound.one_root,), _several),
    ((misfound.no_keyless, mutants.widened, mutants.cut_short), _way("views")),
    ((misfound.keyless_by_one_path,), _seen_by_two_paths),
    ((mutants.lost_key, mutants.widened), _way("cycles")),
    ((mutants.lost_key, mutants.widened, misfound.everybodys_root), _way("ids in any case")),
    ((mutants.lost_key, mutants.widened, mutants.stale_keys), _way("documents")),
    ((mutants.lost_key, mutants.widened, misfound.last_stage_first), _way("roots of two tables")),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return SqliteDatabase(tmp_path_factory.mktemp("mutants") / "a.db")


def is_killed(database: Database, mutant: Mutant, seed: str, made: World, *, prove_full: bool = False) -> bool:
    """False where the mistake changes nothing in this world, or the scope asks before anything is read."""
    write(database, made)
    with pytest.MonkeyPatch.context() as patch:
        mutant(patch, seeded(seed))
        found = outcome(database, made, prove_full=prove_full)
    if found.cells is None:
        assert isinstance(found.error, Red)
        return "the proof failed" in found.error.what
    assert departures(found.cells, answer(made, database.kind)) == []
    return False


@pytest.mark.parametrize(("mutant", "make"), [(mutant, make) for many, make in _WORLDS for mutant in many])
def test_a_mistake_that_changes_what_leaves_is_refused(
    mutant: Mutant, make: Callable[[Random], World], database: Database
) -> None:
    killed = 0
    for number in range(_LOOKS * TIMES):
        seed = f"{mutant.__name__} {number}"
        killed += is_killed(database, mutant, seed, make(seeded(seed)))
        if killed == TIMES:
            return
    raise AssertionError(f"killed in {killed} worlds only")


@pytest.mark.parametrize("ids", [Ids.NUMBER, Ids.UUID])
def test_nothing_that_is_right_is_refused_by_the_full_proof(ids: Ids, database: Database) -> None:
    for number in range(2 * TIMES):
        made = world(seeded(f"right {ids} {number}"), ids=ids)
        write(database, made)
        found = outcome(database, made, prove_full=True)
        assert found.cells is not None, found.error
        assert departures(found.cells, made.answer()) == []


@pytest.mark.parametrize("mutant", [misfound.forgotten_path])
def test_what_no_edge_leads_to_is_refused_by_the_full_proof(mutant: Mutant, database: Database) -> None:
    killed = 0
    for number in range(_LOOKS):
        seed = f"{mutant.__name__} {number}"
        made = world(seeded(seed), marking=Marking.ROOT)
        killed += is_killed(database, mutant, seed, made, prove_full=True)
        if killed == TIMES:
            return
    raise AssertionError(f"killed in {killed} worlds only")


@pytest.mark.parametrize("mutant", _COUNTED)
def test_rows_that_are_others_though_as_many_are_refused_by_their_sums(mutant: Mutant, database: Database) -> None:
    for number in range(_LOOKS):
        made = world(seeded(f"{mutant.__name__} sums {number}"))
        write(database, made)
        with pytest.MonkeyPatch.context() as patch:
            mutant(patch, seeded(str(number)))
            found = outcome(database, made)
        if "though as many" in str(found.error):
            return
    raise AssertionError("no sum was needed")


@pytest.mark.parametrize(
    "plant", [leaks.foreign_parent, leaks.self_reference, leaks.shared_parent, leaks.half_joined, leaks.nobodys_parent]
)
def test_what_the_scope_fails_to_ask_is_refused_by_the_proof(plant: leaks.Plant, database: Database) -> None:
    for number in range(2 * TIMES):
        leak = planted(plant, number)
        write(database, leak.world)
        with pytest.MonkeyPatch.context() as patch:
            misfound.no_crossings(patch)
            found = outcome(database, leak.world)
        if found.cells is not None:
            assert departures(found.cells, leak.world.answer()) == []
