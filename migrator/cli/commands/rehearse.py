"""migrator rehearse PLAN"""

from __future__ import annotations

from typing import Annotated

import typer

from migrator.cli.loaded import tell
from migrator.cli.options import Detach, FromArchive, Json, PlanFile, Wait, Whole, waiting
from migrator.cli.progress import shown


def command(
    plan: PlanFile,
    archive: FromArchive = None,
    whole: Whole = False,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="URL",
            help="In an empty database of the target's kind: its tables are made there, and erased.",
        ),
    ] = None,
    wait: Wait = None,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """The whole load and verification, then undone: the target is as it was."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress, is_detached=detach, **waiting(wait))
        finished = served.rehearse(served.plan(plan), archive, whole=whole, on=on)
    raise typer.Exit(tell(finished, f"rehearsal {finished.report.number}", json=json))
