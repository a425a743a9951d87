"""Which run somebody means, who wrote its id or the beginning of it."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.nearest import nearest
from migrator.runs.records import RunRecord
from storage.errors import Misuse


def named(run_id: str, runs: Sequence[RunRecord]) -> RunRecord:
    """The run of this id or unambiguous beginning; Misuse with near ids."""
    found = [run for run in runs if run.run_id.startswith(run_id)]
    if len(found) == 1 and run_id:
        return found[0]
    if found and run_id:
        names = ", ".join(run.run_id for run in found[:5])
        raise Misuse(f"several runs begin with {run_id!r}", where=run_id, next=f"write more of it: {names}")
    raise Misuse(f"no run {run_id!r}", where="catalog", next=nearest(run_id, [run.run_id for run in runs]))
