"""migrator scope PLAN, migrator scope --draft URL"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from migrator.cli.options import Json
from migrator.cli.output import (
    exit_code,
    print_as_wide_as_needed,
    print_json,
    print_paragraph,
    print_problems,
    print_table,
    print_verdict,
    said_number,
    stdout,
)
from migrator.outcomes import Verdict
from storage.errors import Misuse

if TYPE_CHECKING:
    from migrator.engine.draft.proposal import ProposedReference
    from migrator.engine.explain import Explanation, Held


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
    count: Annotated[
        bool, typer.Option("--count", help="Count whole tables for exact shares: it reads all of them.")
    ] = False,
    json: Json = False,
) -> None:
    """Explain every table: what leaves with the tenant, by which paths, how much of it, and what is undecided."""
    if plan is not None and not (draft or tenant or root):
        _explain(plan, count=count, json=json)
    elif draft and plan is None and not count:
        _draft(draft, tenant or "", root or "", json=json)
    else:
        raise Misuse(
            "name a plan, or --draft URL",
            where="command line",
            next="--tenant and --root go with --draft, --count with a plan",
        )


def _draft(url: str, tenant: str, root: str, *, json: bool) -> None:
    """The proposed plan on stdout, or with what speaks for it as one object."""
    from migrator.engine.draft import written
    from migrator.wiring import service

    found = service().draft(url, tenant=tenant, root=root)
    if json:
        print_json({**asdict(found), "plan": written(found)})
    else:
        stdout.out(written(found), end="", highlight=False)


def _explain(plan: Path, *, count: bool, json: bool) -> None:
    from migrator.wiring import service

    served = service()
    planned = served.plan(plan)
    explained = served.explain(planned, count=count)
    if json:
        print_json(_answer(explained))
    else:
        _show(explained, planned.tenant)
    raise typer.Exit(exit_code(explained.scope.verdict))


def _answer(explained: Explanation) -> dict[str, Any]:
    scope = explained.scope
    return {
        "verdict": scope.verdict,
        "tables": [
            {
                "class": table.scope.class_,
                **{name: value for name, value in asdict(table.scope).items() if name != "class_"},
                "ways": [asdict(way) for way in table.ways],
                "total": table.total,
                "is_counted": table.is_counted,
                "share": table.share,
            }
            for table in explained.tables
        ],
        "unclassified": scope.unclassified,
        "crossings": [asdict(crossing) for crossing in scope.crossings],
        "left_behind": [asdict(crossing) for crossing in scope.left_behind],
        "undeclared": [asdict(one) for one in explained.undeclared],
        "polymorphic": [asdict(one) for one in explained.polymorphic],
        "held": [asdict(held) for held in explained.held],
        "not_looked_at": explained.not_looked_at,
        "problems": [asdict(problem) for problem in scope.problems],
    }


def _show(explained: Explanation, tenant: str) -> None:
    from migrator.cli.scope_tree import scope_tree

    scope = explained.scope
    print_as_wide_as_needed(scope_tree(explained, tenant))
    crossings = (*scope.crossings, *scope.left_behind)
    if crossings:
        print_table(
            "\nReferences that lead out of the tenant's rows, or into them from others",
            ("reference", "rows", "decision"),
            ((c.reference, c.count, c.policy) for c in crossings),
            right=("rows",),
        )
    for heading, said in (
        ("Not declared, and like references: declare them under scope.references if they are", _likely(explained)),
        ("Ids of other tenants in columns that are no declared reference", _foreign(explained)),
        ("Not looked at", explained.not_looked_at),
    ):
        if said:
            stdout.print(Text(f"\n{heading}", style="bold"))
            for words in said:
                print_paragraph("  ", words)
    print_problems(scope.problems, heading="\nOpen questions")
    words = "every table is classified" if scope.verdict is Verdict.GREEN else f"{len(scope.problems)} open question(s)"
    print_verdict(scope.verdict, words)


def _likely(explained: Explanation) -> tuple[str, ...]:
    """References that nobody declared, each with how many of its values bear it out."""
    return (
        *map(_reference, explained.undeclared),
        *(f"{one.table}.{one.column}, by {one.type_column}: {one.guessed}" for one in explained.polymorphic),
    )


def _reference(one: ProposedReference) -> str:
    leads_to = f"{one.parent}.{'+'.join(one.parent_columns)}"
    first = "" if one.share.whole else ", of the first rows"
    return f"{one.table}.{'+'.join(one.columns)}: {one.share.found} of {one.share.values} values are {leads_to}{first}"


def _foreign(explained: Explanation) -> tuple[str, ...]:
    """Texts and UUIDs with the rows they stand in; numbers in one line, since any may be equal by chance."""
    told = [held for held in explained.held if not held.is_number]
    numbers = [f"{held.table}.{held.column} ({held.rows})" for held in explained.held if held.is_number]
    likely = f"numbers that are such ids more often than by chance: {', '.join(numbers)}"
    return (*map(_held, told), *([likely] if numbers else []))


def _held(held: Held) -> str:
    first = "" if held.whole else "the first "
    looked_at = f"{held.rows} of {first}{said_number(held.looked_at)} row(s)"
    rows = f": {', '.join(held.keys)}" if held.keys else ""
    return f"{held.table}.{held.column}: {', '.join(held.examples)} in {looked_at}{rows}"
