"""A table of very many columns, out of any platform and into any other: every verdict green, memory by its width.

    python -m tests.soak.wide_tables
    python -m tests.soak.wide_tables --columns 40 --rows 4000 --texts middling
    python -m tests.soak.wide_tables --columns 1590 --rows 300 --texts short --out-of postgresql --to postgresql

Rows of PostgreSQL and MariaDB must fit a page: of very many columns only short texts do. Staging takes two columns of
its own, so a table of exactly the most a platform allows is red. Prints a line a step; ends with 1 where a step took
more than BASE_MIB and COLUMN_MIB for each column, or was not green.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.servers import KINDS, SQLITE, servers
from tests.soak.promise import ending
from tests.soak.there_and_back import ThereAndBack

BASE_MIB, COLUMN_MIB, ROW_TIMES = 400, 1, 8
TEXTS = {
    "long": ("TEXT", "a text {n} of row {row}"),
    "short": ("VARCHAR(3)", "{n}"),
    "middling": ("TEXT", "a text {n} of row {row} " * 50),
}
MAPPING = "mapping: wide\nversion: 1\ntables: {answers: {edges: [{from: answers, columns: {COLUMNS}}]}}\n"
_ROWS_AT_ONCE, _BETWEEN = 100, "', '"


def made(move: ThereAndBack, *, columns: int, rows: int, texts: str) -> ThereAndBack:
    """The move of a table of a key and so many texts."""
    type_, form = TEXTS[texts]
    names = [f"answer_{number}" for number in range(1, columns)]
    declared = ", ".join(f"{name} {type_}" for name in names)
    for platform in (move.source, move.target):
        platform.run(f"CREATE TABLE answers (id INTEGER PRIMARY KEY, {declared})")
    for start in range(0, rows, _ROWS_AT_ONCE):
        values = (_row(row, columns, form) for row in range(start, min(start + _ROWS_AT_ONCE, rows)))
        move.source.run(f"INSERT INTO answers VALUES {', '.join(values)}")
    return move.written(MAPPING.replace("COLUMNS", ", ".join(f"{name}: {name}" for name in ("id", *names))))


def _row(row: int, columns: int, form: str) -> str:
    texts = (form.format(n=(row * 7 + column * 13) % 997, row=row) for column in range(1, columns))
    return f"({row}, '{_BETWEEN.join(texts)}')"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", type=int, default=200)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--texts", choices=TEXTS, default="long")
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE)
    parser.add_argument("--to", choices=KINDS, default=SQLITE)
    given = parser.parse_args()
    row = given.columns * len(TEXTS[given.texts][1])
    most = BASE_MIB + COLUMN_MIB * given.columns + ROW_TIMES * 2_048 * max(0, row - (16 << 10)) / (1 << 20)
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as name, servers(Path(name)) as running:
        source, target, empty = (running.database(kind) for kind in (given.out_of, given.to, given.out_of))
        move = ThereAndBack(folder=Path(name), source=source, target=target, empty=empty)
        print("| step | wall s | peak MiB |\n| --- | ---: | ---: |", flush=True)
        for step, cost in made(move, columns=given.columns, rows=given.rows, texts=given.texts).judged(most):
            print(f"| {step} | {cost.wall:.1f} | {cost.peak:.0f} |", flush=True)


if __name__ == "__main__":
    ending(main)
