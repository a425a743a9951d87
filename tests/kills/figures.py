"""What trials found, one a line in a file that every session adds to, and the tables made of it."""

from __future__ import annotations

import collections
import csv
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tests.kills.moments import PHASES


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One trial. `seed` plays it again; `broken` is empty where every promise was kept."""

    seed: str
    pair: str
    phase: str = ""
    strike: str = ""
    is_served: bool
    rows: int
    code: int | None = None  # of the struck command
    more: int | None = None  # commands it took to its end
    seconds: float = 0.0
    broken: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The file; it need not be there yet."""

    path: Path

    def add(self, figure: Figure) -> None:
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Figure)], lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow(asdict(figure))

    def read(self) -> Iterator[Figure]:
        if not self.path.exists():
            return
        with self.path.open(newline="") as file:
            for row in csv.DictReader(file):
                yield Figure(
                    seed=row["seed"],
                    pair=row["pair"],
                    phase=row["phase"],
                    strike=row["strike"],
                    is_served=row["is_served"] == "True",
                    rows=int(row["rows"]),
                    code=int(row["code"]) if row["code"] else None,
                    more=int(row["more"]) if row["more"] else None,
                    seconds=float(row["seconds"]),
                    broken=row["broken"],
                )

    def of_pair(self, pair: str) -> int:
        return sum(figure.pair == pair for figure in self.read())


def tables(figures: Figures) -> Iterator[str]:
    """Markdown, a line at a time: trials by pair and phase, then by strike, then what broke."""
    every = list(figures.read())
    yield from _crossed(every, "pair", lambda figure: figure.pair, list(PHASES))
    yield ""
    yield from _by_strike(every)
    yield ""
    yield from (
        f"- `{figure.seed}` {figure.phase}, {figure.strike}: {figure.broken}" for figure in every if figure.broken
    )


def _crossed(every: list[Figure], name: str, of: Callable[[Figure], str], phases: list[str]) -> Iterator[str]:
    yield f"| {name} | {' | '.join(phases)} | all | broken |"
    yield f"| --- |{' ---: |' * (len(phases) + 2)}"
    for key in sorted({of(figure) for figure in every}):
        mine = [figure for figure in every if of(figure) == key]
        counted = collections.Counter(figure.phase for figure in mine)
        numbers = [*(counted[phase] for phase in phases), len(mine), sum(bool(figure.broken) for figure in mine)]
        yield f"| {key} | {' | '.join(map(str, numbers))} |"


def _by_strike(every: list[Figure]) -> Iterator[str]:
    yield "| strike | trials | done all the same | stopped | commands more | broken |"
    yield f"| --- |{' ---: |' * 5}"
    for strike in sorted({figure.strike for figure in every}):
        mine = [figure for figure in every if figure.strike == strike]
        numbers = (
            len(mine),
            sum(figure.code == 0 for figure in mine),
            sum(figure.code not in (0, None) for figure in mine),
            sum(figure.more or 0 for figure in mine),
            sum(bool(figure.broken) for figure in mine),
        )
        yield f"| {strike} | {' | '.join(map(str, numbers))} |"
