"""migrator demo"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from migrator.cli.options import Json
from migrator.cli.output import exit_code, print_json, print_paragraph, print_verdict, stdout
from migrator.cli.progress import shown


def command(
    folder: Annotated[Path | None, typer.Option("--folder", help="Where to leave everything; else a new one.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=200, help="About how many rows the customer has.")] = 2_000,
    json: Json = False,
) -> None:
    """A customer's whole move and the way back, on samples, with nothing installed but this."""
    from migrator.cli.demo_story import play

    where = folder or Path(tempfile.mkdtemp(prefix="migrator-demo-"))
    played = play(where, rows, _quietly if json else _say, partial(shown, quiet=json))
    if json:
        print_json(asdict(played))
        raise typer.Exit(exit_code(played.verdict))
    same = played.digest_before == played.digest_after
    stdout.print()
    for line in (
        f"{played.rows:,} rows of one company left their platform, and no other company's.",
        f"{played.loaded:,} rows stood for them in the new platform; {played.kept} was there already and was kept,"
        f" {played.rejected} were refused for stated reasons, and none is unexplained.",
        f"{played.compared:,} rows were read again and compared value by value with the archive: none differed.",
        f"Then everything was taken back: the new platform is {'exactly' if same else 'NOT'} what it was.",
    ):
        print_paragraph("  ", line)
    stdout.print()
    for name, value in (
        ("archive", played.archive),
        ("report", str(played.report)),
        ("digest before", played.digest_before),
        ("digest after", played.digest_after),
        ("everything", str(played.folder)),
    ):
        stdout.print(Text.assemble((f"  {name:<14}", "dim"), value))
    stdout.print()
    print_verdict(played.verdict, f"out, in and back in {sum(played.seconds.values()):.1f} s")
    raise typer.Exit(exit_code(played.verdict))


def _say(step: str, sentence: str) -> None:
    print_paragraph(f"{step:<14}", sentence)


def _quietly(_step: str, _sentence: str) -> None:
    pass
