"""migrator rehearse PLAN"""

from __future__ import annotations

import typer

from migrator.cli.loaded import tell
from migrator.cli.options import FromArchive, Json, PlanFile, Whole
from migrator.cli.progress import shown


def command(plan: PlanFile, archive: FromArchive = None, whole: Whole = False, json: Json = False) -> None:
    """The whole load and verification, then undone: the target is as it was."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress)
        finished = served.rehearse(served.plan(plan), archive, whole=whole)
    raise typer.Exit(tell(finished, f"rehearsal {finished.report.number}", json=json))
