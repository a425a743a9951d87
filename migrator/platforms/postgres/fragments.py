"""What an archive says in PostgreSQL's own words, as parts of a statement of ours; Red where it is more than it claims.

Expressions and types are read in migrator.platforms.relational.archived; here are the other clauses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from migrator.platforms.relational.archived import POSTGRESQL
from migrator.platforms.relational.sqltext import literal, quoted
from storage.errors import Red

_NAME = r'(?:"(?:[^"\0]|"")+"|[^\W\d][\w$]*)'
_REFERENCE = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_PARTITION_KEY = re.compile(r"(RANGE|LIST|HASH) \((.+)\)", re.DOTALL)
_CONSTANT = r"""(?:[-+.0-9A-Za-z]+|[bBxX]?'(?:[^']|'')*'|E'(?:[^'\\]|\\.|'')*')"""
_CONSTANTS = rf"\({_CONSTANT}(?:, {_CONSTANT})*\)"
_BOUND = re.compile(  # a server computes a bound at once: one that calls anything is no catalog's
    rf"DEFAULT|FOR VALUES (?:IN {_CONSTANTS}|FROM {_CONSTANTS} TO {_CONSTANTS}|WITH \(modulus \d+, remainder \d+\))",
    re.DOTALL,
)
_OPERATOR = re.compile(r"(?:(.+)\.)?([-+*/<>=~!@#%^&|`?]{1,63})", re.DOTALL)
_ACTIONS = frozenset({"NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT"})


def reference(text: str, where: str) -> str:
    """The name of a collation, an operator class, a function, a kind of number: quoted as the source quoted it."""
    if not _REFERENCE.fullmatch(text):
        raise refused(text, "a name", where)
    return text


def partition_key(text: str, where: str) -> str:
    found = _PARTITION_KEY.fullmatch(text)
    if not found:
        raise refused(text, "the key of a partitioned table", where)
    return f"{found[1]} {POSTGRESQL.expression(found[2], where=where)}"


def bound(text: str, where: str) -> str:
    """Which rows a partition has."""
    if not _BOUND.fullmatch(text):
        raise refused(text, "the bound of a partition", where)
    POSTGRESQL.expression(text, where=where)
    return text


def operator(text: str, where: str) -> str:
    found = _OPERATOR.fullmatch(text)
    if not found or "--" in text or "/*" in text:
        raise refused(text, "an operator", where)
    return f"OPERATOR({quoted(found[1])}.{found[2]})" if found[1] else found[2]


def action(text: str, where: str) -> str:
    """What becomes of a row when the one it points at goes."""
    if text not in _ACTIONS:
        raise refused(text, "an action of a foreign key", where)
    return text


def storage(options: Mapping[str, str]) -> str:
    """The parameters of a table or an index, behind a blank; nothing where there are none."""
    given = ", ".join(f"{quoted(name)} = {literal(value)}" for name, value in options.items())
    return f" WITH ({given})" if given else ""


def refused(text: str, what: str, where: str) -> Red:
    return Red(
        f"this is not {what}: {text[:120]!r}",
        where=where,
        next="the archive was made by somebody else's hands: ask where it comes from, and restore nothing of it",
    )
