"""What each step of a run took: time, rows, and the memory of the process by its end."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from migrator.outcomes import StepTiming

_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"


class Laps:
    """One step follows the other; a lap is what passed since the one before."""

    def __init__(self) -> None:
        self._timings: list[StepTiming] = []
        self._started = time.monotonic()

    @property
    def timings(self) -> tuple[StepTiming, ...]:
        return tuple(self._timings)

    @property
    def so_far(self) -> float:
        """Seconds of the step under way."""
        return round(time.monotonic() - self._started, 3)

    def took(self, step: str, seconds: float, rows: int = 0) -> None:
        """End a step that took so long, part of it perhaps before this process."""
        self.lap(step, rows)
        self._timings[-1] = replace(self._timings[-1], seconds=seconds)

    def lap(self, step: str, rows: int = 0) -> float:
        """End the step; gives its seconds."""
        now = time.monotonic()
        seconds, self._started = round(now - self._started, 3), now
        self._timings.append(StepTiming(step=step, seconds=seconds, rows=rows, peak_bytes=peak_bytes()))
        return seconds


def peak_bytes() -> int:
    """The most memory this process had so far.

    Linux hands getrusage's figure on to whatever a process becomes: a small command that a large program started would
    report the large one's. Its own stands in /proc.
    """
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(_PEAK):
                return int(line.split()[1]) << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
