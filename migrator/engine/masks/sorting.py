"""Rows in the order of their masked keys: they are read in the order of the keys as they were, which tells these.

What fits two batches is sorted in memory, all else in a workbench of its own, which spills.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain, islice

import pyarrow as pa
import pyarrow.compute as pc

from mappings.quote import identifier as quoted
from migrator.engine.held import typed
from migrator.engine.large import LONGEST, can_be_large
from migrator.engine.room import Room
from migrator.engine.workbench import workbench
from storage.schema import Table
from storage.types import arrow_schema

_SCHEMA, _ROWS = "sorting", "rows"
_IN_MEMORY = 2  # batches


def in_order(table: Table, masked: Collection[str], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows by their key, of a table without one by all that is masked; as they come where nothing of it is."""
    key = table.primary_key or tuple(name for name in table.column_names if name in masked)
    if set(key).isdisjoint(masked):
        return iter(batches)
    return _sorted(table, key, iter(batches))


def _sorted(table: Table, key: Collection[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = list(islice(batches, _IN_MEMORY))
    if len(first) < _IN_MEMORY:
        yield from (_in_memory(table, key, batch) for batch in first)
        return
    yield from _spilled(table, key, _row_bytes(first), chain(first, batches))


def _in_memory(table: Table, key: Collection[str], batch: pa.RecordBatch) -> pa.RecordBatch:
    places = [str(place) for place in range(len(key))]  # a name may read as a path
    columns = [batch.column(table.column_names.index(name)) for name in key]
    sorted_by = [(place, "ascending") for place in places]
    return batch.take(pc.sort_indices(pa.RecordBatch.from_arrays(columns, places), sort_keys=sorted_by))


def _row_bytes(batches: Collection[pa.RecordBatch]) -> int:
    """About how many a row has, where large values stand aside."""
    can_stand_aside = sum(can_be_large(field.type) for batch in batches for field in batch.schema) // len(batches)
    on_average = sum(batch.nbytes for batch in batches) // max(1, sum(batch.num_rows for batch in batches))
    return int(min(on_average, LONGEST * can_stand_aside))


def _spilled(
    table: Table, key: Collection[str], row_bytes: int, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    schema, types = arrow_schema(table), [column.type for column in table.columns]
    columns, keys = (", ".join(map(quoted, names)) for names in (table.column_names, key))
    with workbench(room=Room.of(len(table.columns), row_bytes)) as bench:
        bench.schema(_SCHEMA)
        bench.ingest(_SCHEMA, _ROWS, batches, schema)
        # rows of equal keys as they came: the same rows make the same archive
        for batch in bench.batches(f"SELECT {columns} FROM {_SCHEMA}.{_ROWS} ORDER BY {keys}, rowid"):
            if batch.num_rows:
                yield typed(batch, types).cast(schema)
