"""python -m migrator.cli.keeper: a process of its own that holds a point in time of a source for whoever resumes a run.

What it needs it reads from its standard input, so that no list of processes shows an address. It says how its view is
joined, then nothing more: its standard output ends when it does. It outlives whoever started it, and lives as long as
somebody reads in that view, and some minutes beyond.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from storage.errors import MigratorError

_LOOK_S = 1.0


def main() -> None:
    """Hold what is asked for; the process that was started ends at once, so that nobody has to wait for it."""
    asked = json.load(sys.stdin)
    if os.fork():
        os._exit(0)
    from migrator.contracts import Fence, ReadLimits
    from migrator.wiring import open_source
    from storage.described import built

    os.chdir(asked["folder"])  # addresses may name files from there
    source, fence = open_source(asked["url"], ReadLimits()), built(Fence, asked["fence"], "the fence")
    with suppress(MigratorError), source.hold(fence) as held:  # whoever reads its answer sees that there is none
        json.dump({"handle": held.fence.handle, "process": os.getpid()}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
        hold_while_needed(held.is_joined, asked["minutes"] * 60)


def hold_while_needed(
    is_joined: Callable[[], bool],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Until nobody has been there for so long."""
    until = clock() + seconds
    while clock() < until:
        sleep(_LOOK_S)
        if is_joined():
            until = clock() + seconds


if __name__ == "__main__":
    main()
