"""The key columns of every row on its way into the archive, as they were written: what a proof looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Reading
from migrator.engine.blanks import says_something
from migrator.engine.classify import Classified, Reference
from migrator.engine.equality import is_value
from migrator.engine.roots import named_columns
from migrator.engine.scope import blanked
from migrator.engine.spellings import Ends, Spellings
from migrator.engine.workbench import Workbench
from migrator.plan import ScopeRules
from storage.errors import Recast
from storage.schema import Column, Table
from storage.types import arrow_schema

SAYS_SOMETHING = "migrator_says"
"""Whether a row of a table with stubs holds anything beside keys and references; NULL elsewhere."""


class ArchivedKeys:
    """`arch."table"` in the workbench, of the tables of the archive."""

    def __init__(self, workbench: Workbench, classified: Classified, rules: ScopeRules) -> None:
        self._workbench = workbench
        self._classified = classified
        self._rules = rules
        self._tables: dict[str, Table] = {}
        self._spellings = Spellings(workbench, "arch")
        workbench.schema("arch")

    def watching(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Pass the batches on, keeping the columns that references use. A second call for a table starts it anew."""
        columns = self._columns(table)
        self._tables[table.name] = table
        schema = pa.schema([*(arrow_schema(table).field(name) for name in columns), (SAYS_SOMETHING, pa.bool_())])
        self._workbench.ingest("arch", table.name, [], schema)
        for batch in batches:
            says = pa.nulls(len(batch), pa.bool_())
            if self.has_stubs(table.name):
                says = says_something(table, columns, batch)
            kept = pa.RecordBatch.from_arrays([*(batch.column(name) for name in columns), says], schema=schema)
            self._workbench.append("arch", table.name, [kept], schema)
            yield batch

    def has_stubs(self, name: str) -> bool:
        """Whether the plan lets rows of this table come along by their key only."""
        leading = (reference for reference in self._classified.references if reference.parent == name)
        return any(self._rules.foreign.get(reference.name) == "stub" for reference in leading)

    def _columns(self, table: Table) -> list[str]:
        needed: set[str] = set(table.primary_key)
        if self._is_told_by_row(table):
            needed = set(table.column_names) - self._withheld(table)
        for reference in self._classified.references:
            if reference.table == table.name:
                needed.update(reference.columns, reference.when.columns if reference.when else ())
            if reference.parent == table.name:
                needed.update(reference.parent_columns)
        needed |= named_columns(self._rules.root, table)
        return [name for name in table.column_names if name in needed]

    def _is_told_by_row(self, table: Table) -> bool:
        """Whether nothing less than a row tells it from others; a view may compute one otherwise each time."""
        return not (table.primary_key or table.is_view or self.has_stubs(table.name))

    def _telling(self, table: Table) -> tuple[Column, ...]:
        """The columns that tell rows apart and leave as the source has them: the key, or all that the proof keeps."""
        freed = {name for reference in self._freeing(table) for name in blanked(table, reference)}
        told_by = set(table.primary_key or self._columns(table)) - freed - self._withheld(table)
        if self.has_stubs(table.name) and not table.primary_key:
            told_by &= {
                name for r in self._classified.references if r.parent == table.name for name in r.parent_columns
            }
        return tuple(column for column in table.columns if column.name in told_by)

    def _withheld(self, table: Table) -> set[str]:
        """The columns whose values are not in the archive, nor may be guessed from a sum."""
        return {name for name in table.column_names if f"{table.name}.{name}" in self._rules.withheld}

    def _freeing(self, table: Table) -> Iterator[Reference]:
        for reference in self._classified.references_of(table.name):
            if self._rules.foreign.get(reference.name) == "null":
                yield reference

    def _count(self, name: str, condition: str, alias: str = "t") -> int:
        return int(self._workbench.one(f"SELECT count(*) FROM arch.{quoted(name)} {alias} WHERE {condition}"))

    def _filled(self, reference: Reference) -> str:
        parts = [f"c.{quoted(column)} IS NOT NULL" for column in reference.columns]
        if reference.when:
            column = self._tables[reference.table].column(reference.when.columns[0])
            parts.append(is_value("c", column, reference.when.values[0]))
        if reference.unless:
            parts.append(f"c.{quoted(reference.unless)} IS NULL")
        return " AND ".join(parts)

    def _ends(self, reference: Reference) -> Ends:
        return Ends(reference=reference, child=self._tables[reference.table], parent=self._tables[reference.parent])

    def _spell(self, reading: Reading) -> None:
        """Learn which archived rows the source says others point at, of those that are spelled otherwise."""
        for reference in self._classified.references:
            if {reference.table, reference.parent} <= self._tables.keys():
                pointing = f"FROM arch.{quoted(reference.table)} c WHERE {self._filled(reference)}"
                with suppress(Recast):  # what was found beside the archive is no parent in it
                    self._spellings.learn(self._ends(reference), reading, pointing)

    def _parents(self, reference: Reference) -> str:
        """FROM and WHERE of the archived rows `p` that `c` points at."""
        ends = self._ends(reference)
        return f"FROM {self._spellings.parents(ends)} WHERE {ends.joined}"
