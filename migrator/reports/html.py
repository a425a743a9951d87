"""report.html: one self-contained file that opens offline for ever. No script, no font, no image from anywhere."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from migrator.outcomes import RunReport, Verdict
from migrator.reports import findings, rehearsed, visible
from migrator.reports.chart import PARTS, WIDTH, bars
from migrator.reports.scope import AMOUNT, drawn
from migrator.reports.sentence import sentence
from storage.quantity import said_duration, said_size


@dataclass(frozen=True, kw_only=True)
class Command:
    """One line somebody can type to see for themselves."""

    line: str
    why: str


def render_html(report: RunReport) -> bytes:
    """The page, UTF-8; the same report gives the same bytes."""
    page = _environment().get_template("report.html.j2")
    return page.render(told(report)).encode("utf-8", "backslashreplace")


def told(report: RunReport) -> dict[str, Any]:
    """What a page says of the report, by the names its template uses."""
    return {
        "report": report,
        "is_green": report.verdict is Verdict.GREEN,
        "has_reservations": findings.has_reservations(report),
        "sentence": sentence(report),
        "absences": findings.absences(report),
        "totals": findings.totals(report),
        "unexplained": findings.unexplained(report),
        "digests": findings.digests(report),
        "limits": findings.limits(report),
        "is_as_before": findings.is_as_before(report),
        "bars": bars(report.equations),
        "chart_width": WIDTH,
        "drawn": drawn(report),
        "amount": AMOUNT,
        "parts": PARTS,
        "commands": commands(report),
        "waiver": rehearsed.waiver(report),
        "let_through": rehearsed.let_through(report),
        "forecast": tuple(rehearsed.forecast(report)),
    }


def commands(report: RunReport) -> tuple[Command, ...]:
    """How to repeat what this report says, first without this software."""
    archive, run = shlex.quote(report.archive), shlex.quote(report.run)
    key = f" --key {shlex.quote(report.archive_fingerprint)}" if report.archive_fingerprint else ""
    return (
        Command(
            line=f"sh check-archive.sh{key}",
            why="inside the archive's folder: that it is unaltered and signed by this key (coreutils and openssl only)",
        ),
        Command(line=f"migrator archive check {archive}", why="the same, and every row count and digest recomputed"),
        _again(report, archive, run),
        Command(
            line=f"migrator report {run} --format json", why="this report as data (docs/report.md explains every key)"
        ),
    )


def _again(report: RunReport, archive: str, run: str) -> Command:
    if report.kind == "rehearsal":
        return Command(
            line=f"migrator rehearse PLAN --archive {archive}",
            why=f"the whole load again, undone again; PLAN is the file of plan {report.plan} with the seal above",
        )
    if report.kind == "rollback":
        return Command(line=f"migrator runs show {run}", why="what was taken back, kept and failed")
    return Command(line=f"migrator verify {run}", why="the target read again and compared again, value by value")


@cache
def _environment() -> Environment:
    """Kept, for it keeps what it compiled: that takes longer than a small load."""
    environment = Environment(
        loader=PackageLoader("migrator.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda count: f"{count:,}".replace("-", "−")
    environment.filters["visible"] = visible.visible
    environment.filters["name"] = visible.name
    environment.filters["readable"] = visible.readable
    environment.filters["moment"] = lambda text: text.replace("T", " ").replace("Z", " UTC")
    environment.filters["key"] = visible.key_text
    environment.filters["seconds"] = said_duration
    environment.filters["size"] = said_size
    environment.filters["slower"] = rehearsed.slower
    environment.globals["compared"] = visible.compared
    return environment
