"""migrator scope PLAN, migrator scope --draft URL"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import Json
from migrator.cli.output import exit_code, print_json, print_problems, print_table, print_verdict, stdout
from migrator.outcomes import Verdict
from storage.errors import Misuse

if TYPE_CHECKING:
    from migrator.engine.scope import TableScope


def command(
    plan: Annotated[Path | None, typer.Argument(metavar="[PLAN]", help="The plan file.")] = None,
    draft: Annotated[
        str | None, typer.Option("--draft", metavar="URL", help="Propose a plan for this platform, to be confirmed.")
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="NAME", help="Whose data it is, for --draft.")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(
            "--root", metavar="ROOT", help="Who that is, for --draft: table=key, table.column=value, column=value."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Classify every table: what leaves with the tenant, by which path, and what is undecided."""
    if plan is not None and not (draft or tenant or root):
        _explain(plan, json=json)
    elif draft and plan is None:
        _draft(draft, tenant or "", root or "", json=json)
    else:
        raise Misuse("name a plan, or --draft URL", where="command line", next="--tenant and --root go with --draft")


def _draft(url: str, tenant: str, root: str, *, json: bool) -> None:
    """The proposed plan on stdout, or with what speaks for it as one object."""
    from migrator.engine.draft import written
    from migrator.wiring import service

    found = service().draft(url, tenant=tenant, root=root)
    if json:
        print_json({**asdict(found), "plan": written(found)})
    else:
        stdout.out(written(found), end="", highlight=False)


def _explain(plan: Path, *, json: bool) -> None:
    from migrator.wiring import service

    served = service()
    scope = served.scope(served.plan(plan))
    if json:
        print_json(
            {
                "verdict": scope.verdict,
                "tables": [
                    {"class": table.class_, **{k: v for k, v in asdict(table).items() if k != "class_"}}
                    for table in scope.tables
                ],
                "unclassified": scope.unclassified,
                "crossings": [asdict(crossing) for crossing in scope.crossings],
                "left_behind": [asdict(crossing) for crossing in scope.left_behind],
                "problems": [asdict(problem) for problem in scope.problems],
            }
        )
        raise typer.Exit(exit_code(scope.verdict))
    print_table(
        "What leaves with the tenant",
        ("table", "class", "rows", "of others", "by which path, or why not"),
        ((t.name, t.class_, t.rows, _of_others(t), t.path or t.reason) for t in scope.tables),
        right=("rows",),
    )
    crossings = (*scope.crossings, *scope.left_behind)
    if crossings:
        print_table(
            "\nReferences that lead out of the tenant's rows, or into them from others",
            ("reference", "rows", "decision"),
            ((c.reference, c.count, c.policy) for c in crossings),
            right=("rows",),
        )
    print_problems(scope.problems, heading="\nOpen questions")
    words = "every table is classified" if scope.verdict is Verdict.GREEN else f"{len(scope.problems)} open question(s)"
    print_verdict(scope.verdict, words)
    raise typer.Exit(exit_code(scope.verdict))


def _of_others(table: TableScope) -> str:
    """Rows of other tenants that come along because the plan says so."""
    parts = [f"{count} {word}" for count, word in ((table.carried, "carried"), (table.stubs, "stubs")) if count]
    return ", ".join(parts) or "–"
