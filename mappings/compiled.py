"""What a mapping compiles to: SQL for the workbench, probes of the values, and the Python twin of every column."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from mappings.conversions import Value, implicit
from mappings.crosswalk import Crosswalk
from mappings.frame import TargetColumn
from mappings.kinds import duckdb_type
from mappings.model import ColumnMapping, Edge, Mapping
from mappings.quote import identifier
from mappings.scope import Severity
from mappings.steps import Sql
from mappings.steps.step import Context, Stage
from storage.schema import Type


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A question to the archive. `sql` gives one row: count BIGINT, examples VARCHAR[] (at most ten); 0 is good.

    `by_row`: it asks every row by itself, so that the counts of several portions of the source table add up.
    """

    where: str
    what: str
    next: str
    sql: str
    severity: Severity = Severity.RED
    by_row: bool = False


@dataclass(frozen=True, kw_only=True)
class CompiledColumn:
    """One column of an edge: what was written, the stage of each step, and the type it ends with."""

    mapping: ColumnMapping
    stages: tuple[Stage, ...]
    natural: Type
    type: Type

    @property
    def has_twin(self) -> bool:
        return not any(isinstance(step, Sql) for step in self.mapping.steps)

    def twin(self, row: Dictionary[str, Value], context: Context) -> Value:
        """The value of this column for a source row, in plain Python.

        `row` maps source columns to Python values (int, float, str, bytes, bool, Decimal, date, time, datetime, None).
        ValueError or KeyError where the value does not fit or leads nowhere: there `rows_sql` fails too.
        """
        values = tuple(row[name] for name in self.mapping.inputs)
        for step, stage in zip(self.mapping.steps, self.stages, strict=True):
            values = (step.twin(values, stage, context),)
        conversion = implicit(self.natural, self.type)
        return (
            values[0]
            if values[0] is None or conversion is None
            else conversion.twin(values[0], self.natural, self.type)
        )


@dataclass(frozen=True, kw_only=True)
class CompiledEdge:
    """One edge. The counting statements give one BIGINT: archive = mapped + excluded + rejected.

    `fits` are the probes of its own values; `fits_sql` counts what all of them find in one pass: one row, one BIGINT[].
    The counts of several portions of the source table add up. `probes` are the others.
    """

    number: int
    mapping: Edge
    columns: tuple[CompiledColumn, ...]
    selected: str  # the values of `rows_sql`, of the columns of `relation`
    relation: str
    archive_sql: str
    excluded_sql: str
    rejected_sql: str
    probes: tuple[Probe, ...]
    fits: tuple[Probe, ...]
    fits_sql: str

    @property
    def rows_sql(self) -> str:
        """The edge's rows: the columns any edge fills, then migrator_edge INTEGER; what does not fit is an error."""
        return f"SELECT {self.selected} FROM {self.relation} AS mapped"

    def rows_beside(self, source_column: str, name: str) -> str:
        """The same, each row with the value of a column of the source row it is made of, called `name`."""
        return (
            f"SELECT {self.selected}, {identifier(source_column)} AS {identifier(name)} FROM {self.relation} AS mapped"
        )

    @property
    def source(self) -> str:
        return self.mapping.source

    @property
    def target(self) -> str:
        return self.mapping.target

    @property
    def kind(self) -> str:
        return self.mapping.kind


@dataclass(frozen=True, kw_only=True)
class CompiledCrosswalk:
    """`carried_sql` gives the keys (old) of the carried rows of `table`, those of several portions of it added up.

    The engine keeps them as carried."table"; over that, `sql` gives (old, new), kept as xw."table", `old` unique.
    """

    crosswalk: Crosswalk
    tenant: str
    carried_sql: str
    sql: str

    @property
    def table(self) -> str:
        return self.crosswalk.table

    @property
    def column(self) -> str:
        return self.crosswalk.column

    @property
    def target(self) -> str:
        return self.crosswalk.target

    @property
    def target_column(self) -> str:
        return self.crosswalk.target_column

    def new_key(self, old: Value) -> Value:
        """The twin of `sql` for one key; ValueError where the new key does not fit the target column."""
        return self.crosswalk.new_key(old, self.tenant)


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A mapping ready to run over the schemas `src` (the archive's tables), `carried` and `xw` (the crosswalks)."""

    mapping: Mapping
    edges: tuple[CompiledEdge, ...]
    crosswalks: tuple[CompiledCrosswalk, ...]
    filled: Dictionary[str, tuple[TargetColumn, ...]]  # by target table, in the target's column order

    @property
    def target_tables(self) -> tuple[str, ...]:
        return tuple(self.filled)

    def columns(self, target: str) -> tuple[TargetColumn, ...]:
        """The columns any edge fills, in the target table's order; KeyError for a table that is not mapped."""
        return self.filled[target]

    def rows_sql(self, target: str) -> str:
        """Every row of a target table: its columns, then migrator_edge INTEGER; what does not fit is an SQL error."""
        return " UNION ALL ".join(edge.rows_sql for edge in self.edges if edge.target == target)


def filled_sql(expression: str, column: TargetColumn) -> str:
    """One column of `rows_sql`."""
    return f"CAST({expression} AS {duckdb_type(column.type)}) AS {identifier(column.name)}"
