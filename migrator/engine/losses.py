"""What an archive does not hold exactly: columns the plan accepts by name, each with its reason, or a red answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from migrator.contracts import ColumnCensus
from storage.archive import Archive
from storage.errors import Red
from storage.problem import Problem
from storage.schema import Column, Fidelity, Table
from storage.writer import ArchiveWriter

LOSSES = "reports/losses.json"
"""A list of Loss. Archives of older versions have none, and did not say."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A column whose values the archive does not hold as they are, and why that was accepted."""

    table: str
    column: str
    native: str
    fidelity: str
    found: tuple[str, ...]
    reason: str

    @property
    def name(self) -> str:
        """As the plan accepts it."""
        return f"{self.table}.{self.column}"


def accepted(table: Table, census: Sequence[ColumnCensus], accept: Mapping[str, str]) -> tuple[Loss, ...]:
    """The table's losses by its columns' actual values. Red, naming each, unless the plan accepts them all."""
    found = {one.column: one.found for one in census}
    lost = [column for column in table.columns if column.fidelity in (Fidelity.LOSSY, Fidelity.UNSUPPORTED)]
    if problems := tuple(
        _problem(table, column, found.get(column.name, ()))
        for column in lost
        if f"{table.name}.{column.name}" not in accept
    ):
        raise Red(problems[0].what, where=problems[0].where, next=problems[0].next, problems=problems)
    return tuple(
        Loss(
            table=table.name,
            column=column.name,
            native=column.native,
            fidelity=column.fidelity.value,
            found=found.get(column.name, ()),
            reason=accept[f"{table.name}.{column.name}"],
        )
        for column in lost
    )


def _problem(table: Table, column: Column, found: Sequence[str]) -> Problem:
    seen = ", ".join(one for one in found if one != column.native)
    return Problem(
        where=f"{table.name}.{column.name}",
        what=f"its {column.native} values are {column.fidelity}: they cannot be held exactly"
        + (f" ({seen})" if seen else ""),
        next=f"accept the loss by name: scope.accept: {{{table.name}.{column.name}: reason}}",
    )


def write_losses(writer: ArchiveWriter, losses: Iterable[Loss]) -> None:
    """Put them into the archive, also where there are none: it says so."""
    content = json.dumps([asdict(loss) for loss in losses], ensure_ascii=False, indent=2)
    writer.document(LOSSES, f"{content}\n".encode())


def losses_of(archive: Archive) -> tuple[Loss, ...]:
    """What the archive says it does not hold exactly."""
    if LOSSES not in archive.documents():
        return ()
    return tuple(Loss(**{**entry, "found": tuple(entry["found"])}) for entry in json.loads(archive.document(LOSSES)))
