"""migrator worker"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from migrator.cli.logs import log_to_stderr, say
from migrator.cli.options import Json
from migrator.cli.output import print_json

_SLOT = (sys.executable, "-P", "-m", "migrator.cli.slot")


def command(
    slots: Annotated[
        int, typer.Option("--slots", metavar="N", min=1, help="How many runs at once, each in a process of its own.")
    ] = 1,
    grace: Annotated[
        int, typer.Option("--grace", metavar="SECONDS", min=0, help="How long its runs may take to stop, at its end.")
    ] = 20,
    json: Json = False,
) -> None:
    """Perform the catalog's runs that wait, and those whose process is gone or hangs, until it is stopped.

    Stopped by SIGTERM or Ctrl-C, it puts its runs back for other workers.
    """
    from migrator.runs.liveness.slots import Slots
    from migrator.wiring import here

    performing = here()
    form = performing.settings.log
    log_to_stderr(form)
    catalog = performing.reached()
    processes = Slots(command=_SLOT, count=slots)
    in_time = False
    try:
        say(f"… performing the runs of {catalog}, {slots} at once", form)  # whoever reads it may stop us at once
        processes.serve()
    except KeyboardInterrupt:
        say(f"… ending: its runs have {grace} s to stop", form)
    finally:
        in_time = processes.end(grace)
    if json:
        print_json({"slots": slots, "stopped_in_time": in_time})
    if not in_time:
        say("… what did not stop in time was killed: another worker goes on with it", form)
