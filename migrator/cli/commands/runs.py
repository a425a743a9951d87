"""migrator runs list|show|follow|resume|prune|close|import"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.ended import told
from migrator.cli.followed import tell, tell_step
from migrator.cli.options import Json, Reason, RunId, Wait, waiting
from migrator.cli.output import print_json, print_problems, print_table, stderr, stdout
from migrator.cli.position import cells, position_of, said_position
from migrator.cli.progress import shown
from migrator.cli.states import said_state

Address = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The address the run was given by itself, where it holds a password."),
]

if TYPE_CHECKING:
    from migrator.runs.records import RunRecord

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
            (r.run_id, r.kind, r.number, r.plan, r.tenant, said_state(r), r.verdict or "–", *cells(position_of(r)))
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
    words = served.told(record)
    if json:
        print_json({**asdict(record), "told": [asdict(one) for one in words]})
        return
    for name, value in _facts(record).items():
        if value not in (None, ""):
            stdout.print(f"{name:<12} {value}", markup=False)
    print_problems(words, heading="what its operator was told")


def _facts(record: RunRecord) -> dict[str, object]:
    """What is known of it, each as people read it."""
    position, error = position_of(record), record.error or {}
    said = (error.get(part) for part in ("what", "where", "next"))
    return {
        **asdict(record),
        "progress": said_position(position) if position else "",
        "error": " · ".join(part for part in said if part),
    }


@app.command()
def follow(run: RunId, json: Json = False) -> None:
    """How far a run is, wherever it is performed, until it ends; with its exit code. With --json, an object a line."""
    from migrator.wiring import service

    raise typer.Exit(tell(service(tell_step).follow(run), as_json=json))


@app.command()
def resume(run: RunId, url: Address = None, wait: Wait = None, json: Json = False) -> None:
    """Go on with a run that was parked, failed or killed: what it had finished is not done again."""
    from migrator.wiring import service

    with shown() as progress:
        record, found = service(progress, is_detached=False, **waiting(wait)).resume(run, url=url)
    raise typer.Exit(told(record, found, json=json))


@app.command()
def prune(
    keep: Annotated[
        int,
        typer.Option("--keep", metavar="N", min=1, help="How many of each plan and kind stay, the newest; else 10."),
    ] = 10,
    days: Annotated[
        int, typer.Option("--days", metavar="DAYS", min=0, help="What ended less long ago stays; else 90.")
    ] = 90,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would go.")] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Forget old runs that nothing needs: their records, folders and documents in the store. Archives always stay."""
    from migrator.runs.pruning import Policy
    from migrator.wiring import service

    found = service(reason=reason).prune(Policy(keep=keep, days=days), apply=yes)
    if json:
        stays = [{"run": one.run.run_id, "because": one.because} for one in found.stays]
        print_json({"pruned": yes, "runs": [run.run_id for run in found.goes], "stays": stays, "young": found.young})
        return
    for run in found.goes:
        stdout.print(run.run_id, markup=False)
    for one in found.stays:
        stderr.print(f"{one.run.run_id} stays: {one.because}", markup=False)
    going = f"{len(found.goes)} runs are gone" if yes else f"{len(found.goes)} runs would go: --yes does it"
    stderr.print(
        f"{going}; {len(found.stays)} old ones stay, {found.young} are young or among the newest", markup=False
    )


@app.command()
def close(run: RunId, reason: Reason = "", wait: Wait = None, json: Json = False) -> None:
    """Accept a load for good: its journals leave the target, and nothing takes it back from then on."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress, is_detached=False, reason=reason, **waiting(wait))
        record, closed = served.close(run)
    raise typer.Exit(told(record, closed, json=json))


@app.command()
def cancel(run: RunId, url: Address = None, json: Json = False) -> None:
    """Give a run up for good, wherever it is performed: it is stopped, and what it left is erased."""
    from migrator.wiring import service

    record = service().cancel(run, url=url)
    if json:
        print_json({"run": record.run_id, "kind": record.kind, "state": record.state})
    else:
        stdout.print(f"{record.run_id} is cancelled: nothing is left of it", markup=False)


@app.command(name="import")
def import_(
    catalog: Annotated[Path, typer.Argument(metavar="CATALOG.db", help="The catalog.db of an old MIGRATOR_HOME.")],
    json: Json = False,
) -> None:
    """Another catalog's records into this one, which must be empty: from SQLite to PostgreSQL, say."""
    from migrator.wiring import here

    taken = here().import_runs(catalog)
    if json:
        print_json(asdict(taken))
    else:
        counts = f"{taken.runs} runs, {taken.archives} archives and {taken.reports} reports"
        others = f", and {taken.others} records of what a server keeps," if taken.others else ""
        stdout.print(f"{counts}{others} are recorded here now")
