"""migrator verify RUN"""

from __future__ import annotations

from typing import Annotated

import typer

from migrator.cli.loaded import tell
from migrator.cli.options import Detach, Json, RunId, Wait, waiting
from migrator.cli.progress import shown


def command(
    run: RunId,
    deep: Annotated[
        bool, typer.Option("--deep", help="From the archive's CSV master instead of its Parquet twin.")
    ] = False,
    wait: Wait = None,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Re-read the target and compare it, value by value, with what archive and mapping say."""
    from migrator.wiring import service

    with shown() as progress:
        finished = service(progress, is_detached=detach, **waiting(wait)).verify(run, deep=deep)
    raise typer.Exit(tell(finished, "verified", json=json))
