"""The only ways a name or a value reaches SQL text."""

from __future__ import annotations

NULL = "NULL"


def identifier(name: str) -> str:
    """A table or column name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool | None) -> str:
    """A value as a typed SQL literal; text is VARCHAR, integers BIGINT, floats DOUBLE."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"CAST({_text(str(value))} AS BIGINT)"
    if isinstance(value, float):
        return f"CAST({_text(repr(value))} AS DOUBLE)"
    return _text(value)


def _text(value: str) -> str:
    # a NUL ends the statement for some parsers: it travels as a function call
    parts = ("'" + part.replace("'", "''") + "'" for part in value.split("\0"))
    joined = " || chr(0) || ".join(parts)
    return f"({joined})" if "\0" in value else joined
