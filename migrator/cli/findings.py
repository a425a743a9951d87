"""How findings look: part by part, a mark, what was looked at, what was found, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table as RichTable
from rich.text import Text

from migrator.cli.output import print_as_wide_as_needed, stdout

if TYPE_CHECKING:
    from migrator.contracts import Finding
    from migrator.engine.doctor import Part

_MARKS = {"ok": ("✔", "green"), "warning": ("!", "bold yellow"), "red": ("✘", "bold red")}


def print_parts(parts: Sequence[Part]) -> None:
    """Every part with its findings; the same columns throughout, so that a person reads down the marks."""
    widest = max((len(finding.what) for part in parts for finding in part.findings), default=0)
    for part in parts:
        stdout.print(Text.assemble((part.name, "bold"), "  ", (part.place, "dim")))
        grid = RichTable.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True, min_width=3)
        grid.add_column(no_wrap=True, min_width=widest)
        grid.add_column(overflow="fold")
        for finding in part.findings:
            mark, style = _MARKS[finding.verdict]
            grid.add_row(Text(f"  {mark}", style), finding.what, _said(finding, part))
        print_as_wide_as_needed(grid)


def _said(finding: Finding, part: Part) -> Text:
    """What was found; its place where that is not the part's own; what to do where something is to be done."""
    text = Text(finding.found)
    if finding.where not in ("", part.place):
        text = Text.assemble((finding.where, "bold"), ": ", text)
    if finding.next and finding.verdict != "ok":
        text.append(f"\n→ {finding.next}", style=_MARKS[finding.verdict][1].removeprefix("bold "))
    return text
