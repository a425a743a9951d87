"""What came of a snapshot, held against the answer key: read from the CSV master by a plain reader."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass

from storage.errors import Fault, MigratorError, Misuse, Red
from storage.memory import MemoryStore
from storage.objects import read_bytes
from storage.problem import Problem
from tests.leaks.decided import answer
from tests.leaks.world import Cells, World
from tests.random.databases.database import Database
from tests.unit.engine.support import taken

Tables = dict[str, list[Cells]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Either the archive's cells, or the error there was, with all it named."""

    cells: Tables | None = None
    error: MigratorError | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.error.problems if isinstance(self.error, Red) else ()

    def names(self, table: str) -> bool:
        """Whether the refusal says where: the table, or a reference of it."""
        said = [str(self.error), *(f"{problem.where} {problem.what}" for problem in self.problems)]
        return any(table in text for text in said)


def outcome(database: Database, world: World, *, prove_full: bool = False) -> Outcome:
    """Take the world's tenant out of the database."""
    store = MemoryStore()
    try:
        found, _ = taken(database.platform, world.scope(), store, prove_full=prove_full)
    except MigratorError as error:
        assert not list(store.list()), "a refused snapshot left something behind"
        return Outcome(error=error)
    return Outcome(cells=archived(store, found.sealed.archive_id))


def came(database: Database, world: World, *, leaks_from: str = "", is_question: bool = False) -> str:
    """What came of a world in the database: `right`, `refused`, or what is wrong, as `WHAT: more`.

    `leaks_from` is the table that a refusal has to name, where there is anything to refuse; a question has to be.
    """
    found = outcome(database, world)
    if found.cells is None:
        if leaks_from and isinstance(found.error, Red | Misuse | Fault) and found.names(leaks_from):
            return "refused"
        return f"WRONGLY REFUSED: {found.error}"
    if is_question:
        return f"NOT ASKED: {leaks_from}"
    wanted = answer(world, database.kind) if world.policies else world.answer()
    gone = departures(found.cells, wanted)
    return f"PASSED: {gone[:3]}" if gone else "right"


def archived(store: MemoryStore, archive_id: str) -> Tables:
    """Every table of the archive but the list of files, as its CSV says it."""
    package = json.loads(read_bytes(store, f"{archive_id}/data/datapackage.json"))
    cells: Tables = {}
    for resource in package["resources"]:
        path = resource["path"] if isinstance(resource["path"], str) else resource["path"][0]
        if path.startswith("csv/") and not path.startswith("csv/_files"):
            text = read_bytes(store, f"{archive_id}/data/{path}").decode()
            _, *rows = csv.reader(io.StringIO(text, newline=""))
            cells[resource["title"] if "title" in resource else resource["name"]] = sorted(map(tuple, rows))
    return cells


def departures(found: Tables, wanted: Tables) -> list[str]:
    """Every row that should not be there, and every one that is missing."""
    lines = []
    for name in sorted({*wanted, *found}):
        here, there = Counter(found.get(name, [])), Counter(wanted.get(name, []))
        lines += [f"{name} has {row}" for row in here - there]
        lines += [f"{name} lacks {row}" for row in there - here]
    return lines
