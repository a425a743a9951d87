"""Rows as one number each, in the workbench: equal where every value is, and summed without an order."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.quote import identifier as quoted
from migrator.engine.large import is_handle
from storage.schema import Column, Kind

_LOW = "18446744073709551615::UHUGEINT"

SUMS = f"sum((hash & {_LOW})::HUGEINT) AS low, sum((hash >> 64)::HUGEINT) AS high"
"""What sums a column `hash` of 128 bits: both halves by themselves, for no type holds the sum of whole ones."""


def row_hash(alias: str, columns: Sequence[Column]) -> str:
    """128 bits of a row's typed texts."""
    return f"md5_number({_row_text(alias, columns)})"


def _row_text(alias: str, columns: Sequence[Column]) -> str:
    """Length-prefixed texts of the columns behind each other, so that no two rows read the same."""
    parts = [
        f"CASE WHEN {alias}.{quoted(c.name)} IS NULL THEN '-'"
        f" ELSE concat(strlen({cell(alias, c)}), ':', {cell(alias, c)}) END"
        for c in columns
    ]
    # one call, where `||` would copy the row once for each column, and be too deep for very many
    return f"concat({', '.join(parts)})"


def cell(alias: str, column: Column) -> str:
    """A value as typed text: binary in base64, everything else as DuckDB writes it, shortest and reversible.

    Of a large value, its handle: no base64 begins like one. All that are not a number are one value: no platform's text
    and no CSV tells them apart, though their bits may differ.
    """
    name = f"{alias}.{quoted(column.name)}"
    if column.type.kind is Kind.FLOAT:
        return f"CASE WHEN isnan({name}) THEN 'nan' ELSE {name}::VARCHAR END"
    if column.type.kind is not Kind.BINARY:
        return f"{name}::VARCHAR"
    return f"CASE WHEN {is_handle(name, 'BLOB')} THEN decode({name}) ELSE to_base64({name}) END"
