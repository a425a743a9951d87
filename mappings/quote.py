"""The only ways a name or a value reaches SQL text."""

from __future__ import annotations

import re

NULL = "NULL"

_CAPITAL = re.compile(r"[A-Z^]")
_MARKED = re.compile(r"\^(.|$)")


def identifier(name: str) -> str:
    """A table or column name as a quoted identifier of the workbench."""
    return '"' + held_name(name).replace('"', '""') + '"'


def held_name(name: str) -> str:
    """The name as the workbench holds it: it takes `Order` and `order` for one, so a capital O is written `^o`.

    And `rowid` is its own name for the place of a row, which a column of that name would hide.
    """
    held = _CAPITAL.sub(lambda found: "^" + found[0].lower(), name)
    return f"{held}^" if held == "rowid" else held


def true_name(held: str) -> str:
    """The way back from `held_name`."""
    return _MARKED.sub(lambda found: found[1].upper(), held)


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
