"""A world in which nothing is wrong leaves whole, and nobody else's row with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.judged import departures, outcome
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.budget import tried
from tests.random.databases.database import Database


@pytest.mark.parametrize(("kind", "worlds"), [("sqlite", 16), ("postgresql", 5), ("mysql", 5)])
def test_all_of_the_tenant_and_nobody_else(kind: str, worlds: int, database_of: Callable[[str], Database]) -> None:
    database = database_of(kind)

    @tried(worlds)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        clean = world(seeded(seed))
        write(database, clean)
        found = outcome(database, clean)
        assert found.cells is not None, found.error
        assert departures(found.cells, clean) == []

    holds()
