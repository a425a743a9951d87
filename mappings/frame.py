"""What every column of a mapping is compiled against: both schemas by name, the crosswalks, the tenant."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass

from mappings.affinity import misread
from mappings.crosswalk import Crosswalk
from mappings.fit import misfits
from mappings.misfit import Misfit
from mappings.model import ColumnMapping, Edge
from mappings.nearest import nearest
from mappings.quote import identifier
from mappings.scope import ROW, Scope, Severity, shown
from mappings.steps.step import Operand, Stage
from storage.errors import Misuse
from storage.schema import Column, Table, Type


@dataclass(frozen=True, kw_only=True)
class TargetColumn:
    """A column the mapping fills, with the type its values have in `rows_sql`."""

    name: str
    type: Type


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A compiled chain: its result, and the stage each step stood on."""

    result: Operand
    stages: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class Frame:
    source: Dictionary[str, Table]
    target: Dictionary[str, Table]
    crosswalks: Dictionary[str, Crosswalk]
    tenant: str

    def source_table(self, name: str) -> Table:
        """Misuse, with the nearest name, if the archive has no such table."""
        return _table(self.source, name, "source")

    def target_table(self, name: str) -> Table:
        """Misuse, with the nearest name, if the target has no such table."""
        return _table(self.target, name, "target")

    def scope(self, edge: Edge, mapped: str, *, strict: bool) -> Scope:
        """A scope over the rows of the edge for which `mapped` holds."""
        table = self.source_table(edge.source)
        rows = f"SELECT *, rowid AS {ROW} FROM src.{identifier(table.name)}"
        return Scope(
            source=table,
            base=f"(SELECT * FROM ({rows}) AS numbered WHERE {mapped})",
            stage=self.stage(()),
            tenant=self.tenant,
            strict=strict,
        )

    def stage(self, inputs: Sequence[Operand]) -> Stage:
        """The stage of a step that gets `inputs`."""
        return Stage(
            inputs=tuple(operand.type for operand in inputs),
            crosswalks={name: crosswalk.keys for name, crosswalk in self.crosswalks.items()},
            columns={
                (table.name, column.name): column.type for table in self.source.values() for column in table.columns
            },
        )

    def chain(self, column: ColumnMapping, scope: Scope) -> Chain:
        """The steps of a column, one after the other; Misuse where a step can never take what it gets."""
        operands = tuple(_input(name, scope.source) for name in column.inputs)
        stages = []
        for step in column.steps:
            stages.append(self.stage(operands))
            operands = (step.compile(operands, scope),)
        return Chain(result=operands[0], stages=tuple(stages))

    def fitted(self, operand: Operand, target: Table, final: TargetColumn, scope: Scope) -> Operand:
        """The operand as the target column takes it: its type, within its limits, never NULL where it must not be."""
        column = target.column(final.name)
        if column.limits.affinity is not None:
            operand = scope.bind(operand)
            for misfit in misread(operand.sql, operand.type, column):
                operand = _checked(operand, misfit, scope)
        fitted = scope.bind(scope.convert(operand, final.type))
        for misfit in misfits(fitted.sql, fitted.type, column):
            fitted = _checked(fitted, misfit, scope)
        if required(column, target):
            fitted = scope.checked(
                fitted,
                failed=f"{fitted.sql} IS NULL",
                shown=scope.row_shown,
                what="NULL in a column that is NOT NULL",
                next="give it a value (sql: coalesce, lookup: otherwise), or leave its row out with where or reject",
            )
        return fitted


def _checked(operand: Operand, misfit: Misfit, scope: Scope) -> Operand:
    return scope.checked(
        operand,
        failed=misfit.failed,
        shown=shown(operand),
        what=misfit.what,
        next=misfit.next,
        severity=Severity.NOTE if misfit.is_note else Severity.RED,
    )


def required(column: Column, table: Table) -> bool:
    """Whether a row must have a value there."""
    return not column.nullable or column.name in table.primary_key


def _input(name: str, source: Table) -> Operand:
    if name not in source.column_names:
        raise Misuse(f"unknown source column {source.name}.{name}", next=nearest(name, source.column_names))
    return Operand(sql=identifier(name), type=source.column(name).type)


def _table(tables: Dictionary[str, Table], name: str, side: str) -> Table:
    if name not in tables:
        raise Misuse(f"unknown {side} table {name!r}", next=nearest(name, tables))
    return tables[name]
