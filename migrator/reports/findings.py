"""What a report means for the person who signs it: what is not in the new system, and what stays open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.outcomes import Equation, RunReport
from migrator.reports.rehearsed import is_unrehearsed


@dataclass(frozen=True, kw_only=True)
class Absence:
    """Something of the archive or the source that is not in the new system. `rows` None: a whole column or table."""

    kind: str  # excluded | rejected | kept | dropped | lossy | masked
    what: str
    rows: int | None
    why: str


def absences(report: RunReport) -> tuple[Absence, ...]:
    """Everything that was left behind, the plan's decisions first, then the mapping's, then single rows."""
    return (*_tables(report), *_columns(report), *_rows(report))


def _tables(report: RunReport) -> Iterator[Absence]:
    for table, reason in sorted(report.excluded_tables.items()):
        yield Absence(kind="excluded", what=f"table {table}", rows=None, why=reason)
    for table, reason in sorted(report.dropped_tables.items()):
        yield Absence(kind="dropped", what=f"table {table}", rows=None, why=reason)


def _columns(report: RunReport) -> Iterator[Absence]:
    for name, accepted in sorted(report.accepted_losses.items()):
        yield Absence(kind="lossy", what=f"exact values of column {name}", rows=None, why=accepted)
    for name, method in sorted(report.masked_columns.items()):
        yield Absence(
            kind="masked", what=f"real values of column {name}", rows=None, why=f"masked as {method}, for tests"
        )
    for column in report.columns:
        if column.fate == "dropped" and column.table not in report.dropped_tables:
            yield Absence(kind="dropped", what=f"column {column.table}.{column.column}", rows=None, why=column.reason)


_ROW_REASONS = {
    "excluded": "the mapping’s condition on this edge leaves these rows out",
    "rejected": "the mapping refuses these rows: see “Rejected and kept rows”",
    "kept": "the target’s own row was there before and stayed as it was",
}


def _rows(report: RunReport) -> Iterator[Absence]:
    for equation in report.equations:
        stated = {"excluded": equation.excluded_because, "rejected": equation.rejected_because}
        for kind, unstated in _ROW_REASONS.items():
            rows: int = getattr(equation, kind)
            why = stated.get(kind) or unstated
            if rows:
                yield Absence(kind=kind, what=f"rows of {equation.source} → {equation.target}", rows=rows, why=why)


def has_reservations(report: RunReport) -> bool:
    """Whether somebody should read on before signing: rejects, losses, masks, what nobody compared or rehearsed."""
    verification = report.verification
    return (
        any(equation.rejected for equation in report.equations)
        or any(column.lossy for column in report.columns)
        or bool(report.accepted_losses)
        or bool(report.masked_columns)
        or is_unrehearsed(report)
        or (verification is not None and bool(limits(report)))
        or (report.rollback is None and (verification is None or not verification.compared))
    )


def limits(report: RunReport) -> tuple[str, ...]:
    """What the comparison left out, in the words it was reported with: whole report first, then table by table."""
    if report.verification is None:
        return ()
    verification = report.verification
    return (
        *verification.not_compared,
        *(f"{table.table}: {reason}" for table in verification.tables for reason in table.not_compared),
    )


def totals(report: RunReport) -> Equation:
    """All edges in one equation. An archived row that has two edges counts twice, as it does in the edges."""

    def total(name: str) -> int:
        return sum(getattr(equation, name) for equation in report.equations)

    return Equation(
        source="all",
        target="all",
        kind="total",
        archive=total("archive"),
        loaded=total("loaded"),
        merged=total("merged"),
        kept=total("kept"),
        rejected=total("rejected"),
        excluded=total("excluded"),
    )


def unexplained(report: RunReport) -> int:
    """Rows no edge accounts for; a row too many on one edge never hides a row too few on another."""
    return sum(abs(equation.unexplained) for equation in report.equations)


_IN_TIME = ("before", "before_load", "loaded", "after")


def digests(report: RunReport) -> tuple[tuple[str, str], ...]:
    """The digests in the order they were taken, others by name after them."""
    known = tuple((name, report.digests[name]) for name in _IN_TIME if name in report.digests)
    return known + tuple(sorted(item for item in report.digests.items() if item[0] not in _IN_TIME))


def is_as_before(report: RunReport) -> bool | None:
    """After a rehearsal or a rollback: is the digest the one before the load? None: not recorded, or no claim."""
    if report.kind not in ("rehearsal", "rollback"):
        return None
    before = report.digests.get("before_load" if report.kind == "rollback" else "before")
    after = report.digests.get("after")
    return None if before is None or after is None else before == after
