"""No question of the proof is idle: each, left out, lets something pass that no other asks about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

import pytest

from storage.errors import Red
from tests.leaks import cuts, leaks, misfound, mutants
from tests.leaks.decided import decided
from tests.leaks.judged import Outcome, outcome
from tests.leaks.mutants import Mutant
from tests.leaks.planting import planted
from tests.leaks.world import World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.databases.database import Database
from tests.random.databases.sqlite import SqliteDatabase

Cut = Callable[[pytest.MonkeyPatch], None]
_LOOKS = 24


def _planted(plant: leaks.Plant) -> Callable[[Random], World]:
    return lambda random: planted(plant, random.random()).world


_QUESTIONS: tuple[tuple[Cut, Mutant, Callable[[Random], World], int], ...] = (
    (cuts.strangers, mutants.widened, world, 4),
    (cuts.of_others, misfound.unasked, _planted(leaks.shared_parent), 0),
    (cuts.talkative, misfound.carried_all, decided, 12),
    (cuts.left_behind, misfound.unasked, _planted(leaks.foreign_parent), 0),
    (cuts.edges, mutants.lost_key, world, 6),
    (cuts.sums, mutants.exchanged, world, 19),
    (cuts.upwards, misfound.no_shared, world, 0),
    (cuts.guests_of_guests, mutants.widened, decided, 12),
)
"""What is left out, the mistake it lets pass, in which worlds, and the first of them that is known to show it."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return SqliteDatabase(tmp_path_factory.mktemp("questions") / "a.db")


@pytest.mark.parametrize(
    ("cut", "mutant", "make", "first"), [pytest.param(*question, id=question[0].__name__) for question in _QUESTIONS]
)
def test_a_question_that_is_left_out_is_missed(
    cut: Cut, mutant: Mutant, make: Callable[[Random], World], first: int, database: Database
) -> None:
    for number in range(first, first + _LOOKS):
        seed = f"{cut.__name__} {number}"
        made = make(seeded(seed))
        write(database, made)
        spoiled = partial(_spoiled, mutant, seed)
        if _proof_failed(_wrong(database, made, spoiled)) and _wrong(database, made, spoiled, cut).cells is not None:
            return
    raise AssertionError("whatever it asks is asked elsewhere, too")


def _spoiled(mutant: Mutant, seed: str, patch: pytest.MonkeyPatch) -> None:
    mutant(patch, seeded(seed))


def _wrong(database: Database, made: World, *mistakes: Callable[..., None]) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        for mistake in mistakes:
            mistake(patch)
        return outcome(database, made)


def _proof_failed(found: Outcome) -> bool:
    return isinstance(found.error, Red) and "the proof failed" in found.error.what
