"""migrator admin sweep|retain PLAN · backup DIR · rebuild STORE… · invite · token NAME"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.commands import entrance
from migrator.cli.options import Json, PlanFile, Reason
from migrator.cli.output import exit_code, print_json, print_problems, print_verdict, stderr, stdout
from migrator.outcomes import Verdict
from storage.address import below

if TYPE_CHECKING:
    from migrator.service.retention import Retained

app = typer.Typer(
    help="Look after what is kept: sweep, retain, back up, rebuild. Let people and programs in: invite, token.",
    no_args_is_help=True,
)
app.command()(entrance.invite)
app.command()(entrance.token)


@app.command()
def sweep(
    plan: PlanFile,
    quiet: Annotated[
        int,
        typer.Option("--quiet", metavar="HOURS", min=0, help="How long nothing may have moved of what goes; else 24."),
    ] = 24,
    json: Json = False,
) -> None:
    """Remove what killed runs left in the plan's store and target: parts, uploads, staged rows, files."""
    from migrator.wiring import service
    from storage.sweep import swept_in_words

    served = service()
    swept = served.sweep(served.plan(plan), quiet=timedelta(hours=quiet))
    objects = sum(len(one.objects) for one in swept.archives) + swept.documents
    unfinished = sum(len(one.unfinished) for one in swept.archives)
    counts = {
        "archives": len(swept.archives),
        "objects": objects,
        "unfinished": unfinished,
        "staging": swept.staging,
        "files": swept.files,
    }
    if json:
        print_json(counts)
        return
    for line in swept_in_words(swept.archives):
        stdout.print(line, markup=False)
    stdout.print(", ".join(f"{count} {name}" for name, count in counts.items()), markup=False)


@app.command()
def retain(
    plan: PlanFile,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would go.")] = False,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """Remove the plan's old archives and runs by its own retention, but those that something needs."""
    from migrator.wiring import service

    served = service(reason=reason)
    found = served.retain(served.plan(plan), apply=yes)
    if json:
        print_json({"removed": yes, **_retained_json(found)})
        return
    for archive in found.archives.goes:
        stdout.print(below(found.store, archive.archive_id), markup=False)
    for run in found.runs.goes if found.runs else ():
        stdout.print(run.run_id, markup=False)
    for kept in found.archives.stays:
        stderr.print(f"{kept.archive.archive_id} stays: {kept.because}", markup=False)
    for one in found.runs.stays if found.runs else ():
        stderr.print(f"{one.run.run_id} stays: {one.because}", markup=False)
    runs = len(found.runs.goes) if found.runs else 0
    counts = f"{len(found.archives.goes)} archives and {runs} runs"
    stderr.print(f"{counts} are gone" if yes else f"{counts} would go: --yes does it", markup=False)


def _retained_json(found: Retained) -> dict[str, object]:
    runs = found.runs
    return {
        "archives": [below(found.store, archive.archive_id) for archive in found.archives.goes],
        "archives_stay": [{"archive": one.archive.archive_id, "because": one.because} for one in found.archives.stays],
        "runs": [run.run_id for run in runs.goes] if runs else [],
        "runs_stay": [{"run": one.run.run_id, "because": one.because} for one in runs.stays] if runs else [],
    }


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder; it becomes a MIGRATOR_HOME.")],
    with_keys: Annotated[bool, typer.Option("--with-keys", help="All keys, too: keep such a copy locked.")] = False,
    json: Json = False,
) -> None:
    """The catalog, a server's too, and the folders of runs into a new folder; archives lie in their stores."""
    from migrator.wiring import here

    made = here().backup(folder, with_keys=with_keys)
    if json:
        print_json({"folder": str(folder.absolute()), **asdict(made)})
        return
    stdout.print(str(folder.absolute()), markup=False)
    records = made.records
    recorded = f"{records.runs} runs, {records.archives} archives and {records.reports} reports"
    if records.others:
        recorded += f", {records.others} of what a server keeps"
    kept = f"{made.folders} folders of runs, {made.keys} files of keys; {made.files} files, {made.bytes} bytes"
    stderr.print(f"records of {recorded}; {kept}", markup=False)
    stderr.print("not in it: archives, which lie in their stores", markup=False)
    if not with_keys:
        stderr.print(
            "not in it: the signing keys, the masking key and the key of sealed addresses (--with-keys)", markup=False
        )


@app.command()
def rebuild(
    stores: Annotated[list[str], typer.Argument(metavar="STORE…", help="The stores that keep archives and runs.")],
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="FINGERPRINT", help="A key whose signed documents count; the own one always does."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """The catalog from what stores keep alone: archives, and runs with their reports. What is recorded stays."""
    from migrator.wiring import here

    rebuilt = here().rebuild(stores, key or ())
    verdict = Verdict.of(not rebuilt.problems)
    if json:
        print_json({"verdict": verdict, **asdict(rebuilt)})
        raise typer.Exit(exit_code(verdict))
    print_problems(rebuilt.problems, heading="What could not be used")
    counts = f"{rebuilt.archives} archives and {rebuilt.runs} runs recorded, {rebuilt.there} were there already"
    print_verdict(verdict, counts)
    raise typer.Exit(exit_code(verdict))
