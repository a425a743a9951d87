"""Arguments and options several commands share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or its unambiguous beginning.")]
ArchiveLocation = Annotated[str, typer.Argument(metavar="ARCHIVE", help="STORE/ARCHIVE-ID, as snapshot prints it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
FromArchive = Annotated[
    str | None,
    typer.Option("--archive", metavar="LOC", help="The archive; else the newest complete one of the plan's tenant."),
]
Whole = Annotated[
    bool,
    typer.Option("--whole", help="Digests over whole target tables (when nobody else writes), not over touched rows."),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="WHY", help="On a server, for whoever has to agree to it first.")
]
Detach = Annotated[bool, typer.Option("--detach", help="Leave the run to a worker; prints its id.")]
Wait = Annotated[
    int | None,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        help="How long to wait for another run on the same tables of the target; else MIGRATOR_WAIT, or 600.",
    ),
]


def waiting(seconds: int | None) -> dict[str, str]:
    """What `--wait` says, as the setting that it stands before."""
    return {} if seconds is None else {"MIGRATOR_WAIT": str(seconds)}
