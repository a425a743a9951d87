"""Lists in pages: a cursor says where the next one begins, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from api.texts import is_whole
from migrator.runs.portion import Portion
from storage.errors import Misuse

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
After = Annotated[str | None, Query(max_length=1000, description="`next` of the page before.")]


Name = Annotated[str | None, Query(max_length=200)]
Start = Annotated[int, Query(ge=0, le=1 << 40, description="How many come before.")]


def _as_it_is(item: Any) -> Any:
    return item


class Page(BaseModel, Generic[Item]):
    """`next` is null on the last page."""

    items: list[Item]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class Turned:
    """The page that is asked for."""

    after: tuple[str, ...]
    limit: int

    def portion(self, tenants: frozenset[str] | None) -> Portion:
        """What to read for it: one more than it shows, which says whether there is another page."""
        return Portion(most=self.limit + 1, after=self.after, tenants=tenants)

    def page(
        self, read: Sequence[Item], key: Callable[[Item], tuple[str, ...]], shown: Callable[[Item], Any] = _as_it_is
    ) -> dict[str, Any]:
        """What was read, as a page; `key` gives the keys that the list is ordered by, `shown` how one is answered."""
        chosen = read[: self.limit]
        is_more = len(read) > self.limit
        return {"items": list(map(shown, chosen)), "next": _written(key(chosen[-1])) if is_more else None}


FIRST = Turned(after=(), limit=100)


def _turned(after: After = None, limit: Limit = FIRST.limit) -> Turned:
    return Turned(after=_read(after) if after else (), limit=limit)


Paged = Annotated[Turned, Depends(_turned)]


def page(
    items: Sequence[Item], key: Callable[[Item], str], shown: Callable[[Item], Any], *, after: str | None, limit: int
) -> dict[str, Any]:
    """Of a list that never grows long, sorted by `key`, which no two share. Misuse where the cursor is none."""
    start = _read(after)[0] if after else ""
    turned = Turned(after=(), limit=limit)
    return turned.page([item for item in items if key(item) > start][: limit + 1], lambda item: (key(item),), shown)


def _written(keys: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[str, ...]:
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(told, list) and told and all(isinstance(key, str) and is_whole(key) for key in told):
            return tuple(told)
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise Misuse("this is no cursor", where="after", next="send `next` of the page before, or nothing")
