"""The social story with five million rows, out of PostgreSQL and into PostgreSQL, every command within 600 MiB.

    python -m tests.soak.large
    python -m tests.soak.large --rows 1000000 --out-of mariadb --to mariadb

Covers what CI has no time for: that memory stays below the bound, and every verdict green, at the size of a real
customer; there and back. Five million rows take about two hours on two cores and some 20 GB below TMPDIR; one million
a quarter of both. Prints a line a step as tests/benchmarks/story.py does; ends with 1 if a step took more memory, or
was not green.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.command import CommandError
from tests.benchmarks.servers import KINDS, POSTGRESQL, servers
from tests.benchmarks.story import HEADING, Step, Story
from tests.soak.promise import BrokenError, ending, require

MOST_MIB = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--out-of", choices=KINDS, default=POSTGRESQL)
    parser.add_argument("--to", choices=KINDS, default=POSTGRESQL)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as name, servers(Path(name)) as running:
        story = Story.made(Path(name), running, rows=given.rows, out_of=given.out_of, to=given.to)
        print(HEADING, flush=True)
        try:
            for step in story.steps():
                print(step.line(), flush=True)
                _judge(step)
        except CommandError as error:
            raise BrokenError(str(error)) from error


def _judge(step: Step) -> None:
    require(step.cost.peak <= MOST_MIB, f"{step.name} took {step.cost.peak:.0f} MiB, more than {MOST_MIB}")
    require(step.cost.answer.get("verdict", "green") == "green", f"{step.name} is not green: {step.cost.answer}")
    require(not step.cost.answer.get("kept"), f"{step.name} kept rows nobody touched: {step.cost.answer}")


if __name__ == "__main__":
    ending(main)
