"""Figures: `python -m tests.leaks WORLDS [KIND…]` plants so many leaks of each kind, and says what came of them.

A line for each: worlds, how many were refused by name, how many left exactly as they should, and how many passed or
left unasked that should not have. The last must be 0; so must be clean worlds that are refused.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from tests.leaks.decided import decided
from tests.leaks.judged import came
from tests.leaks.leaks import EVERYWHERE, POSTGRES, Leak
from tests.leaks.planting import planted
from tests.leaks.ways.every import WAYS
from tests.leaks.ways.way import Way
from tests.leaks.world import World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.databases.database import Database
from tests.random.databases.mysql import MysqlDatabase
from tests.random.databases.postgres import PostgresDatabase
from tests.random.databases.sqlite import SqliteDatabase
from tests.servers import mariadb, postgres

_Made = tuple[World, str, bool]
"""A world, the table that a refusal has to name ("": nothing is to be refused), and whether it has to be refused."""


def _makers(kind: str) -> Iterator[tuple[str, Callable[[int], _Made]]]:
    yield "clean", lambda seed: (world(seeded(seed)), "", False)
    yield "clean, and decided", lambda seed: (decided(seeded(seed)), "", False)
    for plant in (*EVERYWHERE, *(POSTGRES if kind == "postgresql" else ())):
        yield plant.__name__.replace("_", " "), partial(_planted, partial(planted, plant))
    for way in WAYS:
        if kind in way.kinds:
            yield f"clean, {way.name}", partial(_clean, way)
            for plant in way.leaks:
                yield f"{way.name}, {plant.__name__.replace('_', ' ')}", partial(_planted, partial(way.leaky, plant))


def _clean(way: Way, seed: int) -> _Made:
    return way.drawn(seed), "", False


def _planted(leaky: Callable[[object], Leak], seed: int) -> _Made:
    leak = leaky(seed)
    return leak.world, leak.table, leak.is_question


def _database(kind: str, stack: ExitStack) -> Database:
    if kind == "sqlite":
        return SqliteDatabase(Path(stack.enter_context(tempfile.TemporaryDirectory())) / "a.db")
    if kind == "postgresql":
        return stack.enter_context(closing(PostgresDatabase(stack.enter_context(postgres.running()).database())))
    return stack.enter_context(closing(MysqlDatabase(stack.enter_context(mariadb.running()).database())))


def main(worlds: int, kinds: list[str], *, first: int, only: str) -> None:
    for kind in kinds:
        with ExitStack() as stack:
            database = _database(kind, stack)
            for name, make in _makers(kind):
                if only in name:
                    print(
                        f"{kind:<11} {name:<44} {worlds:>5}  {_counted(database, name, make, worlds, first)}",
                        flush=True,
                    )


def _counted(database: Database, name: str, make: Callable[[int], _Made], worlds: int, first: int) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for seed in range(first, first + worlds):
        made, table, is_question = make(seed)
        write(database, made)
        said = came(database, made, leaks_from=table, is_question=is_question)
        counts[said.partition(":")[0]] += 1
        if ":" in said:
            print(f"  {name}, seed {seed}: {said}", flush=True)
    return dict(counts)


parser = ArgumentParser(prog="python -m tests.leaks")
parser.add_argument("worlds", type=int)
parser.add_argument("kinds", nargs="*", default=["sqlite"], choices=["sqlite", "postgresql", "mysql"])
parser.add_argument("--first", type=int, default=0, help="the first seed")
parser.add_argument("--only", default="", help="what the names of worlds and leaks contain")
said = parser.parse_args()
main(said.worlds, said.kinds, first=said.first, only=said.only)
