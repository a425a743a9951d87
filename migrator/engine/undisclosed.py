"""What a schema says by values: views, and conditions over whose a row is, may name any tenant. They stay behind, told.

A text without a value names nobody. What a restore would make again is left out only where it decides by tenant.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from storage.model import Model, TableModel, View

_VALUE = re.compile(r"'|(?<![\w.])(?!0+\b)\d")
"""A text, or a number other than nought, which is nobody's id."""

_IDENTIFIER = re.compile(r'"(?:[^"]|"")*"|`(?:[^`]|``)*`')


def disclosed(model: Model, telling: Mapping[str, Collection[str]]) -> Model:
    """The model without views that hold values, and without conditions that hold values of the `telling` columns."""
    views = tuple(view for view in model.views if not _VALUE.search(_IDENTIFIER.sub("", view.definition)))
    tables = tuple(_without(table, telling.get(table.table, ())) for table in model.tables)
    return replace(model, views=views, tables=tables, notes=(*model.notes, *_gone(model.views, views)))


def conditions_left_out(before: Model, after: Model) -> frozenset[str]:
    """The tables that have fewer conditions afterwards: their definition, as text, says them too."""
    return frozenset(one.table for one in after.tables if _conditions(one) != _conditions(before.table(one.table)))


def _conditions(table: TableModel) -> tuple[object, ...]:
    return table.checks, table.indexes, table.exclusions


def _without(table: TableModel, columns: Collection[str]) -> TableModel:
    named = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE) for name in columns]

    def tells(condition: str | None) -> bool:
        return bool(condition and _VALUE.search(_IDENTIFIER.sub("", condition)) and _any(named, condition))

    kept = replace(
        table,
        checks=tuple(one for one in table.checks if not tells(one.expression)),
        indexes=tuple(one for one in table.indexes if not tells(one.where)),
        exclusions=tuple(one for one in table.exclusions if not tells(one.where)),
    )
    gone = sum(map(len, (table.checks, table.indexes, table.exclusions)))
    gone -= sum(map(len, (kept.checks, kept.indexes, kept.exclusions)))
    if not gone:
        return table
    return replace(kept, notes=(*table.notes, f"{gone} condition(s) that name tenants, which no archive says"))


def _any(patterns: Collection[re.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _gone(views: Collection[View], kept: Collection[View]) -> tuple[str, ...]:
    gone = len(views) - len(kept)
    return (f"{gone} view(s) whose definition holds values, which may name other tenants",) if gone else ()
