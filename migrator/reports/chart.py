"""The equations as bars: geometry only; templates/report.html.j2 draws it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.outcomes import Equation

PARTS = ("loaded", "merged", "kept", "rejected", "excluded", "unexplained")
WIDTH, LEAST, DIGIT = 720.0, 4.0, 8.5


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One part of a bar, in chart units; `labelled` where the number fits inside."""

    part: str
    rows: int
    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 2)

    @property
    def labelled(self) -> bool:
        return self.width >= DIGIT * len(f"{self.rows:,}") + 10


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One edge at full width, in shares of its own rows: a table of three rows matters as much as one of millions."""

    equation: Equation
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The bar in words, for whoever does not see it."""
        parts = ", ".join(f"{segment.rows:,} {segment.part}" for segment in self.segments) or "no rows"
        return f"{self.equation.source} → {self.equation.target}: {self.equation.archive:,} in the archive; {parts}"


def bars(equations: tuple[Equation, ...]) -> tuple[Bar, ...]:
    """One bar for each edge, in the order of the edges."""
    return tuple(Bar(equation=equation, segments=tuple(_segments(equation))) for equation in equations)


def _segments(equation: Equation) -> Iterator[Segment]:
    amounts = {part: getattr(equation, part) for part in PARTS if getattr(equation, part)}
    total = sum(abs(rows) for rows in amounts.values())
    # one row of a million is still a segment one can see
    free, x = WIDTH - LEAST * len(amounts), 0.0
    for part, rows in amounts.items():
        width = LEAST + free * abs(rows) / total
        yield Segment(part=part, rows=rows, x=round(x, 2), width=round(width, 2))
        x += width
