"""migrator migrate PLAN"""

from __future__ import annotations

from typing import Annotated

import typer

from migrator.cli.loaded import tell
from migrator.cli.options import Detach, FromArchive, Json, PlanFile, Reason, Wait, Whole, waiting
from migrator.cli.progress import shown


def command(
    plan: PlanFile,
    archive: FromArchive = None,
    whole: Whole = False,
    waive: Annotated[
        str | None,
        typer.Option(
            "--waive", metavar="REASON", help="Do without a rehearsal that vouches for this; the report says why."
        ),
    ] = None,
    reason: Reason = "",
    wait: Wait = None,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Load the archive into the target in one transaction, and verify what was committed."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress, is_detached=detach, reason=reason, **waiting(wait))
        finished = served.migrate(served.plan(plan), archive, whole=whole, waive=waive)
    raise typer.Exit(tell(finished, "migrated", json=json))
