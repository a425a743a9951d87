"""What loads that died left in a database: found by the names of tables, and removed where nobody is at work with it.

A server may keep every name in small letters (lower_case_table_names), so runs are told apart without their case.
"""

from __future__ import annotations

from collections.abc import Iterable

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.locks import give_back, merge_lock, staging_lock, taken
from migrator.platforms.mysql.owned import MADE, STAGE
from migrator.platforms.relational.journal import JOURNAL, MARKERS
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import cut


def sweep(connection: Connection) -> None:
    """Remove staging that nobody else holds, and journals of loads that were never committed."""
    for run in sorted(set(map(_run_of, _tables(connection, STAGE)))):
        if taken(connection, staging_lock(connection, run)):
            drop_staging(connection, run)
            give_back(connection, staging_lock(connection, run))
    if taken(connection, merge_lock(connection)):  # else somebody is merging, and needs his
        _sweep_journals(connection)
        give_back(connection, merge_lock(connection))


def drop_staging(connection: Connection, run: str) -> None:
    """Remove the staging of one run."""
    _drop(connection, (name for name in _tables(connection, STAGE) if _run_of(name) == run.lower()))


def _sweep_journals(connection: Connection) -> None:
    made = [name for prefix in (MADE, JOURNAL) for name in _tables(connection, prefix)]
    runs: set[str | None] = set()
    if _tables(connection, MARKERS):
        runs = {run for (run,) in connection.texts(f"SELECT run FROM {quoted(MARKERS)}")}
        if not runs:
            made.append(MARKERS)
    committed = tuple(cut(f"{JOURNAL}{run}:").lower() for run in runs)
    _drop(connection, (name for name in made if not name.lower().startswith(committed)))


def _tables(connection: Connection, prefix: str) -> list[str]:
    # a pattern would read underscores as anything
    query = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        f" AND LEFT(table_name, {len(prefix)}) = {literal(prefix)}"
    )
    return [name for (name,) in connection.texts(query) if name]


def _run_of(name: str) -> str:
    return name.split(":")[1].lower()


def _drop(connection: Connection, names: Iterable[str]) -> None:
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
