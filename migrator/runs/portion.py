"""Part of a list, as a query: so many, after the last one that was read, of those tenants only; or the last of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import gt, lt
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, desc, false, func, or_, select

Column = ColumnElement[Any] | Any


@dataclass(frozen=True, kw_only=True)
class Portion:
    """`after` are the keys of the last one that was read, in the list's order; none for its beginning.

    `tenants` is None where all are meant; `is_backwards` begins at the list's end.
    """

    most: int | None = None
    after: tuple[str, ...] = ()
    tenants: frozenset[str] | None = None
    is_backwards: bool = False

    def of(self, query: Select[Any], *, keys: Sequence[Column], tenant: Column | None = None) -> Select[Any]:
        """The query, in the order of these keys, which no two rows share; without `tenant` it is of nobody."""
        if self.tenants is not None and tenant is not None:
            query = query.where(tenant.in_(sorted(self.tenants)))
        if self.after:
            query = query.where(_beyond(keys, self.after, lt if self.is_backwards else gt))
        order = (desc(key) for key in keys) if self.is_backwards else keys
        return query.order_by(*order).limit(self.most)


EVERY = Portion()


def latest(id: Column, *, of: Sequence[Column], by: Column) -> Select[Any]:
    """The ids of the last by that column, one for each group."""
    place = func.row_number().over(partition_by=of, order_by=(desc(by), desc(id))).label("place")
    placed = select(id.label("id"), place).subquery()
    return select(placed.c.id).where(placed.c.place == 1)


def _beyond(keys: Sequence[Column], after: Sequence[str], is_beyond: Callable[[Any, Any], Any]) -> ColumnElement[bool]:
    """Beyond by the first key, or equal by it and beyond by those that follow."""
    if len(keys) != len(after):
        return false()
    key, value = keys[0], after[0]
    if len(keys) == 1:
        return cast(ColumnElement[bool], is_beyond(key, value))
    return or_(is_beyond(key, value), and_(key == value, _beyond(keys[1:], after[1:], is_beyond)))
