"""A world in which nothing is wrong leaves whole, and nobody else's row with it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.decided import decided
from tests.leaks.judged import came
from tests.leaks.world import World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.budget import tried
from tests.random.databases.database import Database


@pytest.mark.parametrize("make", [world, decided], ids=["nothing leads out", "what leads out is decided"])
@pytest.mark.parametrize(("kind", "worlds"), [("sqlite", 4), ("postgresql", 1), ("mysql", 1)])
def test_all_of_the_tenant_and_nobody_else(
    kind: str, worlds: int, make: Callable[[Random], World], database_of: Callable[[str], Database]
) -> None:
    database = database_of(kind)

    @tried(worlds)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        made = make(seeded(seed))
        write(database, made)
        assert came(database, made) == "right"

    holds()
