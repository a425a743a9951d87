"""migrator rollback RUN"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from migrator.cli.options import Detach, Json, Reason, RunId, Wait, Whole, waiting
from migrator.cli.output import exit_code, print_json, print_problems, print_verdict, stdout
from migrator.cli.progress import shown

if TYPE_CHECKING:
    from migrator.contracts import Undone
    from migrator.service import Finished


_COUNTED = ("reversed", "kept", "failed")


def command(
    run: RunId,
    whole: Whole = False,
    reason: Reason = "",
    wait: Wait = None,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Take a load back: created rows go, overwritten rows return; rows people edited since are kept and listed."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress, is_detached=detach, reason=reason, **waiting(wait))
        finished, undone = served.rollback(run, whole=whole)
    raise typer.Exit(tell(finished, undone, json=json))


def tell(finished: Finished, undone: Undone, *, json: bool) -> int:
    """Print what was taken back and what stays; gives the exit code of its verdict."""
    verdict = finished.report.verdict
    said = finished.report.rollback or {}
    counts = {name: said[name] for name in dict.fromkeys((*_COUNTED, *said)) if name in said}
    if json:
        print_json(
            {
                "run": finished.report.run,
                "verdict": verdict,
                **counts,
                "notes": [asdict(note) for note in undone.notes],
                "digest_before_load": str(undone.digest_before_load),
                "digest_after": str(undone.digest_after),
                "report": str(finished.report_path),
            }
        )
        return exit_code(verdict)
    print_problems(finished.report.notes, heading="Rows that stay")
    stdout.print(f"digest before the load  {undone.digest_before_load}", markup=False, style="dim")
    stdout.print(f"digest now              {undone.digest_after}", markup=False, style="dim")
    words = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    print_verdict(verdict, f"{words} · report {finished.report_path}")
    return exit_code(verdict)
