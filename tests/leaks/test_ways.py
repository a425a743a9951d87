"""Each way of marking, holding and showing rows: what is clean leaves whole, what leaks is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.judged import came
from tests.leaks.leaks import Plant
from tests.leaks.ways.every import WAYS
from tests.leaks.ways.way import Way
from tests.leaks.written import write
from tests.random.budget import TIMES, tried
from tests.random.databases.database import Database


@pytest.fixture(scope="module")
def database(database_of: Callable[[str], Database]) -> Callable[[str], Database]:
    """One of each kind for all of them."""
    made: dict[str, Database] = {}
    return lambda kind: made.get(kind) or made.setdefault(kind, database_of(kind))


def _cases() -> Iterator[object]:
    """Each way on one kind of database; on every kind that has it where more is tried."""
    for way in WAYS:
        for kind in way.kinds[: None if TIMES > 1 else 1]:
            yield pytest.param(kind, way, None, id=f"{kind}, {way.name}")
            for plant in way.leaks:
                yield pytest.param(kind, way, plant, id=f"{kind}, {way.name}, {plant.__name__}")


@pytest.mark.parametrize(("kind", "way", "plant"), list(_cases()))
def test_what_is_clean_leaves_and_what_leaks_does_not(
    kind: str, way: Way, plant: Plant | None, database: Callable[[str], Database]
) -> None:
    @tried(1)
    @given(st.integers(0, 2**32))
    def holds(seed: int) -> None:
        if plant is None:
            made = way.drawn(seed)
            write(database(kind), made)
            assert came(database(kind), made) == "right"
        else:
            leak = way.leaky(plant, seed)
            write(database(kind), leak.world)
            said = came(database(kind), leak.world, leaks_from=leak.table, is_question=leak.is_question)
            assert said in ("refused", "right")

    holds()
