"""The rows a closure took, asked of batches that come from the source: which of these are among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from mappings.quote import identifier as quoted
from migrator.contracts import Among, AnyOf, Matching
from migrator.engine.scope import Resolved
from migrator.engine.workbench import QueryKeys, Workbench
from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_schema, to_text, to_variant

_SCHEMA, _ASKED = "taken", "migrator asked"


class Taken:
    """Rows by their primary key; of a table without one, by the columns that decided whose a row is."""

    def __init__(self, resolved: Resolved, workbench: Workbench, classes: Collection[str]) -> None:
        self._closure = resolved.closure
        self._held = {name for name, class_ in resolved.classified.classes.items() if class_ in classes}
        self._workbench = workbench
        self._classes = ", ".join(f"'{class_}'" for class_ in classes)
        self._selections = 0
        self._told: dict[tuple[str, tuple[bool, ...]], str] = {}
        workbench.schema(_SCHEMA)

    def holds(self, name: str) -> bool:
        """Whether rows of this table can be among them at all."""
        return name in self._held

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns by which a row is told."""
        key = self._closure.table(name).primary_key
        return key or tuple(column.name for column in self._closure.skeleton(name))

    def among(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of the batch that were taken; `table` types its columns."""
        return batch.take(self._found(table, batch)) if self.holds(table.name) else batch.slice(0, 0)

    def beside(self, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of the batch that were not."""
        if not self.holds(table.name):
            return batch
        others = pc.invert(pc.is_in(pa.array(range(batch.num_rows), pa.int64()), self._found(table, batch)))
        return batch.filter(others)

    def selecting(self, table: Table, batches: Iterable[pa.RecordBatch]) -> AnyOf:
        """What selects rows that have the values of these rows in the columns by which rows are told, NULL for NULL."""
        columns = [table.column(name) for name in self.columns(table.name)]
        schema = arrow_schema(Table(name=table.name, columns=tuple(columns)))
        self._selections += 1  # one that is still being read stays
        selected = f"migrator selected {self._selections}"
        self._workbench.ingest(_SCHEMA, selected, [], schema)
        for batch in batches:  # one by one: whoever gives them asks the same workbench about each
            self._workbench.append(_SCHEMA, selected, [batch], schema)
        rows = f"{_SCHEMA}.{quoted(selected)}"
        empty = ", ".join(f"{quoted(column.name)} IS NULL" for column in columns)
        patterns = self._workbench.values(f"SELECT DISTINCT {empty} FROM {rows}")
        return AnyOf(among=tuple(self._filled_so(rows, columns, pattern) for pattern in patterns))

    def _filled_so(self, rows: str, columns: Sequence[Column], empty: Sequence[object]) -> Among | Matching:
        """Of these rows, those in which these columns, and no others, are empty."""
        filled = [column for column, is_empty in zip(columns, empty, strict=True) if not is_empty]
        names = tuple(column.name for column, is_empty in zip(columns, empty, strict=True) if is_empty)
        nothing = Matching(columns=names, values=(None,) * len(names))
        if not filled:
            return nothing
        are_so = " AND ".join(f"{quoted(c.name)} IS {'NOT ' * (c in filled)}NULL" for c in columns)
        listed = ", ".join(quoted(column.name) for column in filled)
        query = f"SELECT DISTINCT {listed} FROM {rows} WHERE {are_so} ORDER BY ALL"
        keys = QueryKeys(workbench=self._workbench, query=query, types=tuple(column.type for column in filled))
        return Among(columns=tuple(c.name for c in filled), keys=keys, when=nothing if names else None)

    def _found(self, table: Table, batch: pa.RecordBatch) -> pa.Array:
        names = self.columns(table.name)
        if not names:  # a table without key and references was taken whole
            return pa.array(range(batch.num_rows), pa.int64())
        ours = [self._closure.table(table.name).column(name).type for name in names]
        theirs = [table.column(name).type for name in names]
        tagged = tuple(Kind.VARIANT in (one.kind, other.kind) for one, other in zip(ours, theirs, strict=True))
        told = self._known(table.name, ours, tagged)
        keys = _keys([batch.column(name) for name in names], theirs, tagged)
        asked = keys.append_column("row", pa.array(range(batch.num_rows), pa.int64()))
        self._workbench.ingest(_SCHEMA, _ASKED, [asked], asked.schema)
        on = " AND ".join(f"t.k{i} IS NOT DISTINCT FROM a.k{i}" for i in range(len(names)))
        is_told = f"EXISTS (SELECT 1 FROM {told} t WHERE {on})"
        rows = self._workbench.values(f"SELECT a.row FROM {_SCHEMA}.{quoted(_ASKED)} a WHERE {is_told} ORDER BY 1")
        return pa.array([row for (row,) in rows], pa.int64())

    def _known(self, name: str, types: list[Type], tagged: tuple[bool, ...]) -> str:
        """The workbench's table of their keys as text, made when it is first asked for."""
        if (name, tagged) not in self._told:
            table = f"{len(self._told)} {name}"
            schema = pa.schema([(f"k{i}", pa.string()) for i in range(len(types))])
            self._workbench.ingest(_SCHEMA, table, self._keys_of(name, types, tagged), schema)
            self._told[name, tagged] = f"{_SCHEMA}.{quoted(table)}"
        return self._told[name, tagged]

    def _keys_of(self, name: str, types: list[Type], tagged: tuple[bool, ...]) -> Iterator[pa.RecordBatch]:
        listed = ", ".join(map(quoted, self.columns(name)))
        query = f"SELECT DISTINCT {listed} FROM own.{quoted(name)} WHERE migrator_class IN ({self._classes})"
        held = QueryKeys(workbench=self._workbench, query=query, types=tuple(types))
        return (_keys(batch.columns, types, tagged) for batch in held.batches())


def _keys(columns: list[pa.Array], types: list[Type], tagged: tuple[bool, ...]) -> pa.RecordBatch:
    """Each value as text: what a closure and a census type differently reads the same."""
    texts = [
        to_variant(column, type_) if is_tagged else _text(column, type_)
        for column, type_, is_tagged in zip(columns, types, tagged, strict=True)
    ]
    return pa.RecordBatch.from_arrays(texts, names=[f"k{i}" for i in range(len(texts))])


def _text(column: pa.Array, type_: Type) -> pa.Array:
    """Of a decimal without the zeros that only its scale gives it."""
    text = to_text(column, type_)
    if type_.kind is not Kind.DECIMAL:
        return text
    return pc.replace_substring_regex(pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1"), r"\.$", "")
