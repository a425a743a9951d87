"""python -m tests.support_stopped_snapshot URL STORE TABLE: a snapshot that stops for good once it comes to a table.

It says so on its standard output when all tables before are listed, and then waits to be killed.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from migrator.engine.halfway import Attempt
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.outcomes import EVERY_STEP, Steps, Tick, silent
from migrator.platforms.postgres.source import PostgresSource
from migrator.service.keeper import KeeperProcess
from storage.begun import LIST
from storage.local import LocalStore
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of

SCOPE = "root: {table: firms, where: {id: 1}}"


def attempt(url: str, store: Path, steps: Steps = EVERY_STEP, at: str = "") -> Snapshot:
    """One attempt of the same run; its fence is kept from the first moment."""
    keep = partial(KeeperProcess.start, url, 5)

    def stop(tick: Tick) -> None:
        if at and tick.what == at:
            while not any(store.glob(f"*{LIST}/tables/first.json")):
                time.sleep(0.01)
            print("stopped", flush=True)
            time.sleep(600)

    return snapshot(
        PostgresSource(url),
        plan_of(SCOPE),
        LocalStore(store),
        signing_keys(),
        tool="test",
        attempt=Attempt(run="run-1", steps=steps, keep=keep, keep_after_s=0),
        progress=stop if at else silent,
    )


if __name__ == "__main__":
    attempt(sys.argv[1], Path(sys.argv[2]), at=sys.argv[3])
