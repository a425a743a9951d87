"""How a run that was resumed is told: as the command that began it would have told it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from migrator.cli import loaded
from migrator.cli.commands import restore, rollback, snapshot
from migrator.cli.output import print_json, stdout

if TYPE_CHECKING:
    from migrator.contracts import Closed
    from migrator.engine.restore import Restored
    from migrator.engine.snapshot import Snapshot
    from migrator.runs.records import RunRecord
    from migrator.service import Reported

_WORDS = {"migration": "migrated", "verification": "verified"}


def told(run: RunRecord, found: Snapshot | Restored | Reported | Closed, *, json: bool) -> int:
    """Print what the run found; gives the exit code of its verdict."""
    from migrator.contracts import Closed
    from migrator.engine.restore import Restored
    from migrator.engine.snapshot import Snapshot
    from migrator.service import Finished

    if isinstance(found, Snapshot):
        snapshot.tell(run, found, json=json)
        return 0
    if isinstance(found, Restored):
        return restore.tell(run, found, json=json)
    if isinstance(found, Closed):
        return _closed(run, found, json=json)
    finished = Finished.of(run, found)
    if found.undone is not None:
        return rollback.tell(finished, found.undone, json=json)
    return loaded.tell(finished, _WORDS.get(run.kind, f"{run.kind} {run.number}"), json=json)


def _closed(run: RunRecord, found: Closed, *, json: bool) -> int:
    """Print what left the target when a load was accepted for good."""
    if json:
        print_json({"run": run.run_id, "of_run": run.of_run, "verdict": run.verdict, **asdict(found)})
        return 0
    said = f"{found.journals} journals about {found.entries} rows are gone from the target"
    stdout.print(f"{run.of_run} is accepted for good: {said}; it cannot be taken back any more", markup=False)
    return 0
