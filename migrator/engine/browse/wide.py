"""Decimals of more digits than DuckDB knows: it would read them as floating-point numbers, and show others than the
archive holds. For it they are texts, digit for digit."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from migrator.engine.held import held
from storage.schema import Column, Table
from storage.twin import read_cells
from storage.types import part_type


def is_wide(column: Column) -> bool:
    return bool(pa.types.is_decimal256(part_type(column)))


def with_texts(path: Path, table: Table) -> None:
    """The Parquet file again, with its wide decimals as texts; as it is where it has none."""
    if not any(map(is_wide, table.columns)):
        return
    told = path.with_suffix(".told")
    with path.open("rb") as stream:
        batches = map(held, read_cells(stream, table))
        if (first := next(batches, None)) is None:
            return
        with pq.ParquetWriter(told, first.schema, compression="zstd") as writer:
            writer.write_batch(first)
            for batch in batches:
                writer.write_batch(batch)
    told.replace(path)
