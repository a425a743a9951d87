"""The rows of one table as they enter the archive: read by their keys, foreign parents blanked as the plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Reading
from migrator.engine.blanks import blanks, blanks_apart
from migrator.engine.classify import Reference
from migrator.engine.keysets import STUB
from migrator.engine.scope import Resolved, blanked
from migrator.engine.splits import Split
from storage.schema import Kind, Table, Type
from storage.types import arrow_schema, arrow_type, to_text, to_variant


def extract(reading: Reading, resolved: Resolved, table: Table, split: Split | None = None) -> Iterator[pa.RecordBatch]:
    """The table's rows of the archive, or one split of them; `table` as the census typed it. Recast as in Reading.scan.

    Only a table without stubs is read in splits.
    """
    closure = resolved.closure
    rows = closure.few(table.name, split.first, split.rows) if split else closure.predicate(table.name)
    changes = [
        _nulling(resolved, table, reference)
        for reference in (*resolved.classified.references, *resolved.classified.elsewhere)
        if reference.table == table.name and resolved.rules.foreign.get(reference.name) == "null"
    ]
    for batch in reading.scan(table, rows):
        for change in changes:
            batch = change(batch)
        yield batch
    if closure.count(table.name, STUB):
        for batch in reading.scan(table, closure.predicate(table.name, STUB)):
            yield _stub(table, resolved, batch)


def _nulling(resolved: Resolved, table: Table, reference: Reference) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Set the reference's columns to NULL in rows that point outside the archive."""
    keys = resolved.closure.outside(reference)
    told_by = [table.column(name) for name in reference.told_by]
    tagged = [Kind.VARIANT in (column.type.kind, type_.kind) for column, type_ in zip(told_by, keys.types, strict=True)]
    parts = [_texts(batch.columns, keys.types, tagged) for batch in keys.batches()]
    outside = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
    columns = blanked(table, reference)

    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        if not len(outside):
            return batch
        types = [column.type for column in told_by]
        rows = _texts([batch.column(column.name) for column in told_by], types, tagged)
        leads_out = pc.fill_null(pc.is_in(rows, value_set=outside), False)
        for name in columns:
            i = batch.schema.get_field_index(name)
            batch = batch.set_column(i, batch.schema.field(i), pc.if_else(leads_out, None, batch.column(i)))
        return batch

    return change


def _texts(columns: Sequence[pa.Array], types: Sequence[Type], tagged: Sequence[bool]) -> pa.Array:
    """Rows as one text each: an Arrow array is the compact form of a set that is small beside its table.

    The closure may know a column as of mixed types that the census found to be of one: tagged, both read the same.
    """
    texts = [
        to_variant(column, type_) if is_tagged else to_text(column, type_)
        for column, type_, is_tagged in zip(columns, types, tagged, strict=True)
    ]
    return pc.binary_join_element_wise(*texts, "\x1f")


def _unique_even_when_blank(table: Table) -> set[str]:
    """Columns of unique keys that would collide between stubs: NULL in any of its columns frees a key."""
    keys = [key.columns for key in table.unique if not any(table.column(column).nullable for column in key.columns)]
    return {column for columns in keys for column in columns}


def _stub(table: Table, resolved: Resolved, batch: pa.RecordBatch) -> pa.RecordBatch:
    """What is pointed at and obligatory references stay; all else says nothing about the person or thing it was."""
    pointed_at = {name for reference in resolved.closure.inviting(table.name) for name in reference.parent_columns}
    key = [name for name in table.column_names if name in pointed_at.union(table.primary_key)]
    kept = set(key)
    for reference in resolved.classified.references_of(table.name):
        if not any(table.column(column).nullable for column in reference.told_by):
            kept.update(reference.told_by)
    unique = _unique_even_when_blank(table)
    types = [table.column(name).type for name in key]
    keys = _texts([batch.column(name) for name in key], types, [False] * len(types))
    arrays = []
    for column, array in zip(table.columns, batch.columns, strict=True):
        if column.name in kept:
            arrays.append(array)
        elif column.nullable:
            arrays.append(pa.nulls(len(array), arrow_type(column.type)))
        elif column.name in unique:
            arrays.append(blanks_apart(table, column, keys.to_pylist()))
        else:
            arrays.append(blanks(table, column, len(array)))
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))
