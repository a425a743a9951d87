"""migrator restore ARCHIVE URL"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import ArchiveLocation, Detach, Json
from migrator.cli.output import exit_code, print_json, print_problems, print_verdict, stderr
from migrator.cli.progress import shown

if TYPE_CHECKING:
    from migrator.engine.restore import Restored
    from migrator.runs.records import RunRecord


class Form(StrEnum):
    PARQUET = "parquet"
    CSV = "csv"


def command(
    archive: ArchiveLocation,
    url: Annotated[str, typer.Argument(metavar="URL", help="An empty database of the kind the archive comes from.")],
    form: Annotated[
        Form, typer.Option("--from", help="Which of the archive's two forms the rows are taken from.")
    ] = Form.PARQUET,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Rebuild the archive's tables and rows in an empty database of the source's kind, and read them again."""
    from migrator.wiring import service

    with shown() as progress:
        run, restored = service(progress, is_detached=detach).restore(archive, url, master=form is Form.CSV)
    raise typer.Exit(tell(run, restored, json=json))


def tell(run: RunRecord, restored: Restored, *, json: bool) -> int:
    """Print what was restored; gives the exit code of its verdict."""
    if json:
        print_json(
            {
                "run": run.run_id,
                "archive": restored.archive,
                "verdict": restored.verdict,
                "rows": restored.rows,
                "read_from": restored.read_from,
                "tables": [asdict(table) for table in restored.tables],
                "notes": [asdict(note) for note in restored.notes],
                "departures": [asdict(departure) for departure in restored.departures],
                "differences": [asdict(difference) for difference in restored.differences],
            }
        )
        return exit_code(restored.verdict)
    print_problems((*restored.notes, *restored.departures))
    for difference in restored.differences:
        stderr.print(f"{difference.place}: {difference.said}", markup=False)
    print_verdict(restored.verdict, f"{restored.rows} rows in {len(restored.tables)} tables; {_in_short(restored)}")
    return exit_code(restored.verdict)


def _in_short(restored: Restored) -> str:
    unequal = [table.name for table in restored.tables if not table.is_equal]
    said = f"not equal: {', '.join(unequal)}" if unequal else "every table's digest is the archive's"
    departed = len(restored.departures)
    return f"{said}; {departed} not as declared" if departed else said
