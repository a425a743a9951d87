"""migrator map check|preview PLAN"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from migrator.cli.options import FromArchive, Json, PlanFile
from migrator.cli.output import exit_code, print_json, print_problems, print_verdict, stdout
from migrator.cli.progress import shown
from migrator.outcomes import Verdict

app = typer.Typer(help="Check a mapping on the archive, or look at real rows before and after.", no_args_is_help=True)


@app.command()
def check(plan: PlanFile, archive: FromArchive = None, json: Json = False) -> None:
    """Everything that would go wrong, found on the archive before the target is touched."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress)
        found = served.map_check(served.plan(plan), archive)
    if json:
        print_json(
            {
                "verdict": found.verdict,
                "unmapped": found.unmapped,
                "problems": [asdict(problem) for problem in found.problems],
                "notes": [asdict(note) for note in found.notes],
            }
        )
        raise typer.Exit(exit_code(found.verdict))
    print_problems(found.notes, heading="To know")
    print_problems(found.problems, heading="To mend")
    words = (
        "the mapping fits every archived row" if found.verdict is Verdict.GREEN else f"{len(found.problems)} problem(s)"
    )
    print_verdict(found.verdict, words)
    raise typer.Exit(exit_code(found.verdict))


@app.command()
def preview(
    plan: PlanFile,
    archive: FromArchive = None,
    table: Annotated[str | None, typer.Option("--table", help="One target table only.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=100, help="Rows of each edge.")] = 3,
    json: Json = False,
) -> None:
    """Real rows of the archive, before and after."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress)
        previews = served.map_preview(served.plan(plan), archive, table=table, rows=rows)
    if json:
        print_json({"edges": [edge.told for edge in previews]})
        return
    for edge in previews:
        stdout.print(f"\n{edge.source} → {edge.target} ({edge.kind})", style="bold", markup=False)
        for pair in edge.pairs:
            stdout.print(f"  before  {_shown(pair.before)}", markup=False, style="dim")
            after = _shown(pair.after) if pair.after is not None else "excluded or rejected by this edge"
            stdout.print(f"  after   {after}", markup=False)


def _shown(row: dict[str, Any]) -> str:
    return "  ".join(f"{name}={_cell(value)}" for name, value in row.items())


def _cell(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…") if isinstance(value, str) else text
