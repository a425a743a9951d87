"""What loads that died left in a database: found by the names of tables, and removed where nobody is at work with it.

A server may keep every name in small letters (lower_case_table_names), so runs are told apart without their case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.helpers import end_helpers
from migrator.platforms.mysql.locks import (
    attempt_locks,
    end_holder,
    give_back,
    merge_lock,
    staging_lock,
    taken,
    wrested,
)
from migrator.platforms.mysql.owned import MADE, STAGE
from migrator.platforms.relational.journal import JOURNAL, MARKERS
from migrator.platforms.relational.kept import DAYS
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import cut

KEPT = "kept"
"""How the comment of a staging table begins that a run may go on with."""

_PATIENCE_S = 30


def sweep(connection: Connection) -> None:
    """Remove staging that nobody holds or keeps, and journals of loads that were never committed."""
    kept = set(map(_run_of, _tables(connection, STAGE, _IS_KEPT)))
    sweep_runs(connection, set(map(_run_of, _tables(connection, STAGE))) - kept)
    if taken(connection, merge_lock(connection)):  # else somebody is merging, and needs his
        _sweep_journals(connection)
        give_back(connection, merge_lock(connection))


def sweep_runs(connection: Connection, runs: Collection[str], *, are_over: bool = False) -> int:
    """See migrator.contracts.Target.sweep."""
    there = set(map(_run_of, _tables(connection, STAGE))) & {run.lower() for run in runs}
    if are_over:
        _sweep_merged(connection, {*there, *_merging(connection, runs)})
    return sum(_sweep_run(connection, run, is_over=are_over) for run in sorted(there))


def _merging(connection: Connection, runs: Collection[str]) -> Iterator[str]:
    """Of these runs, those that have journals."""
    if names := [name.lower() for name in _tables(connection, JOURNAL)]:
        yield from (run for run in runs if any(name.startswith(_journals(run)) for name in names))


def _sweep_run(connection: Connection, run: str, *, is_over: bool) -> bool:
    lock = staging_lock(connection, run)
    if not (wrested(connection, lock, patience_s=_PATIENCE_S) if is_over else taken(connection, lock)):
        return False
    drop_staging(connection, run)
    give_back(connection, lock)
    return True


def _sweep_merged(connection: Connection, runs: Collection[str]) -> None:
    """What these runs merged and did not commit: who lost the connection, or stopped in a statement, drops nothing.

    Before their staging: who merges keeps others from dropping what it reads.
    """
    ended = [end_holder(connection, attempt_locks(connection, run)[1]) for run in runs]
    if runs and taken(connection, merge_lock(connection), patience_s=_PATIENCE_S if any(ended) else 0):
        _sweep_journals(connection)  # else somebody is merging: whoever stages next sweeps
        give_back(connection, merge_lock(connection))


def drop_staging(connection: Connection, run: str) -> None:
    """Remove the staging of one run."""
    names = [name for name in _tables(connection, STAGE) if _run_of(name) == run.lower()]
    for name in names:
        end_helpers(connection, name)
    _drop(connection, names)


def _sweep_journals(connection: Connection) -> None:
    made = [name for prefix in (MADE, JOURNAL) for name in _tables(connection, prefix)]
    runs: set[str | None] = set()
    if _tables(connection, MARKERS):
        runs = {run for (run,) in connection.texts(f"SELECT run FROM {quoted(MARKERS)}")}
        if not runs:
            made.append(MARKERS)
    committed = tuple(_journals(run) for run in runs if run)
    _drop(connection, (name for name in made if not name.lower().startswith(committed)))


def _journals(run: str) -> str:
    """How the names of its journals begin, without their case."""
    return cut(f"{JOURNAL}{run}:").lower()


_IS_KEPT = f"table_comment LIKE '{KEPT}%' AND create_time > NOW() - INTERVAL {DAYS} DAY"


def _tables(connection: Connection, prefix: str, condition: str = "true") -> list[str]:
    # a pattern would read underscores as anything
    query = (
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        f" AND LEFT(table_name, {len(prefix)}) = {literal(prefix)} AND {condition}"
    )
    return [name for (name,) in connection.texts(query) if name]


def comment_of(connection: Connection, table: str) -> str:
    """Empty where there is none, or no such table."""
    return connection.text(
        "SELECT table_comment FROM information_schema.tables"
        f" WHERE table_schema = DATABASE() AND table_name = {literal(table)}"
    )


def is_table(connection: Connection, name: str) -> bool:
    return name.lower() in (one.lower() for one in _tables(connection, STAGE))


def _run_of(name: str) -> str:
    return name.split(":")[1].lower()


def _drop(connection: Connection, names: Iterable[str]) -> None:
    for name in names:
        connection.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
