"""migrator runs list|show|follow|import"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from migrator.cli.followed import tell
from migrator.cli.options import Json, RunId
from migrator.cli.output import print_json, print_problems, print_table, stdout
from migrator.cli.position import cells, position_of

app = typer.Typer(help="What ran, what became of it.", no_args_is_help=True)


@app.command(name="list")
def list_(json: Json = False) -> None:
    """Every run, newest last."""
    from migrator.wiring import service

    runs = service().runs()
    if json:
        print_json({"runs": [asdict(run) for run in runs]})
        return
    print_table(
        "",
        ("run", "kind", "number", "plan", "tenant", "state", "verdict", "step", "%", "rows/s", "left"),
        (
            (r.run_id, r.kind, r.number, r.plan, r.tenant, r.state, r.verdict or "–", *cells(position_of(r)))
            for r in runs
        ),
        right=("number", "%", "rows/s", "left"),
    )


@app.command()
def show(run: RunId, json: Json = False) -> None:
    """One run whole."""
    from migrator.wiring import service

    served = service()
    record = served.run(run)
    told = served.told(record)
    if json:
        print_json({**asdict(record), "told": [asdict(one) for one in told]})
        return
    for name, value in asdict(record).items():
        if value not in (None, ""):
            stdout.print(f"{name:<12} {value}", markup=False)
    print_problems(told, heading="what its operator was told")


@app.command()
def follow(run: RunId, json: Json = False) -> None:
    """How far a run is, wherever it is performed, until it ends; with its exit code. With --json, an object a line."""
    from migrator.wiring import service

    raise typer.Exit(tell(service().follow(run), as_json=json))


@app.command(name="import")
def import_(
    catalog: Annotated[Path, typer.Argument(metavar="CATALOG.db", help="The catalog.db of an old MIGRATOR_HOME.")],
    json: Json = False,
) -> None:
    """Another catalog's records into this one, which must be empty: from SQLite to PostgreSQL, say."""
    from migrator.wiring import service

    taken = service().import_runs(catalog)
    if json:
        print_json(asdict(taken))
    else:
        stdout.print(f"{taken.runs} runs, {taken.archives} archives and {taken.reports} reports are recorded here now")
