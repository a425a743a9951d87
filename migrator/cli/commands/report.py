"""migrator report RUN --format html|json|xlsx"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from migrator.cli.options import Json, RunId
from migrator.cli.output import print_json, stdout
from storage.errors import Misuse
from storage.system import translated


def command(
    run: RunId,
    format: Annotated[str, typer.Option("--format", help="html, json or xlsx")] = "html",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write here; else json goes to stdout.")
    ] = None,
    json: Json = False,
) -> None:
    """The report of a run: verification.json is the truth, page and workbook render it."""
    from migrator.wiring import service

    served = service()
    record = served.run(run)
    content = served.report(run, format)
    if out is None and (format == "json" or json) and not (json and format != "json"):
        sys.stdout.buffer.write(content)
        return
    path = out or Path(f"{record.run_id}.{format}")
    if not path.parent.is_dir():
        raise Misuse("no such folder", where=str(path.parent), next="make it first, or name another file with --out")
    with translated(path):
        path.write_bytes(content)
    if json:
        print_json({"run": record.run_id, "format": format, "report": str(path)})
    else:
        stdout.print(str(path), markup=False)
