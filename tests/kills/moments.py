"""When a strike comes: after a step was told of, and a part of the time that the step takes undisturbed."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.kills.watched import Step, Watched

SNAPSHOT, REHEARSE, MIGRATE, VERIFY, ROLLBACK = COMMANDS = ("snapshot", "rehearse", "migrate", "verify", "rollback")
ABOUT_A_LOAD = (VERIFY, ROLLBACK)
_START = "start"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A command, the steps of it that are meant (any, where none is named), and which part of their time.

    `at_turn`: not by the clock, but when the target's marker says that the load stands, or stands no more.
    """

    command: str
    steps: tuple[str, ...] = ()
    part: tuple[float, float] = (0.0, 1.0)
    at_turn: bool = False


PHASES = {
    "snapshot": Phase(command=SNAPSHOT),
    "staging": Phase(command=MIGRATE, steps=("read", "map", "check", "stage")),
    "merge": Phase(command=MIGRATE, steps=("merge",), part=(0.0, 0.8)),
    "commit": Phase(command=MIGRATE, steps=("merge",), part=(0.8, 1.1)),
    "right after the commit": Phase(command=MIGRATE, at_turn=True),
    "verification of the load": Phase(command=MIGRATE, steps=("verify",)),
    "rehearsal": Phase(command=REHEARSE),
    "verification": Phase(command=VERIFY),
    "rollback": Phase(command=ROLLBACK, part=(0.3, 1.0)),
    "right after the rollback's commit": Phase(command=ROLLBACK, at_turn=True),
}
_AFTER_THE_TURN_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """An undisturbed run: its steps, and the seconds it took in all."""

    steps: tuple[Step, ...]
    seconds: float

    def spans(self) -> Iterator[tuple[str, float]]:
        """Every step with what it took; first the start, until anything is told of."""
        beginnings = [0.0, *(step.at for step in self.steps)]
        ends = [*beginnings[1:], self.seconds]
        names = [_START, *(step.name for step in self.steps)]
        yield from ((name, end - at) for name, at, end in zip(names, beginnings, ends, strict=True))


@dataclass(frozen=True, kw_only=True)
class Moment:
    """So many seconds after the command has told of its `number`-th step, called `step` in the undisturbed run.

    Without a number: after the turn, when the target's marker came or went. `after_first`: so many seconds after the
    first step of all that is in the undisturbed run, for whoever is not told of steps.
    """

    command: str
    number: int | None
    step: str
    seconds: float
    after_first: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.3f} s after “{self.step}” ({self.number or '–'}) of {self.command}"

    def await_in(self, watched: Watched, has_turned: Callable[[], bool], *, is_told: bool = True) -> None:
        """Wait for it. `is_told`: the command says each step as it comes to it."""
        if self.number is None:
            while watched.process.poll() is None and not has_turned():
                time.sleep(0.001)
        elif is_told:
            watched.reach(self.number)
        time.sleep(self.seconds if is_told else self.after_first or self.seconds)


def drawn(phase: Phase, timeline: Timeline, chance: random.Random) -> Moment:
    """A moment of the phase; every step is as likely as any other, however short it is."""
    if phase.at_turn:
        seconds = chance.uniform(0, _AFTER_THE_TURN_S)
        return Moment(command=phase.command, number=None, step="turn", seconds=seconds)
    spans = list(enumerate(timeline.spans()))
    named = [(number, span) for number, span in spans if span[0] in phase.steps]
    told = spans[1:]  # the start is of no use: nothing is recorded by then
    number, (step, seconds) = chance.choice(named or told or spans)
    seconds *= chance.uniform(*phase.part)
    before = sum(took for _, (_, took) in spans[1:number])
    return Moment(command=phase.command, number=number, step=step, seconds=seconds, after_first=before + seconds)
