"""Lists in pages: a cursor says where the next one begins, whatever was added meanwhile."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query

from storage.errors import Misuse

Item = TypeVar("Item")
Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
After = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def page(
    items: Sequence[Item], key: Callable[[Item], str], shown: Callable[[Item], Any], *, after: str | None, limit: int
) -> dict[str, Any]:
    """The items after the cursor; they are sorted by `key`, which no two share. Misuse where the cursor is none."""
    start = _read(after) if after else ""
    following = [item for item in items if key(item) > start]
    chosen = following[:limit]
    is_more = len(following) > limit
    return {"items": [shown(item) for item in chosen], "next": _written(key(chosen[-1])) if is_more else None}


def _written(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _read(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise Misuse("this is no cursor", where="after", next="send `next` of the page before, or nothing") from error
