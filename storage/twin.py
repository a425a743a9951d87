"""Reading the typed twin: a Parquet file is input from outside, and says itself how much memory it would like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import Red
from storage.parts import GROUP_ROWS
from storage.schema import Table
from storage.types import part_type

_BATCH_ROWS = 8_192


def read_cells(stream: IO[bytes], table: Table) -> Iterator[pa.RecordBatch]:
    """The cells of a part, a row group at a time. Red if it is no Parquet file, or not one of this table."""
    expected = pa.schema([pa.field(column.name, part_type(column)) for column in table.columns])
    try:
        file = pq.ParquetFile(stream, pre_buffer=False)
        if not file.schema_arrow.equals(expected):
            raise _corrupt(table, "its columns are not the described ones")
        for group in range(file.num_row_groups):
            if file.metadata.row_group(group).num_rows > GROUP_ROWS:
                raise _corrupt(table, f"a row group has more than {GROUP_ROWS} rows")
            # each group by itself: batches over several would hold as much of the file as fits their rows
            yield from file.iter_batches(_BATCH_ROWS, row_groups=[group], use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise _corrupt(table, str(error)) from error


def _corrupt(table: Table, how: str) -> Red:
    return Red(f"corrupt: not the described Parquet ({how})", where=table.name, next="get another copy of the archive")
