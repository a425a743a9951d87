"""The types in which tables of ours, staging and journal, hold the values of a live column: exactly, and NULL too."""

from __future__ import annotations

import re

from migrator.platforms.mysql.types import base_name, members_of
from migrator.platforms.relational.sqltext import literal
from storage.schema import Column, Table

OPTIONS = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4"
"""Of every table of ours: in other formats a long value leaves much of itself on the page, and an index is short."""

_SIZED = re.compile(r"(char|varchar|binary|varbinary)\((\d+)\)")
_LONG = {"char": "longtext", "varchar": "longtext", "binary": "longblob", "varbinary": "longblob"}
_BYTES = {"char": 4, "varchar": 4, "binary": 1, "varbinary": 1}  # of one character
_ON_THE_PAGE = 255  # bytes up to which a column cannot leave the page; what can leaves 40 there
_LEAVES = 40
_PAGE = 7_000  # bytes; a row may have 8,126 on the page,
_ROW = 60_000  # and 65,535 in all


def key_type(column: Column) -> str:
    """The column's own type: it is searched by."""
    return _of(column, column.native)


def journalled_type(column: Column) -> str:
    """A type that takes no room in the row: one of key and before-image is wider than the live one may be."""
    found = _SIZED.match(column.native)
    return _of(column, _LONG[found[1]] if found else column.native)


def staged_type(table: Table, column: Column) -> str:
    """The column's own type, which refuses what does not fit, unless the table leaves no room for a column more."""
    return journalled_type(column) if _is_full(table) else key_type(column)


def _is_full(table: Table) -> bool:
    found = [_SIZED.match(column.native) for column in table.columns]
    sizes = [int(one[2]) * _BYTES[one[1]] for one in found if one]
    on_the_page = [size if size <= _ON_THE_PAGE else _LEAVES for size in sizes]
    return sum(on_the_page) > _PAGE or sum(sizes) > _ROW


def _of(column: Column, native: str) -> str:
    return f"{_spelled(native)}{f' COLLATE {column.collation}' if column.collation else ''} NULL"


def _spelled(native: str) -> str:
    """The type where backslashes are characters: the server itself escapes them in members."""
    members = members_of(native)
    return f"{base_name(native)}({', '.join(map(literal, members))})" if members else native
