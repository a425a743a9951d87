"""Whole tables by pages of their primary key, where the server orders it as it compares it."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.platforms.mysql.types import base_name
from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Column, Table

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal")
_TEXTS = ("char", "varchar", "date", "datetime", "timestamp")
_BYTES = ("binary", "varbinary")


def is_paged(table: Table) -> bool:
    """Whether the table can be read so: an ENUM, for one, is ordered by its place and compared by its name."""
    known = (*_INTEGERS, *_TEXTS, *_BYTES)
    return bool(table.primary_key) and all(base_name(table.column(n).native) in known for n in table.primary_key)


def next_page(key: Sequence[Column], last: Sequence[bytes | None]) -> str:
    """The condition that a row of alias `t` comes after the one with this key; the raw values of `key`."""
    conditions = []
    for i, column in enumerate(key):
        same = [f"t.{quoted(c.name)} = {_literal(c, v)}" for c, v in zip(key[:i], last[:i], strict=True)]
        conditions.append(" AND ".join([*same, f"t.{quoted(column.name)} > {_literal(column, last[i])}"]))
    first = f"t.{quoted(key[0].name)} >= {_literal(key[0], last[0])}"  # said apart: the range an index is searched by
    return f"{first} AND ({' OR '.join(f'({condition})' for condition in conditions)})"


def _literal(column: Column, raw: bytes | None) -> str:
    value = raw or b""
    if base_name(column.native) in _BYTES:
        return f"X'{value.hex()}'"
    text = value.decode()
    return text if base_name(column.native) in _INTEGERS else literal(text)
