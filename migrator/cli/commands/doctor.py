"""migrator doctor PLAN"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.table import Table as RichTable

from migrator.cli.findings import print_parts
from migrator.cli.options import Json, PlanFile
from migrator.cli.output import exit_code, print_as_wide_as_needed, print_json, print_verdict, stdout
from storage.quantity import said_duration, said_size

if TYPE_CHECKING:
    from migrator.engine.doctor import Diagnosis, Estimates


def command(plan: PlanFile, json: Json = False) -> None:
    """Look at source, store, keys, disks and target before anything starts, and estimate what it will take."""
    from migrator.wiring import service

    served = service()
    found = served.doctor(served.plan(plan))
    if json:
        print_json(_object(found))
    else:
        _print(found)
    raise typer.Exit(found.error.exit_code if found.error else exit_code(found.verdict))


def _object(found: Diagnosis) -> dict[str, object]:
    return {
        "verdict": found.verdict,
        "findings": [{"part": part.name, **asdict(finding)} for part in found.parts for finding in part.findings],
        "estimates": asdict(found.estimates),
        "grants": {"source": found.source_grants, "target": found.target_grants},
    }


def _print(found: Diagnosis) -> None:
    print_parts(found.parts)
    _print_estimates(found.estimates)
    for name, script in (("source", found.source_grants), ("target", found.target_grants)):
        if script:
            stdout.print(f"\nWhat an administrator of the {name} grants", style="bold")
            stdout.print(script.rstrip(), markup=False)
    stdout.print()
    print_verdict(found.verdict, _words(found))


def _print_estimates(estimates: Estimates) -> None:
    stdout.print("\nEstimates", style="bold")
    grid = RichTable.grid(padding=(0, 2, 0, 0))
    for name, amount in _amounts(estimates):
        grid.add_row(f"  {name}", f"{'at most' if estimates.at_most else 'about'} {amount}")
    print_as_wide_as_needed(grid)
    for basis in estimates.basis:
        stdout.print(f"  {basis}", style="dim", markup=False)


def _amounts(estimates: Estimates) -> Iterator[tuple[str, str]]:
    if estimates.rows is not None and estimates.bytes is not None:
        yield "rows", f"{estimates.rows:,}".replace(",", " ")
        yield "size", said_size(estimates.bytes)
    steps = (
        ("snapshot", estimates.snapshot_seconds),
        ("load", estimates.load_seconds),
        ("locks held", estimates.lock_seconds),
    )
    for name, seconds in steps:
        if seconds is not None:
            yield name, said_duration(seconds) if seconds >= 60 else f"{max(round(seconds), 1)} s"


def _words(found: Diagnosis) -> str:
    verdicts = [finding.verdict for part in found.parts for finding in part.findings]
    reds, warnings = verdicts.count("red"), verdicts.count("warning")
    words = f"{reds} thing(s) stand in the way" if reds else "nothing stands in the way"
    return f"{words}, {warnings} warning(s)" if warnings else words
