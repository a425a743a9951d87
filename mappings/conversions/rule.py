"""What one conversion between two kinds is: SQL and its Python twin, side by side."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from storage.schema import Kind, Type

Value = str | int | float | bool | bytes | decimal.Decimal | dt.date | dt.time | dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Changes the type of a value, never the value: what the new type cannot hold does not fit.

    `sql(expression, source, target)` is NULL where the value does not fit; `twin` raises ValueError there.
    Neither is asked about NULL. `total` says that every value fits.
    """

    sql: Callable[[str, Type, Type], str]
    twin: Callable[[Any, Type, Type], Value]
    total: bool = False


Rules = dict[tuple[Kind, Kind], Rule]


def matching(expression: str, pattern: str, then: str) -> str:
    """`then` where the whole text matches, NULL elsewhere; the pattern must mean the same to RE2 and Python."""
    return f"CASE WHEN regexp_full_match({expression}, '{pattern}') THEN {then} END"
