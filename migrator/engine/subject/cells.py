"""The rows of a person's export, read back from the archive's own parts: every cell as text, or as a file's place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from storage.files import BY_HASH, INLINE_PREFIX, file_path
from storage.package import TablePart
from storage.schema import Column, Held, Kind
from storage.types import to_text
from storage.writer import ArchiveWriter


@dataclass(frozen=True, kw_only=True)
class FilePlace:
    """A value that stands in a file of its own; `path` is relative to data/."""

    path: str


Cell = str | FilePlace | None


def tables_of(writer: ArchiveWriter, first: str) -> list[TablePart]:
    """The archive's tables, the person's own before the others."""
    return sorted(writer.tables, key=lambda part: part.table.name != first)


def rows_of(writer: ArchiveWriter, part: TablePart) -> Iterator[list[Cell]]:
    """Every row, in the order of the archive."""
    for batch in writer.cells(part.table.name):
        columns = [
            [_cell(text, column) for text in _texts(array, column).to_pylist()]
            for array, column in zip(batch.columns, part.table.columns, strict=True)
        ]
        yield from (list(row) for row in zip(*columns, strict=True))


def _texts(array: pa.Array, column: Column) -> pa.Array:
    return array if column.held is Held.FILES else to_text(array, column.type)


def _cell(text: str | None, column: Column) -> Cell:
    if text is None:
        return None
    if column.held is Held.FILES:
        if text.startswith(BY_HASH):
            return FilePlace(path=file_path(text.removeprefix(BY_HASH)))
        text = text.removeprefix(INLINE_PREFIX)
    return text[2:] if column.type.kind is Kind.VARIANT else text  # without the tag of its type
