"""How answers look: results on stdout, everything else on stderr, and with --json one object on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console, JustifyMethod
from rich.table import Table as RichTable
from rich.text import Text

from migrator.outcomes import Equation, Verdict
from storage.errors import MigratorError, Red
from storage.problem import Problem

if TYPE_CHECKING:
    from migrator.remote.asking import Asking
    from migrator.runs.records import RunRecord

stdout = Console(soft_wrap=True, highlight=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False)

_NO_WIDTH = 10_000
_MARKS = {Verdict.GREEN: ("green", "✔ green"), Verdict.RED: ("bold red", "✘ red")}


def exit_code(verdict: Verdict) -> int:
    """0 for green, 3 for red."""
    return 0 if verdict is Verdict.GREEN else Red.exit_code


def print_json(value: Mapping[str, Any]) -> None:
    """The one object of a --json answer."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_verdict(verdict: Verdict, words: str) -> None:
    """The verdict's line, readable without colour."""
    style, mark = _MARKS[verdict]
    stdout.print(Text.assemble((mark, style), " ", words))


def print_paragraph(label: str, words: str) -> None:
    """A label and its text, wrapped under itself on a terminal; one line where a program reads it."""
    if not stdout.is_terminal:
        stdout.print(Text.assemble((label, "bold"), words))
        return
    grid = RichTable.grid()
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    grid.add_row(label, Text(words))
    stdout.print(grid, soft_wrap=False)


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """A plain table; the columns named in `right` hold numbers."""
    cells = [[_cell(value) for value in row] for row in rows]
    table = RichTable(box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        # names and numbers are copied and compared: they stay on one line, however narrow the terminal is
        is_whole = index == 0 or column in right
        widest = max((row[index].cell_len for row in cells), default=0) if is_whole else None
        justify: JustifyMethod = "right" if column in right else "left"
        table.add_column(column, justify=justify, overflow="fold", min_width=widest)
    for row in cells:
        table.add_row(*row)
    if title:
        stdout.print(Text(title, style="bold"))
    print_as_wide_as_needed(table)


def print_as_wide_as_needed(table: RichTable) -> None:
    """A file or a pipe has no width to fit into; a terminal has."""
    console = stdout if stdout.is_terminal else Console(width=_NO_WIDTH, highlight=False)
    with console.capture() as capture:
        console.print(table, crop=False)
    stdout.out("\n".join(line.rstrip() for line in capture.get().splitlines()), highlight=False)


def said_number(number: int) -> str:
    """A count as people read it."""
    return f"{number:,}".replace(",", " ")


def _cell(value: object) -> Text:
    return Text(said_number(value) if isinstance(value, int) and not isinstance(value, bool) else str(value))


def print_problems(problems: Sequence[Problem], *, heading: str = "") -> None:
    """Each problem with its place, its count, examples and what to do."""
    if heading and problems:
        stdout.print(Text(heading, style="bold"))
    for problem in problems:
        stdout.print(Text.assemble("  ", (problem.where, "bold"), f": {problem.what}{_times(problem)}"))
        if problem.examples:
            stdout.print(Text(f"      for example {', '.join(problem.examples[:5])}", style="dim"))
        if problem.next:
            stdout.print(Text(f"      → {problem.next}"))


def _times(problem: Problem) -> str:
    return f" ({problem.count})" if problem.count > 1 else ""


def print_equations(equations: Sequence[Equation]) -> None:
    """Where every archived row went."""
    counts = ("archive", "loaded", "merged", "kept", "rejected", "excluded", "unexplained")
    print_table(
        "Rows: archive = loaded + merged + kept + rejected + excluded, unexplained 0",
        ("source", "target", "kind", *counts),
        ((e.source, e.target, e.kind, *(getattr(e, name) for name in counts)) for e in equations),
        right=counts,
    )


def equation_json(equation: Equation) -> dict[str, Any]:
    """An edge as --json and verification.json state it."""
    return {**asdict(equation), "unexplained": equation.unexplained}


def show_queued(record: RunRecord, *, as_json: bool) -> int:
    """Tell the run that was left to a worker; gives the exit code."""
    if as_json:
        print_json({"run": record.run_id, "kind": record.kind, "number": record.number, "state": record.state})
    else:
        stdout.print(record.run_id, markup=False)
        stderr.print(f"it waits for a worker: migrator runs follow {record.run_id}", markup=False)
    return 0


def show_asking(asking: Asking, *, as_json: bool) -> int:
    """Tell what waits for somebody else's approval; gives the exit code."""
    if as_json:
        print_json({"approval": asking.approval_id, "what": asking.what, "state": "waits for approval"})
    else:
        stdout.print(asking.approval_id, markup=False)
        stderr.print("it waits for approval, and begins when somebody else agrees", markup=False)
    return 0


def show_error(error: MigratorError, *, as_json: bool) -> int:
    """Tell what happened, where, and what to do next; gives the exit code."""
    problems = error.problems if isinstance(error, Red) else ()
    if as_json:
        verdict = {"verdict": "red"} if isinstance(error, Red) else {}
        print_json(
            {
                **verdict,
                "error": error.what,
                "where": error.where,
                "next": error.next,
                "problems": [asdict(problem) for problem in problems],
            }
        )
        return error.exit_code
    stderr.print(Text.assemble(("error", "bold red"), f": {error.what}"))
    if error.where:
        stderr.print(Text(f"  where: {error.where}"))
    if error.next:
        stderr.print(Text(f"  next:  {error.next}"))
    for problem in problems[1:]:
        stderr.print(Text(f"  also:  {problem.where}: {problem.what}{_times(problem)}"))
        if problem.next and problem.next != error.next:
            stderr.print(Text(f"         → {problem.next}"))
    return error.exit_code
