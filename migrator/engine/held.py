"""How rows are held in the workbench: under names it keeps apart, and with decimals too wide for it as their text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from mappings.kinds import MAX_PRECISION
from mappings.quote import held_name, true_name
from storage.schema import Kind, Type
from storage.types import arrow_type, from_text, to_text


def held_schema(schema: pa.Schema) -> pa.Schema:
    """The schema under which batches of this one are held."""
    return pa.schema([pa.field(held_name(f.name), pa.string() if _is_wide(f.type) else f.type) for f in schema])


def held(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as it is held."""
    columns = [_as_text(column) if _is_wide(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=held_schema(batch.schema))


def given(rows: Any) -> Any:
    """A batch or table as the workbench gives it, under its true names."""
    return rows.rename_columns([true_name(name) for name in rows.schema.names])


def typed(batch: pa.RecordBatch, types: Sequence[Type]) -> pa.RecordBatch:
    """What was given, its first columns of these types again."""
    if not any(type_.kind is Kind.DECIMAL and (type_.precision or 0) > MAX_PRECISION for type_ in types):
        return batch
    for i, type_ in enumerate(types):
        column = batch.column(i)
        if _is_wide(arrow_type(type_)) and pa.types.is_string(column.type):
            batch = batch.set_column(i, batch.schema.field(i).with_type(arrow_type(type_)), from_text(column, type_))
    return batch


def _is_wide(type_: pa.DataType) -> bool:
    return bool(pa.types.is_decimal256(type_))


def _as_text(column: pa.Array) -> pa.Array:
    return to_text(column, Type(kind=Kind.DECIMAL, precision=column.type.precision, scale=column.type.scale))
