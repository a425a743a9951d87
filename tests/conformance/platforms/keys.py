"""Keys held in memory, as the engine hands them to a driver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from storage.schema import Kind, Type
from storage.types import arrow_type

TEXT, INTEGER, VARIANT = Type(kind=Kind.TEXT), Type(kind=Kind.INTEGER), Type(kind=Kind.VARIANT)


@dataclass(frozen=True)
class KeyList:
    """See migrator.contracts.Keys."""

    types: tuple[Type, ...]
    keys: Sequence[tuple[Any, ...]]

    def batches(self) -> Iterator[pa.RecordBatch]:
        columns = list(zip(*self.keys, strict=True)) or [()] * len(self.types)
        arrays = [pa.array(column, arrow_type(type_)) for column, type_ in zip(columns, self.types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, names=[f"k{i}" for i in range(len(arrays))])

    def __len__(self) -> int:
        return len(self.keys)


def integers(*keys: int) -> KeyList:
    return KeyList((INTEGER,), [(key,) for key in keys])


def texts(*keys: str) -> KeyList:
    return KeyList((TEXT,), [(key,) for key in keys])
