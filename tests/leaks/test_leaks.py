"""Leaks that were planted: each is refused by name, or what leaves is the tenant's all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import Misuse, Red
from tests.leaks.judged import departures, outcome
from tests.leaks.leaks import EVERYWHERE, Leak, Plant
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.budget import tried
from tests.random.databases.database import Database

_LOOKS = 400


def planted(plant: Plant, seed: int) -> Leak:
    """The leak in the first world, from this seed on, that has a place for it."""
    for number in range(_LOOKS):
        random = seeded((seed, number))
        found = plant(random, world(random))
        if found is not None:
            return found
    raise AssertionError(f"no world has a place for {plant.__name__}")


@pytest.mark.parametrize(("kind", "worlds"), [("sqlite", 3)])
@pytest.mark.parametrize("plant", EVERYWHERE, ids=lambda plant: plant.__name__)
def test_no_leak_passes(plant: Plant, kind: str, worlds: int, database_of: Callable[[str], Database]) -> None:
    database = database_of(kind)

    @tried(worlds)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        leak = planted(plant, seed)
        write(database, leak.world)
        found = outcome(database, leak.world)
        if found.cells is None:
            assert isinstance(found.error, Red | Misuse) and found.names(leak.table), found.error
        else:
            assert departures(found.cells, leak.world) == []

    holds()
