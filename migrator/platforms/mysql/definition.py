"""What SHOW CREATE TABLE says of a table that the catalog hides from who may only read: conditions, and expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.model import Check

DEFAULT = "DEFAULT"
"""The bound of a partition that takes what no other does."""

_TOKEN = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|[(),]|[^'\"`(),]+", re.DOTALL)
_CHECK = re.compile(r"\bCHECK\s*$")
_COMPUTED = re.compile(r"\bGENERATED ALWAYS AS\s*$")
_ROW = re.compile(r"\bGENERATED ALWAYS AS (ROW (?:START|END))\b")
_PERIOD = "PERIOD FOR"
_QUOTES = "'\"`"
_NEXT_NUMBER = re.compile(r" AUTO_INCREMENT=[0-9]+")
_PARTED = re.compile(r"\s*(/\*![0-9]+\s*)?PARTITION BY\b")
_NOT_ENFORCED = "NOT ENFORCED"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What is told of a table in its definition alone."""

    checks: tuple[Check, ...]
    computed: dict[str, str]  # column → its expression
    default_partition: str | None  # the one for values that no other has
    periods: tuple[str, ...]  # the names of those that rows themselves say, not the server


def defined(ddl: str) -> Definition:
    """The checks and computed columns of a table, their expressions as the server writes them."""
    checks: list[Check] = []
    computed: dict[str, str] = {}
    periods: list[str] = []
    signs = _TOKEN.findall(ddl)
    for part in _parts(signs):
        column = _name(part[1]) if not part[0].strip() and len(part) > 1 else None
        named = _name(part[1]) if part[0].strip() == "CONSTRAINT" else column
        if part[0].strip() == _PERIOD:
            periods.append(_name(part[1]))
        if column and (row := _ROW.search(" ".join(word for word in part if word[0] not in _QUOTES))):
            computed[column] = row[1]
        for before, expression in _expressions(part):
            if _CHECK.search(before) and named:
                valid = _NOT_ENFORCED not in part[-1]
                checks.append(Check(name=named, expression=expression, valid=valid, column=column))
            elif _COMPUTED.search(before) and column:
                computed[column] = expression
    return Definition(
        checks=tuple(checks),
        computed=computed,
        default_partition=_default_partition(signs),
        periods=tuple(periods),
    )


def documented(ddl: str) -> str:
    """The definition without what it says of everybody's rows: the number of the next, the bounds of partitions."""
    depth, kept = 0, []
    for sign in _TOKEN.findall(ddl):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        is_option = depth == 0 and sign[0] not in _QUOTES
        if is_option and (found := _PARTED.search(sign)):
            kept.append(sign[: found.start()])
            break
        kept.append(_NEXT_NUMBER.sub("", sign) if is_option else sign)
    return "".join(kept)


def _default_partition(signs: Sequence[str]) -> str | None:
    """Only there is it told from one that takes zeros."""
    for before, name, after in zip(signs, signs[1:], signs[2:], strict=False):
        if before.endswith("PARTITION ") and after.startswith(f" {DEFAULT}"):
            return _name(name)
    return None


def _parts(signs: Sequence[str]) -> Iterator[list[str]]:
    """What stands between the commas of the outermost parentheses: a column, a key or a constraint each."""
    depth = 0
    part: list[str] = []
    for sign in signs:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth == 0 and sign == ")":
            break
        if depth == 1 and sign == ",":
            yield part
            part = []
        elif depth > 1 or (depth == 1 and (sign != "(" or part)):
            part.append(sign)
    yield part


def _expressions(part: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each parenthesis of a part, with the words before it."""
    depth, start = 0, 0
    for at, sign in enumerate(part):
        if sign == "(":
            depth, start = depth + 1, at if depth == 0 else start
        elif sign == ")":
            depth -= 1
            if depth == 0:
                yield part[start - 1], "".join(part[start + 1 : at])


def _name(quotation: str) -> str:
    """The name that a quotation stands for."""
    sign = quotation[0]
    return quotation[1:-1].replace(sign * 2, sign)
