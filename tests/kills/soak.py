"""Trials between all pairs in turn, on servers that are started once, until each pair has had its number."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from tests.kills.figures import Figure, Figures
from tests.kills.moments import MIGRATE, PHASES, REHEARSE, ROLLBACK, SNAPSHOT, VERIFY
from tests.kills.scene import PAIRS, Scene
from tests.kills.sides import Grounds
from tests.kills.strike import Strike
from tests.kills.strikes import STRIKES
from tests.kills.trial import fitting, tried
from tests.soak.promise import BrokenError

_ORDER = (MIGRATE, VERIFY, MIGRATE, ROLLBACK, SNAPSHOT, MIGRATE, ROLLBACK, REHEARSE)  # who is about a load finds one
_OF_A_KIND = 4 * len(_ORDER)  # trials before files become servers, or servers files
_TURN = len(_ORDER)
_COLD = 9  # of so many trials one starts its commands anew, so that a start is tried, too
_SAID = 4_000  # the threads of a command that hangs, too


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`strike`: words of its name; no phase means any."""

    rounds: int
    pairs: Collection[str]
    seed: int
    rows: int
    strike: str
    phases: Collection[str]


@dataclass(kw_only=True)
class Soak:
    """Scenes stay until a promise is broken in them: then they are made anew."""

    grounds: Grounds
    wanted: Wanted
    figures: Figures
    is_over: Callable[[], bool] = lambda: False
    broken: int = 0
    _scenes: dict[tuple[str, bool], Scene] = field(default_factory=dict)
    _made: int = 0

    def run(self) -> None:
        """Turn by turn the pair that had the fewest trials so far."""
        done = {pair: self.figures.of_pair(pair) for pair in self.wanted.pairs}
        while min(done.values()) < self.wanted.rounds:
            pair = min(done, key=lambda one: done[one])
            for _ in range(min(_TURN, self.wanted.rounds - done[pair])):
                if self.is_over():
                    return
                done[pair] += 1
                self.play(pair, done[pair])

    def play(self, pair: str, number: int) -> None:
        """The trial of this number, told and kept; nothing where nothing that is wanted can happen there."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # commands in this process had a handler of their own
        seed = f"{self.wanted.seed} {pair} {number}"
        is_served = bool((number // _OF_A_KIND + PAIRS.index(pair)) % 2)
        figure = Figure(seed=seed, pair=pair, is_served=is_served, rows=self.wanted.rows)
        started, chance = time.monotonic(), random.Random(seed)  # noqa: S311 - moments, not secrets
        try:
            scene = self._scene(pair, is_served)
            if (drawn := self._drawn(scene, _ORDER[number % len(_ORDER)], chance)) is None:
                return
            scene.is_cold = number % _COLD == 0
            started, figure = time.monotonic(), replace(figure, phase=drawn[0], strike=drawn[1].name)
            outcome = tried(scene, *drawn, chance)
            figure = replace(figure, code=outcome.code, more=outcome.more)
        except BrokenError as error:
            self._scenes.pop((pair, is_served), None)
            words = str(error).replace(str(self.grounds.folder), "…")
            figure = replace(figure, broken=" ".join(words.split())[:_SAID])
        self._keep(replace(figure, seconds=round(time.monotonic() - started, 1)))

    def _keep(self, figure: Figure) -> None:
        self.broken += bool(figure.broken)
        told = f"BROKEN: {figure.broken}" if figure.broken else f"exit {figure.code}, {figure.more} more"
        print(f"{figure.seed}: {figure.phase}, {figure.strike}: {told}, {figure.seconds} s", flush=True)
        self.figures.add(figure)

    def _scene(self, pair: str, is_served: bool) -> Scene:
        key = pair, is_served
        if key not in self._scenes:
            self._made += 1
            name = f"{pair}-{self._made}"
            self._scenes[key] = Scene.of(name, self.grounds, is_served=is_served, rows=self.wanted.rows)
        return self._scenes[key]

    def _drawn(self, scene: Scene, command: str, chance: random.Random) -> tuple[str, Strike] | None:
        """Of what is wanted, a phase of this command if there is any, then a strike."""
        possible = [
            (phase, strike)
            for phase, strike in fitting(scene, STRIKES)
            if self.wanted.strike in strike.name and phase in (self.wanted.phases or PHASES)
        ]
        if not possible:
            return None
        here = [one for one in possible if PHASES[one[0]].command == command] or possible
        phase = chance.choice(sorted({phase for phase, _ in here}))
        return chance.choice([one for one in here if one[0] == phase])
