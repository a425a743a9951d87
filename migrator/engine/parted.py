"""Tables parted by values that no archive says: the tenants', whose partitions name them all, and those it masks.

They are archived as if they had no partitions, and a restore tells so. Hashes of values are in bounds of nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from migrator.engine.classify import OWNED, SHARED
from migrator.engine.roots import named_columns
from migrator.engine.scope import Resolved
from migrator.plan import root_rows
from storage.model import Model, Partition, TableModel

_BY_VALUE = re.compile(r"(RANGE|LIST)\b", re.IGNORECASE)

Columns = Mapping[str, Collection[str]]
"""By table."""


def tenant_columns(resolved: Resolved) -> dict[str, set[str]]:
    """The columns that hold who the tenant is: the root's own, and those that point at its row."""
    root, classified = resolved.rules.root, resolved.classified
    held = [table for table, class_ in classified.classes.items() if class_ in (OWNED, SHARED)]
    roots = {one.table for one in root_rows(root)}
    found = {name: set(named_columns(root, resolved.closure.table(name))) for name in held}
    for name, paths in classified.paths.items():
        found[name].update(column for path in paths if path.parent in roots for column in path.columns)
    return found


def parted_by(model: Model, telling: Columns) -> frozenset[str]:
    """The tables whose partitions say values of these columns."""
    return frozenset(one.table for one in model.tables if _tells(one, telling.get(one.table, ())))


def unparted(model: Model, tables: Collection[str]) -> Model:
    """The model without the partitions of these tables."""
    gone = {name for one in model.tables if one.table in tables for name in _names(one.partitions)}
    kept = (one for one in model.tables if one.table not in gone)
    return replace(model, tables=tuple(_whole(one) if one.table in tables else one for one in kept))


def _tells(table: TableModel, columns: Collection[str]) -> bool:
    keys = [key for key in (table.partitioned_by, *_keys(table.partitions)) if key and _BY_VALUE.match(key)]
    named = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE) for name in columns]
    return any(one.search(key) for one in named for key in keys)


def _whole(table: TableModel) -> TableModel:
    note = f"its partitions by {table.partitioned_by}, for they name values that no archive says"
    return replace(table, partitioned_by=None, partitions=(), notes=(*table.notes, note))


def _keys(partitions: Sequence[Partition]) -> Iterator[str | None]:
    for one in partitions:
        yield one.partitioned_by
        yield from _keys(one.parts)


def _names(partitions: Sequence[Partition]) -> Iterator[str]:
    """As tables of the model are called."""
    for one in partitions:
        yield f"{one.schema}.{one.name}" if one.schema else one.name
        yield from _names(one.parts)
