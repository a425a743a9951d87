"""Reports: one JSON is the truth (verification.json); every other format renders the same value."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from migrator.outcomes import RunReport
from storage.errors import Misuse


def _json(report: RunReport) -> bytes:
    from migrator.reports.verification import to_json

    return to_json(report).encode("utf-8")


def _html(report: RunReport) -> bytes:
    # the template engine costs a tenth of a second: only who asks for a page pays it
    from migrator.reports.html import render_html

    return render_html(report)


def _xlsx(report: RunReport) -> bytes:
    from migrator.reports.xlsx import render_xlsx

    return render_xlsx(report)


FORMATS: dict[str, Callable[[RunReport], bytes]] = {"json": _json, "html": _html, "xlsx": _xlsx}
"""Every format there is, by the name `migrator report --format` takes (also the file's extension)."""


def render(report: RunReport, format: str) -> bytes:
    """The report as a file of that format, texts in UTF-8; Misuse names the formats there are."""
    if format not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Misuse(
            f"there is no report format “{format}”",
            where="--format",
            next=f"{hint}the formats are {', '.join(FORMATS)}",
        )
    return FORMATS[format](report)
