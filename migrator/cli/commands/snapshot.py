"""migrator snapshot PLAN"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrator.cli.options import Detach, Json, PlanFile
from migrator.cli.output import print_json, stderr, stdout
from migrator.cli.progress import shown

if TYPE_CHECKING:
    from migrator.engine.attachments_found import Attached
    from migrator.engine.snapshot import Snapshot
    from migrator.outcomes import SourceCost
    from migrator.runs.records import RunRecord


class Proving(StrEnum):
    """Which proof: by queries along the plan's references, or through every row of the source's owned tables, too."""

    INDEX = "index"
    FULL = "full"


def command(
    plan: PlanFile,
    mask: Annotated[
        Path | None, typer.Option("--mask", metavar="RULES", help="Rules by which values are replaced, for tests.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="PERSON", help="Only what is about one person: table=key, table.column=value."
        ),
    ] = None,
    prove: Annotated[
        Proving, typer.Option("--prove", help="full: also read what stays behind, for any sign of the tenant.")
    ] = Proving.INDEX,
    detach: Detach = False,
    json: Json = False,
) -> None:
    """Read the tenant's data at one point in time into a sealed, proven archive; prints its location."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress, is_detached=detach)
        run, taken = served.snapshot(served.plan(plan), mask, subject=subject, prove_full=prove is Proving.FULL)
    tell(run, taken, json=json)


def tell(run: RunRecord, taken: Snapshot, *, json: bool) -> None:
    """Print what was taken."""
    sealed = taken.sealed
    if json:
        print_json(
            {
                "run": run.run_id,
                "archive": sealed.location,
                "tenant": taken.identity.tenant,
                "fence": taken.identity.fence,
                "rows": sealed.rows,
                "bytes": sealed.bytes,
                "fingerprint": sealed.fingerprint,
                "tables": [{"name": part.table.name, "rows": part.rows} for part in sealed.tables],
                "attachments": taken.attached.said,
                "masked": asdict(taken.masked) if taken.masked else None,
                "subject": asdict(taken.subject) if taken.subject else None,
                "proof": asdict(taken.proof),
                "notes": taken.notes,
                "cost": asdict(taken.cost),
            }
        )
        return
    stdout.print(sealed.location, markup=False)
    stderr.print(f"{sealed.rows} rows, {sealed.bytes} bytes; proven complete along {len(taken.proof.edges)} edges")
    for line in said_proof(taken):
        stderr.print(line, markup=False)
    stderr.print(said_cost(taken.cost), markup=False)
    for line in (*said_files(taken.attached), *said_masking(taken), *said_subject(taken)):
        stderr.print(line, markup=False)
    for note in taken.notes:
        stderr.print(f"note: {note}", markup=False)
    stderr.print(f"write down the signing key's fingerprint: {sealed.fingerprint}")


def said_proof(taken: Snapshot) -> Iterator[str]:
    """Other tenants that archived rows name; what a full proof found in rows that stay, and why it is no leak."""
    for named in taken.proof.named:
        if not named.is_number:
            some = ", ".join(named.examples)
            yield f"archived, and names {named.tenants} other tenant(s): {named.where}, {named.times} times: {some}"
    if numbers := [f"{named.where} ({named.times})" for named in taken.proof.named if named.is_number]:
        yield f"archived, with numbers that are ids of other tenants, perhaps by chance: {', '.join(numbers)}"
    if taken.proof.kind == "full":
        yield f"full proof: every row that stays behind was asked; {len(taken.proof.signs)} kind(s) of mention"
    for sign in taken.proof.signs:
        keys = ", ".join(sign.keys)
        yield f"stays behind, as the plan says: {sign.rows} rows of {sign.where} hold {sign.how}: {keys}"


def said_files(attached: Attached) -> Iterator[str]:
    """How many files there are, and each that is not as its row says."""
    if attached.files or attached.notes:
        yield f"{attached.files} files of {attached.bytes} bytes"
    for note in attached.notes:
        yield f"{note.wrong}: {note.table}.{note.column} {note.row} {note.name}: {note.what}"


def said_masking(taken: Snapshot) -> Iterator[str]:
    """Which columns were masked and with which rule; and which may hold words, and nobody said anything of."""
    if taken.masked is None:
        return
    yield f"MASKED, for tests: this is not the data as it was; masking key {taken.masked.key_fingerprint}"
    for column in taken.masked.columns:
        along = f", along with {column.rule}" if column.rule != f"{column.table}.{column.column}" else ""
        yield f"masked: {column.table}.{column.column} as {column.method}{along}: {column.changed} values"
    for named in taken.masked.named:
        yield f"IN CLEAR: the plan calls the tenant, or itself, by a value of {named}; take another name for tests"
    if taken.masked.unmasked:
        yield f"NOT masked, though they may hold words: {', '.join(taken.masked.unmasked)}"


def said_subject(taken: Snapshot) -> Iterator[str]:
    """What became of the tenant's tables, and which of the rows that stay behind mention the person."""
    if taken.subject is None:
        return
    yield f"about one person of {taken.subject.table}, by {'; '.join(taken.subject.paths) or 'their own row alone'}"
    for stayed in taken.subject.excluded:
        yield f"not in it: {stayed.table}: {stayed.reason}"
    for column in taken.subject.withheld:
        yield f"withheld: {column.table}.{column.column}: {column.reason}"
    for other in taken.subject.other_people:
        yield f"other people: {other.rows} rows of {other.named_by}: {other.leaves}"
    for mention in taken.subject.mentions.found:
        yield f"mentioned, not in it: {mention.rows} rows of {mention.table}.{mention.column}, by {mention.by}"


def said_cost(cost: SourceCost) -> str:
    """What the source was asked for, and for how long."""
    return (
        f"cost to the source: {cost.statements} statements, the longest open for {cost.longest_seconds:.1f} s"
        f" ({cost.longest_table}), {cost.seconds:.1f} s in all, {cost.rows} rows, {cost.bytes} bytes"
    )
