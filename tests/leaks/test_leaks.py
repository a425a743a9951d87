"""Leaks that were planted: each is refused by name, or what leaves is the tenant's all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.judged import came
from tests.leaks.leaks import EVERYWHERE, POSTGRES, Plant
from tests.leaks.planting import planted
from tests.leaks.written import write
from tests.random.budget import tried
from tests.random.conftest import KINDS
from tests.random.databases.database import Database

_CASES = [(kind, plant) for kind in KINDS for plant in EVERYWHERE]
_CASES += [("postgresql", plant) for plant in POSTGRES]


@pytest.fixture(scope="module")
def database(database_of: Callable[[str], Database]) -> Callable[[str], Database]:
    """One of each kind for all of them."""
    made: dict[str, Database] = {}
    return lambda kind: made.get(kind) or made.setdefault(kind, database_of(kind))


@pytest.mark.parametrize(("kind", "plant"), _CASES)
def test_no_leak_passes(kind: str, plant: Plant, database: Callable[[str], Database]) -> None:
    @tried(1)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        leak = planted(plant, seed)
        write(database(kind), leak.world)
        said = came(database(kind), leak.world, leaks_from=leak.table, is_question=leak.is_question)
        assert said in ("refused", "right")

    holds()
