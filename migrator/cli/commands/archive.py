"""migrator archive show|check ARCHIVE · migrator archive copy ARCHIVE STORE"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from migrator.cli.options import ArchiveLocation, Json
from migrator.cli.output import exit_code, print_json, print_problems, print_table, print_verdict, stderr, stdout
from migrator.cli.progress import shown
from migrator.outcomes import Verdict

app = typer.Typer(help="Look at an archive, check it whole, or copy it into another store.", no_args_is_help=True)


@app.command()
def show(archive: ArchiveLocation, json: Json = False) -> None:
    """Whose data, as of when, which tables, rows and bytes."""
    from migrator.wiring import service

    found = service().outline(archive)
    if json:
        print_json(
            {
                "archive": found.location,
                **asdict(found.identity),
                "fingerprint": found.fingerprint,
                "tables": [
                    {"name": t.name, "rows": t.rows, "bytes": t.bytes, "class": t.scope_class, "digest": t.digest}
                    for t in found.tables
                ],
                "documents": found.documents,
            }
        )
        return
    identity = found.identity
    if identity.masked is not None:
        masked = identity.masked
        stdout.print(f"MASKED, for tests: {masked.columns} columns do not hold the data as it was", markup=False)
        stdout.print(f"masking rules {masked.rules_sha256}, key {masked.key_fingerprint}", markup=False)
    if identity.subject is not None:
        stdout.print(f"about one person of {identity.subject}", markup=False)
    stdout.print(
        f"{identity.tenant}, from {identity.source_platform}, as of {identity.fence.get('taken_at', '?')}", markup=False
    )
    stdout.print(f"fence: {', '.join(f'{name} {value}' for name, value in identity.fence.items())}", markup=False)
    stdout.print(f"made by {identity.tool} at {identity.created_at}, key {found.fingerprint}", markup=False)
    print_table(
        "",
        ("table", "rows", "bytes", "class"),
        ((t.name, t.rows, t.bytes, t.scope_class) for t in found.tables),
        right=("rows", "bytes"),
    )


@app.command()
def check(
    archive: ArchiveLocation,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FINGERPRINT", help="Whose key must have signed it.")
    ] = None,
    json: Json = False,
) -> None:
    """Every byte against its hash, every row count and digest, the listing and the signatures."""
    from migrator.wiring import service

    result = service().check_archive(archive, key=key)
    verdict = Verdict.of(not result.problems)
    if json:
        print_json(
            {
                "archive": archive,
                "verdict": verdict,
                "problems": [asdict(problem) for problem in result.problems],
                "files": result.files,
                "bytes": result.bytes,
                "fingerprint": result.fingerprint,
                "origin_checked": result.origin_checked,
            }
        )
        raise typer.Exit(exit_code(verdict))
    print_problems(result.problems)
    origin = "signed by the key you named" if result.origin_checked else "integrity only, origin not checked (--key)"
    print_verdict(verdict, f"{result.files} files, {result.bytes} bytes; {origin}")
    raise typer.Exit(exit_code(verdict))


@app.command()
def copy(
    archive: ArchiveLocation,
    store: Annotated[str, typer.Argument(metavar="STORE", help="Where to: file:///… or s3://bucket/prefix?endpoint=…")],
    json: Json = False,
) -> None:
    """Copy an archive into another store: every byte hashed on its way, the copy checked whole; prints its location."""
    from migrator.wiring import service

    with shown() as progress:
        copied = service(progress).copy_archive(archive, store)
    if json:
        print_json({**asdict(copied), "archive": copied.location, "verdict": Verdict.GREEN})
        return
    stdout.print(copied.location, markup=False)
    how = "was there already, identical" if copied.was_there else "copied"
    stderr.print(f"{how}: {copied.files} files, {copied.bytes} bytes, {copied.rows} rows; checked whole", markup=False)
