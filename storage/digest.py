"""A table's digest: the sum, modulo 2^128, of one MD5 per row. The order of rows does not matter, every byte does.

docs/archive-format.md § 7 is the specification. MD5 is enough here: the digest finds accidents and differences
between two readings; authenticity is the signature's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage import csvtext
from storage.files import BY_HASH, INLINE_PREFIX
from storage.schema import NULL_TOKEN, Column, Held, Table
from storage.types import QUOTED_KINDS

# the halves are summed apart: a sum of 128-bit numbers would leave the integers DuckDB adds exactly
_SUM = """
    SELECT sum((hash >> 64)::UBIGINT::HUGEINT), sum((hash & 18446744073709551615::UHUGEINT)::UBIGINT::HUGEINT)
    FROM (SELECT md5_number($table || chr(0) || record) AS hash FROM records)
"""


def joined(digests: Iterable[str]) -> str:
    """The digest of a table, of those of its splits."""
    return _written(sum(int(digest, 16) for digest in digests) % (1 << 128))


def _written(total: int) -> str:
    return f"{total:032x}"


@cache
def _database() -> Any:
    import duckdb  # late: most commands never need it

    return duckdb.connect(config={"threads": 1})


class TableDigest:
    """Adds up batches of one table; `str()` is 32 hexadecimal digits."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._connection = _database().cursor()
        self.rows = 0
        self.total = 0

    def add(self, texts: Sequence[pa.Array], rows: int) -> None:
        """One batch, given as the texts of its cells (FILES columns as their cells stand in a part)."""
        if not rows:
            return
        columns = [_field(array, column) for array, column in zip(texts, self._table.columns, strict=True)]
        lines = csvtext.records(columns, rows, [NULL_TOKEN] * len(columns))
        self._connection.register("records", pa.table({"record": lines}))
        ((high, low),) = self._connection.execute(_SUM, {"table": self._table.name}).fetchall()
        self._connection.unregister("records")
        self.total = (self.total + (int(high) << 64) + int(low)) % (1 << 128)
        self.rows += rows

    def __str__(self) -> str:
        return _written(self.total)


def _field(texts: pa.Array, column: Column) -> pa.Array:
    """The field as the digest sees it: an inline value as if its column were INLINE, a held one as its bare hash."""
    plain = texts
    if column.held is Held.FILES:
        plain = pc.replace_substring_regex(texts, f"^{INLINE_PREFIX}", "")
    field = csvtext.quoted(plain) if column.type.kind in QUOTED_KINDS else plain
    if column.held is Held.FILES:
        return pc.if_else(pc.starts_with(texts, BY_HASH), texts, field)
    return field
