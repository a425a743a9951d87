"""Fragments of SQL that an archive brings, made safe to write into a statement of ours: one expression, one type.

An archive is input from outside. A default or a condition is the platform's own expression and can only be said in its
words; but words that would end the statement they stand in, open another or hide what follows are refused.
"""

from __future__ import annotations

import re

from storage.errors import Red

_DOLLARS = re.compile(r"\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$")
_OPENING, _CLOSING = {"(": ")", "[": "]"}, ")]"


def expression(text: str, *, where: str, backslashes: bool = False) -> str:
    """One scalar expression, in parentheses; Red otherwise. `backslashes`: they escape in strings, as MySQL's do."""
    if not text.strip() or not _is_closed(text, commas=True, backslashes=backslashes):
        raise _refused(text, "an expression", where)
    return f"({text})"


def type_name(text: str, *, where: str, backslashes: bool = False) -> str:
    """One type, with its modifiers. Red otherwise."""
    if not text.strip() or not _is_closed(text, commas=False, backslashes=backslashes):
        raise _refused(text, "a type", where)
    return text


def _refused(text: str, what: str, where: str) -> Red:
    return Red(
        f"this is not {what}, or not one alone: {text[:120]!r}",
        where=where,
        next="the archive was made by somebody else's hands: ask where it comes from, and restore nothing of it",
    )


def _is_closed(text: str, *, commas: bool, backslashes: bool) -> bool:
    """Whether quotes and brackets close, and nothing outside of them ends or hides what follows."""
    ending = (";", "\0", "--", "/*", "*/", *(("#", "\\") if backslashes else ()))
    awaited: list[str] = []
    at = 0
    while at < len(text):
        sign = text[at]
        if sign in "'\"`":
            # in double quotes are names, also with MySQL: every session of ours says ANSI_QUOTES
            escaped = sign == "'" and (backslashes or _is_escape_string(text, at))
            at = _end_of_quote(text, at, escaped=escaped)
        elif sign == "$" and not backslashes and (dollars := _DOLLARS.match(text, at)):
            end = text.find(dollars[0], dollars.end())
            at = end + len(dollars[0]) if end >= 0 else -1
        elif sign in _OPENING:
            awaited.append(_OPENING[sign])
            at += 1
        elif sign in _CLOSING:
            if not awaited or awaited.pop() != sign:
                return False
            at += 1
        elif text.startswith(ending, at) or (sign == "," and not awaited and not commas):
            return False
        else:
            at += 1
        if at < 0:
            return False
    return not awaited


def _is_escape_string(text: str, at: int) -> bool:
    """E'…' of PostgreSQL."""
    return at > 0 and text[at - 1] in "eE" and (at == 1 or not (text[at - 2].isalnum() or text[at - 2] in "_$"))


def _end_of_quote(text: str, at: int, *, escaped: bool) -> int:
    """Where the quotation that begins there ends, or -1; a doubled sign stands for itself."""
    sign, at = text[at], at + 1
    while at < len(text):
        if escaped and text[at] == "\\":
            at += 2
        elif text[at] == sign:
            if not text.startswith(sign, at + 1):
                return at + 1
            at += 2
        else:
            at += 1
    return -1
