"""The rows of one table as they enter the archive: read by their keys, foreign parents blanked as the plan says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Matching, Reading
from migrator.engine.classify import Reference
from migrator.engine.closure import STUB
from migrator.engine.scope import Resolved, blanked
from migrator.engine.workbench import QueryKeys
from storage.schema import Kind, Table, Type
from storage.types import Variant, arrow_schema, arrow_type, to_variant

_BLANKS = {Kind.INTEGER: 0, Kind.FLOAT: 0.0, Kind.BINARY: b"", Kind.BOOLEAN: False, Kind.VARIANT: "t:"}


def extract(reading: Reading, resolved: Resolved, table: Table) -> Iterator[pa.RecordBatch]:
    """The table's rows of the archive; `table` as the census typed it. Recast as in Reading.scan."""
    closure = resolved.closure
    changes = [
        _nulling(resolved, table, reference)
        for reference in resolved.classified.references_of(table.name)
        if resolved.rules.foreign.get(reference.name) == "null"
    ]
    for batch in reading.scan(table, closure.predicate(table.name)):
        for change in changes:
            batch = change(batch)
        yield batch
    if closure.table(table.name).primary_key and closure.count(table.name, STUB):
        for batch in reading.scan(table, closure.predicate(table.name, STUB)):
            yield _stub(table, resolved, batch)


def _nulling(resolved: Resolved, table: Table, reference: Reference) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Set the reference's columns to NULL in rows that point outside the archive."""
    missing = _texts(resolved.closure.missing(reference))
    columns = blanked(table, reference)
    types = [table.column(name).type for name in reference.columns]

    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        if not len(missing):
            return batch
        keys = _tagged([batch.column(name) for name in reference.columns], types)
        outside = pc.fill_null(pc.is_in(keys, value_set=missing), False)
        if reference.when:
            outside = pc.and_(outside, pc.fill_null(_says(batch, table, reference.when), False))
        for name in columns:
            i = batch.schema.get_field_index(name)
            batch = batch.set_column(i, batch.schema.field(i), pc.if_else(outside, None, batch.column(i)))
        return batch

    return change


def _texts(keys: QueryKeys) -> pa.Array:
    """Keys as one text each: an Arrow array is the compact form of a set that is small beside its table."""
    parts = [_tagged(batch.columns, keys.types) for batch in keys.batches()]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


def _tagged(columns: Sequence[pa.Array], types: Sequence[Type]) -> pa.Array:
    # the closure may know a column as mixed that the census found to be of one type: tagged, both read the same
    return _joined([to_variant(column, type_) for column, type_ in zip(columns, types, strict=True)])


def _says(batch: pa.RecordBatch, table: Table, when: Matching) -> pa.Array:
    """Where the type column has the value `when` names."""
    said = to_variant(batch.column(when.columns[0]), table.column(when.columns[0]).type)
    return pc.equal(pc.utf8_slice_codeunits(said, len(Variant.TEXT)), str(when.values[0]))


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*[pc.cast(column, pa.string()) for column in columns], "\x1f")


def _unique_even_when_blank(table: Table) -> set[str]:
    """Columns of unique keys that would collide between stubs: NULL in any of its columns frees a key."""
    keys = [key.columns for key in table.unique if not any(table.column(column).nullable for column in key.columns)]
    return {column for columns in keys for column in columns}


def _stub(table: Table, resolved: Resolved, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Key columns and obligatory references stay; everything else says nothing about the person or thing it was."""
    kept = set(table.primary_key)
    for reference in resolved.classified.references_of(table.name):
        if not any(table.column(column).nullable for column in reference.columns):
            kept.update(reference.columns)
    unique = _unique_even_when_blank(table)
    arrays = []
    for column, array in zip(table.columns, batch.columns, strict=True):
        if column.name in kept:
            arrays.append(array)
        elif column.nullable:
            arrays.append(pa.nulls(len(array), arrow_type(column.type)))
        elif column.name in unique and column.type.kind is Kind.TEXT:
            keys = _joined([batch.column(name) for name in table.primary_key])
            arrays.append(pc.binary_join_element_wise("stub-", keys, ""))
        else:
            blank = _BLANKS.get(column.type.kind, "")
            arrays.append(pa.array([blank] * len(array), arrow_type(column.type)))
    return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))
