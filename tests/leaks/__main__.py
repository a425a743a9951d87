"""Figures: `python -m tests.leaks WORLDS [KIND…]` plants so many leaks of each kind, and says what came of them.

A line for each: worlds, how many were refused by name, how many left exactly as they should, and how many passed that
should not have. The last must be 0; so must be clean worlds that are refused.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from tests.leaks.decided import answer, decided
from tests.leaks.judged import departures, outcome
from tests.leaks.leaks import EVERYWHERE, POSTGRES
from tests.leaks.planting import planted
from tests.leaks.world import World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.databases.database import Database
from tests.random.databases.mysql import MysqlDatabase
from tests.random.databases.postgres import PostgresDatabase
from tests.random.databases.sqlite import SqliteDatabase
from tests.servers import mariadb, postgres

_Made = tuple[World, str]
"""A world, and the table that a refusal has to name; "" where nothing is to be refused."""


def _makers(kind: str) -> Iterator[tuple[str, Callable[[int], _Made]]]:
    yield "clean", lambda seed: (world(seeded(seed)), "")
    yield "clean, and decided", lambda seed: (decided(seeded(seed)), "")
    for plant in (*EVERYWHERE, *(POSTGRES if kind == "postgresql" else ())):
        yield plant.__name__.replace("_", " "), partial(_leaky, plant)


def _leaky(plant: Callable[..., object], seed: int) -> _Made:
    leak = planted(plant, seed)  # type: ignore[arg-type]
    return leak.world, leak.table


def _came(database: Database, made: World, table: str) -> str:
    write(database, made)
    found = outcome(database, made)
    if found.cells is None:
        return "refused" if table and found.names(table) else f"WRONGLY REFUSED: {found.error}"
    gone = departures(found.cells, answer(made, database.kind) if made.policies else made.answer())
    return f"PASSED: {gone[:3]}" if gone else "right"


def _database(kind: str, stack: ExitStack) -> Database:
    if kind == "sqlite":
        return SqliteDatabase(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "a.db")
    if kind == "postgresql":
        return stack.enter_context(closing(PostgresDatabase(stack.enter_context(postgres.running()).database())))
    return stack.enter_context(closing(MysqlDatabase(stack.enter_context(mariadb.running()).database())))


def main(worlds: int, kinds: list[str]) -> None:
    for kind in kinds:
        with ExitStack() as stack:
            database = _database(kind, stack)
            for name, make in _makers(kind):
                came: Counter[str] = Counter()
                for seed in range(worlds):
                    said = _came(database, *make(seed))
                    came[said.partition(":")[0]] += 1
                    if ":" in said:
                        print(f"  {name}, seed {seed}: {said}")
                print(f"{kind:<11} {name:<20} {worlds:>5}  {dict(came)}", flush=True)


main(int(sys.argv[1]), sys.argv[2:] or ["sqlite"])
