"""Row hashes inside SQLite: a function of the columns, and the order-free sum of its values.

The hash of a row is BLAKE2b-128 over its table's name and, column by column, storage class and value; text goes in
as its stored bytes, so a row with broken text hashes too. Journals hold these hashes: the definition never changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from migrator.contracts import Digest
from migrator.platforms.relational.sqltext import quoted
from storage.schema import Table

_COLUMNS_A_CALL = 50  # SQLite takes 127 arguments; a column takes two
_PIECE = 1 << 20  # bytes


def install(connection: sqlite3.Connection) -> None:
    """Make `migrator_hash(…)` and the aggregate `migrator_sum(hash)` known to this connection."""
    connection.create_function("migrator_hash", -1, _hash, deterministic=True)
    connection.create_aggregate("migrator_sum", 1, _Sum)  # type: ignore[arg-type]


def row_hash(table: Table, alias: str, columns: Iterable[str] | None = None) -> str:
    """The SQL expression for the hash of one row of `alias`: all of the table's stored columns, or just these."""
    chosen = tuple(columns) if columns is not None else table.column_names
    name = "'" + table.name.replace("'", "''") + "'"
    calls = [
        f"migrator_hash({', '.join([name, *(_argument(alias, column) for column in part)])})"
        for part in _parts(chosen, _COLUMNS_A_CALL)
    ]
    return calls[0] if len(calls) == 1 else f"migrator_hash({', '.join(calls)})"


def digest_of(connection: sqlite3.Connection, hashes: str) -> Digest:
    """The digest of a query that gives one column `hash`."""
    rows, total = connection.execute(f"SELECT count(*), migrator_sum(hash) FROM ({hashes})").fetchone()
    return Digest(rows=rows, total=int(total or "0", 16))


def _parts(columns: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [columns[i : i + size] for i in range(0, len(columns), size)] or [()]


def _argument(alias: str, column: str) -> str:
    name = f"{alias}.{quoted(column)}"
    return f"typeof({name}), CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"


def _hash(*values: Any) -> bytes:
    digest = blake2b(digest_size=16)
    for piece in _written(values):
        digest.update(piece.encode("ascii"))
    return digest.digest()


def _written(values: tuple[Any, ...]) -> Iterator[str]:
    """ascii() of the values: unambiguous, and the same in every version of Python; large ones in pieces."""
    if not any(map(_is_large, values)):
        yield ascii(values)
        return
    before = "("
    for value in values:
        yield before
        yield from _in_pieces(value) if _is_large(value) else (ascii(value),)
        before = ", "
    yield ",)" if len(values) == 1 else ")"


def _is_large(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) > _PIECE


def _in_pieces(value: bytes) -> Iterator[str]:
    """ascii() of bytes, which is up to four times as long as they are."""
    quote = '"' if b"'" in value and b'"' not in value else "'"
    # the piece is written as the whole is: with both quotes before it or with one, which decides what is escaped
    first = b"'" if quote == '"' else b"'\""
    start = len(ascii(first)) - 1
    yield f"b{quote}"
    for at in range(0, len(value), _PIECE):
        yield ascii(first + value[at : at + _PIECE])[start:-1]
    yield quote


class _Sum:
    def __init__(self) -> None:
        self.total = 0

    def step(self, value: bytes) -> None:
        self.total += int.from_bytes(value, "big")

    def finalize(self) -> str:
        return f"{self.total % (1 << 128):032x}"
