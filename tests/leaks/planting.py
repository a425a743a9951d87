"""A leak in the first world that has a place for it."""

from __future__ import annotations

from tests.leaks.leaks import Leak, Plant
from tests.leaks.worlds import seeded, world

_LOOKS = 400


def planted(plant: Plant, seed: object) -> Leak:
    """The same for the same seed."""
    for number in range(_LOOKS):
        random = seeded((seed, number))
        found = plant(random, world(random))
        if found is not None:
            return found
    raise AssertionError(f"no world has a place for {plant.__name__}")
