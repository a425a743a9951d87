"""What ADBC makes of the wire, as batches of exactly the types a table's columns are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import Recast
from storage.schema import Column, Fidelity, Kind, Table, Type
from storage.types import arrow_type

BATCH_ROWS = 8_192
BATCH_BYTES = 8 << 20

_DAY_US = 86_400_000_000
_DAYS = (-719_162, 2_932_896)  # 0001-01-01 to 9999-12-31, counted from 1970
_BOUNDS = {
    Kind.DATE: (pa.int32(), *_DAYS),
    Kind.TIMESTAMP: (pa.int64(), _DAYS[0] * _DAY_US, (_DAYS[1] + 1) * _DAY_US - 1),
    Kind.TIMESTAMPTZ: (pa.int64(), _DAYS[0] * _DAY_US, (_DAYS[1] + 1) * _DAY_US - 1),
    Kind.TIME: (pa.int64(), 0, _DAY_US - 1),
}
"""What Arrow and every stock reader hold; ADBC gives infinity, 24:00:00 and far years as numbers beyond."""


def converted(batch: pa.RecordBatch, table: Table, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
    """The batch in its columns' own types and in bounded pieces. Recast where a value does not fit."""
    if not columns:
        whole = pa.RecordBatch.from_struct_array(pa.array([{}] * len(batch), pa.struct([])))
    else:
        pairs = zip(columns, batch.columns, strict=True)
        arrays = [_converted(array, table, column) for column, array in pairs]
        whole = pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    rows = max(1, min(BATCH_ROWS, len(whole) * BATCH_BYTES // max(1, whole.nbytes)))
    for start in range(0, len(whole), rows):
        yield whole.slice(start, rows)


def _converted(array: pa.Array, table: Table, column: Column) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if column.type.kind in _BOUNDS and _outside(array, *_BOUNDS[column.type.kind]):
        raise Recast(table.name, as_literal(column))
    try:
        return pc.cast(array, arrow_type(column.type))
    except pa.ArrowInvalid as error:  # NaN among numbers; bytes that are no UTF-8
        is_text = column.type.kind is Kind.TEXT
        raise Recast(table.name, as_bytes(column) if is_text else as_literal(column)) from error


def _outside(array: pa.Array, bits: pa.DataType, first: int, last: int) -> bool:
    ends = pc.min_max(array.view(bits))
    return bool(len(array) > array.null_count and (ends["min"].as_py() < first or ends["max"].as_py() > last))


def as_bytes(column: Column) -> Column:
    """A text column as the bytes of its texts, in whatever encoding they are."""
    return replace(column, type=Type(kind=Kind.BINARY), fidelity=Fidelity.EXACT)


def as_literal(column: Column) -> Column:
    """The column as the server's own text, which holds whatever it holds."""
    return replace(column, type=Type(kind=Kind.LITERAL), fidelity=Fidelity.TEXT)
