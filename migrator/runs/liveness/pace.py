"""How far a run is and how fast: what its ticks say, as the catalog keeps it for whoever looks from elsewhere."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from migrator.outcomes import Progress, Tick
from storage import moment

_WINDOW_S = 30.0  # a rate is of the newest so many seconds
_LEAST_S = 0.5  # of fewer no rate is told


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a run was `at` a moment: `done` of `total` within `what` of `step`; None is what nobody knows."""

    step: str
    what: str
    done: int
    total: int | None
    rows_per_second: float | None
    seconds_left: float | None
    at: str

    @property
    def percent(self) -> int | None:
        return min(100, 100 * self.done // self.total) if self.total else None

    def kept(self) -> dict[str, Any]:
        """As the catalog keeps it."""
        return asdict(self)

    @classmethod
    def read(cls, kept: dict[str, Any] | None) -> Position | None:
        """What `kept` gave, of whichever version."""
        if kept is None:
            return None
        return cls(
            step=str(kept.get("step", "")),
            what=str(kept.get("what", "")),
            done=int(kept.get("done", 0)),
            total=kept.get("total"),
            rows_per_second=kept.get("rows_per_second"),
            seconds_left=kept.get("seconds_left"),
            at=str(kept.get("at", "")),
        )


class Pace:
    """Listens to the ticks of a run, from any thread, and tells its position when asked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now: tuple[Tick, deque[tuple[float, int]]] | None = None

    def heard(self, progress: Progress) -> Progress:
        """The progress that tells both."""

        def tell(tick: Tick) -> None:
            self.tick(tick)
            progress(tick)

        return tell

    def begin(self) -> None:
        """Of another run from now on."""
        self._now = None

    def tick(self, tick: Tick) -> None:
        newest = (self._clock(), tick.done)
        before = self._now
        if before is None or (before[0].step, before[0].what) != (tick.step, tick.what) or tick.done < before[0].done:
            self._now = (tick, deque([newest]))
            return
        seen = before[1]
        seen.append(newest)
        while len(seen) > 2 and newest[0] - seen[1][0] > _WINDOW_S:
            seen.popleft()
        self._now = (tick, seen)

    def position(self) -> Position | None:
        """None before the first tick."""
        if self._now is None:
            return None
        tick, seen = self._now
        rate = self._rate(seen[0], tick)
        left = None if not rate or tick.total is None else max(0.0, (tick.total - tick.done) / rate)
        return Position(
            step=tick.step,
            what=tick.what,
            done=tick.done,
            total=tick.total,
            rows_per_second=rate and round(rate, 1),
            seconds_left=left if left is None else round(left, 1),
            at=moment.now(),
        )

    def _rate(self, first: tuple[float, int], tick: Tick) -> float | None:
        """Up to this moment, not up to the last tick: a run that stands still becomes slower."""
        seconds = self._clock() - first[0]
        return (tick.done - first[1]) / seconds if seconds >= _LEAST_S and tick.done > first[1] else None
