"""Times what finds a tenant's rows where tables are many, or point at each other and themselves thousands of rows deep.

    python -m tests.benchmarks.entangled --out-of postgresql

A measurement, not a test: it asserts nothing. For each shape: what `scope` took as its own process, and what it found.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.benchmarks.command import measure
from tests.benchmarks.servers import KINDS, SQLITE, AnyPlatform, servers

LEVELS, TABLES, KEYS, TENANTS, ROWS = 3_000, 300, 500, 3, 10
"""How deep a chain is, how many tables and foreign keys there are, and each tenant's rows of a table."""
PLAN = """\
plan: entangled
tenant: the-first
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
    references: [REFERENCES]
store: ${STORE_URL}
"""
LEADS = "{table: teams, column: lead_id, to: people.id}"
"""No statement alone can declare both keys of a circle."""
_FIRMS = ["CREATE TABLE firms (id INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO firms VALUES (1), (2), (3)"]


def chain() -> Iterator[str]:
    """People who have a boss each, and three tables that hang on them."""
    yield from _FIRMS
    yield _table("people", {"firm_id": "firms", "boss_id": "people"})
    yield _insert("people", ((n, 1 if n == 1 else None, n - 1 or None) for n in range(1, LEVELS + 1)))
    for name in ("badges", "desks", "phones"):
        yield _table(name, {"person_id": "people"})
        yield _insert(name, ((n, n) for n in range(1, LEVELS + 1)))


def circle() -> Iterator[str]:
    """Two tables that point at each other, a row of one at a row of the other, for as many rows."""
    yield from _FIRMS
    yield _table("teams", {"firm_id": "firms", "lead_id": ""})
    yield _table("people", {"team_id": "teams"})
    half = LEVELS // 2
    yield _insert("teams", ((n, 1 if n == 1 else None, n - 1 or None) for n in range(1, half + 1)))
    yield _insert("people", ((n, n) for n in range(1, half + 1)))


def wide() -> Iterator[str]:
    """Tables that each hang on one or more of those before."""
    yield from _FIRMS
    random = Random(300)  # noqa: S311
    parents = {n: [random.randrange(max(1, n - 20), n)] if n > 1 else [0] for n in range(1, TABLES)}
    for _ in range(KEYS - len(parents)):
        child = random.randrange(2, TABLES)
        parents[child].append(random.randrange(1, child))
    for child, above in parents.items():
        yield _table(f"t{child}", {f"r{i}": f"t{n}" if n else "firms" for i, n in enumerate(above)})
        keys = range(1, TENANTS * ROWS + 1)
        yield _insert(f"t{child}", ((k, *(_of_the_same(random, k, at_root=not n) for n in above)) for k in keys))


SHAPES: dict[str, Callable[[], Iterator[str]]] = {
    f"a chain of {LEVELS:,}, three tables on it": chain,
    f"a circle of two tables, {LEVELS:,} deep": circle,
    f"{TABLES} tables, {KEYS} foreign keys": wide,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out-of", choices=KINDS, default=SQLITE, help="the kind of the source")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, servers(Path(name)) as running:
        plan = Path(name) / "plan.yaml"
        print("| shape | rows found | seconds | CPU seconds | MiB |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for shape, made in SHAPES.items():
            platform = running.database(given.out_of)
            platform.run(";\n".join(made()) + ";")
            plan.write_text(PLAN.replace("REFERENCES", LEADS if made is circle else ""), encoding="utf-8")
            print(_line(shape, platform, plan, Path(name)), flush=True)


def _line(shape: str, platform: AnyPlatform, plan: Path, folder: Path) -> str:
    environment = {
        "MIGRATOR_HOME": str(folder / "home"),
        "SOURCE_URL": platform.url,
        "STORE_URL": (folder / "store").as_uri(),
    }
    cost = measure("scope", plan, environment=environment)
    rows = sum(table["rows"] for table in cost.answer["tables"])
    return f"| {shape} | {rows:,} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.peak:.0f} |"


# ── statements ──────────────────────────────────────────────────────────────────────────────────────────────
def _table(name: str, references: dict[str, str]) -> str:
    columns = ", ".join(f"{column} INTEGER" for column in references)
    keys = "".join(f", FOREIGN KEY ({column}) REFERENCES {to} (id)" for column, to in references.items() if to)
    indexes = "".join(f";\nCREATE INDEX {name}_{column} ON {name} ({column})" for column in references)
    return f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, {columns}{keys}){indexes}"


def _insert(name: str, rows: Iterator[tuple[int | None, ...]]) -> str:
    values = ", ".join(f"({', '.join('NULL' if value is None else str(value) for value in row)})" for row in rows)
    return f"INSERT INTO {name} VALUES {values}"


def _of_the_same(random: Random, key: int, *, at_root: bool) -> int:
    """A parent's key that is of the tenant of this one."""
    tenant = (key - 1) % TENANTS + 1
    return tenant if at_root else random.randrange(ROWS) * TENANTS + tenant


if __name__ == "__main__":
    main()
