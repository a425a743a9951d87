"""The ledger: where every row and every column of the archive went, and why what did not go stayed."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.compiled import CompiledColumn, CompiledEdge
from mappings.used import read_columns
from migrator.contracts import CREATE, EDGE, KEEP, OVERWRITE
from migrator.engine.portions import counted
from migrator.engine.prepare import Prepared
from migrator.outcomes import ColumnFate, Equation
from storage.schema import Table


def equations(prepared: Prepared, written: dict[int, dict[str, int]]) -> tuple[Equation, ...]:
    """One equation an edge. `written` is what the target counted after the merge; kept rows count at the match."""
    return tuple(_equation(prepared, edge, written.get(edge.number, {})) for edge in prepared.compiled.edges)


def _equation(prepared: Prepared, edge: CompiledEdge, written: dict[str, int]) -> Equation:
    kept = prepared.count(prepared.staged(edge.target), f"{EDGE} = {edge.number} AND migrator_action = '{KEEP}'")
    return Equation(
        source=edge.source,
        target=edge.target,
        kind=edge.kind,
        archive=prepared.archive.table(edge.source).rows,
        loaded=written.get(CREATE, 0),
        merged=written.get(OVERWRITE, 0),
        kept=kept,
        rejected=counted(prepared.workbench, prepared.archive, edge.source, edge.rejected_sql),
        excluded=counted(prepared.workbench, prepared.archive, edge.source, edge.excluded_sql),
        rejected_because="; ".join(reject.because for reject in edge.mapping.rejects),
        excluded_because=edge.mapping.because or "",
    )


def column_fates(prepared: Prepared) -> tuple[ColumnFate, ...]:
    """Every archived column, once for each place it goes to."""
    return tuple(fate for archived in prepared.archive.tables for fate in _fates_of(prepared, archived.table.name))


def _fates_of(prepared: Prepared, table: str) -> Iterator[ColumnFate]:
    dropped = {drop.name: drop.because for drop in prepared.compiled.mapping.dropped_tables}
    described = prepared.archive.table(table).table
    for column in described.column_names:
        fates = list(_carried(prepared, described, column))
        if not fates:
            reason = dropped.get(table) or _drop_reason(prepared, table, column)
            fates = [ColumnFate(table=table, column=column, fate="dropped", reason=reason)]
        yield from fates


def _is_read(edge: CompiledEdge, compiled: CompiledColumn, table: Table, column: str) -> bool:
    """Whether the value is made of that column: of the row itself, or of one that is looked up."""
    if edge.source == table.name and column in read_columns(compiled.mapping, table):
        return True
    return any((table.name, column) in step.looked_up() for step in compiled.mapping.steps)


def _carried(prepared: Prepared, table: Table, column: str) -> Iterator[ColumnFate]:
    for edge in prepared.compiled.edges:
        for compiled in edge.columns:
            if not _is_read(edge, compiled, table, column):
                continue
            steps = [step for step in compiled.mapping.steps if step.name != "rename"]
            inverses = [
                step.inverse(stage.inputs) for step, stage in zip(compiled.mapping.steps, compiled.stages, strict=True)
            ]
            yield ColumnFate(
                table=table.name,
                column=column,
                fate="converted" if steps else "carried",
                target=f"{edge.target}.{compiled.mapping.target}",
                how=" → ".join(step.describe() for step in steps),
                lossy=any(inverse.step is None for inverse in inverses),
            )


def _drop_reason(prepared: Prepared, table: str, column: str) -> str:
    for edge in prepared.compiled.edges:
        for drop in edge.mapping.dropped:
            if edge.source == table and drop.name == column:
                return drop.because
    return ""
