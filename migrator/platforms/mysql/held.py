"""The types in which tables of ours, staging and journal, hold the values of a live column: exactly, and NULL too."""

from __future__ import annotations

from migrator.platforms.mysql.types import base_name
from storage.schema import Column

_LONG = {"char": "longtext", "varchar": "longtext", "binary": "longblob", "varbinary": "longblob"}
_LONGEST_INLINE = 512  # characters


def key_type(column: Column) -> str:
    """The column's own type: it is searched by."""
    return _of(column, column.native)


def staged_type(column: Column) -> str:
    """The column's own type, which refuses what does not fit; off the page where a row of two of them would not."""
    is_long = base_name(column.native) == "varchar" and (column.max_length or 0) > _LONGEST_INLINE
    return _of(column, "longtext" if is_long else column.native)


def journalled_type(column: Column) -> str:
    """A type that takes no room in the row: a row of key and before-image is wider than the live one may be."""
    return _of(column, _LONG.get(base_name(column.native), column.native))


def _of(column: Column, native: str) -> str:
    return f"{native}{f' COLLATE {column.collation}' if column.collation else ''} NULL"
