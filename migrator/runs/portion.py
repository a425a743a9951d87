"""Part of a list, as a query: so many, after the last one that was read, of those tenants only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_

Column = ColumnElement[Any] | Any


@dataclass(frozen=True, kw_only=True)
class Portion:
    """`after` are the keys of the last one that was read, in the list's order; none for its beginning.

    `tenants` is None where all are meant.
    """

    most: int | None = None
    after: tuple[str, ...] = ()
    tenants: frozenset[str] | None = None

    def of(self, query: Select[Any], *, keys: Sequence[Column], tenant: Column) -> Select[Any]:
        """The query, in the order of these keys, which no two rows share."""
        if self.tenants is not None:
            query = query.where(tenant.in_(sorted(self.tenants)))
        if self.after:
            query = query.where(_beyond(keys, self.after))
        return query.order_by(*keys).limit(self.most)


EVERY = Portion()


def _beyond(keys: Sequence[Column], after: Sequence[str]) -> ColumnElement[bool]:
    """Greater by the first key, or equal by it and greater by those that follow."""
    if len(keys) != len(after):
        return false()
    key, value = keys[0], after[0]
    if len(keys) == 1:
        return key > value
    return or_(key > value, and_(key == value, _beyond(keys[1:], after[1:])))
