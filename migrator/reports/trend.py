"""Timings of several runs as stacked bars on one scale: geometry only; a page draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.outcomes import StepTiming

WIDTH, LEAST, DIGITS = 720.0, 2.0, 16.0


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A step's part of a bar, in chart units; `number` is its place among all steps, from 1."""

    step: str
    number: int
    seconds: float
    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def labelled(self) -> bool:
        return self.width >= DIGITS


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One run."""

    seconds: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True)
class Stacked:
    """`steps` in the order they were first taken; `seconds` gives each run's time of a step, None where it had none."""

    steps: tuple[str, ...]
    stacks: tuple[Stack, ...]
    seconds: tuple[tuple[float | None, ...], ...]


def stacked(runs: Sequence[Sequence[StepTiming]]) -> Stacked:
    """One bar for each run, in their order."""
    steps = tuple(dict.fromkeys(timing.step for timings in runs for timing in timings))
    taken = tuple(tuple(_taken(timings, step) for step in steps) for timings in runs)
    longest = max((sum(filter(None, seconds)) for seconds in taken), default=0.0)
    return Stacked(steps=steps, stacks=tuple(_stack(steps, seconds, longest) for seconds in taken), seconds=taken)


def _taken(timings: Sequence[StepTiming], step: str) -> float | None:
    own = [timing.seconds for timing in timings if timing.step == step]
    return sum(own) if own else None


def _stack(steps: Sequence[str], seconds: Sequence[float | None], longest: float) -> Stack:
    return Stack(seconds=round(sum(filter(None, seconds)), 3), segments=tuple(_segments(steps, seconds, longest)))


def _segments(steps: Sequence[str], seconds: Sequence[float | None], longest: float) -> Iterator[Segment]:
    # the shortest step is still something one can see
    x, free = 0.0, WIDTH - LEAST * len(steps)
    for number, (step, took) in enumerate(zip(steps, seconds, strict=True), start=1):
        if took is not None:
            width = LEAST + (free * took / longest if longest else 0.0)
            yield Segment(step=step, number=number, seconds=took, x=round(x, 2), width=round(width, 2))
            x += width
