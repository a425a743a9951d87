"""A way in which rows are marked, held or shown: worlds that have it, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from tests.leaks.leaks import Leak, Plant
from tests.leaks.world import World
from tests.leaks.worlds import seeded, world

Clean = Callable[[Random, World], World | None]
"""Makes a clean world one that has the way, and is as clean; None where it has no place for it."""
_LOOKS = 400


@dataclass(frozen=True, kw_only=True)
class Way:
    """`clean` is the inverse of each of the `leaks`: it looks alike, and must not be refused."""

    name: str
    clean: Clean
    leaks: tuple[Plant, ...] = ()
    kinds: tuple[str, ...] = ("sqlite", "postgresql", "mysql")

    def drawn(self, seed: object) -> World:
        """The first clean world that has it; the same for the same seed."""
        return next(made for _, made in self._worlds(seed))

    def leaky(self, plant: Plant, seed: object) -> Leak:
        """A leak in the first world that has a place for it."""
        for random, made in self._worlds(seed):
            if found := plant(random, made):
                return found
        raise AssertionError(f"no world with {self.name} has a place for {plant.__name__}")

    def _worlds(self, seed: object) -> Iterator[tuple[Random, World]]:
        for number in range(_LOOKS):
            random = seeded((self.name, seed, number))
            if made := self.clean(random, world(random)):
                yield random, made
