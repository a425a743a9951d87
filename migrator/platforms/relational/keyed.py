"""Staged rows that share a key: what asks for them, and the answer. One table would take only one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.contracts import Staged
from migrator.platforms.relational.sqltext import listed, said
from storage.errors import Red


def keys_staged_twice(staged: Staged, name: str) -> str:
    """The query for three keys at most that several rows of the staging table `name` have."""
    keys = listed(staged.key)
    return f"SELECT {keys} FROM {name} GROUP BY {keys} HAVING count(*) > 1 LIMIT 3"


def refused_for(staged: Staged, twice: Iterable[Sequence[object]]) -> Red:
    """The answer where there are such keys."""
    return Red(
        f"the mapping makes several rows with the same key: {said(twice)}",
        where=f"{staged.table.name} ({', '.join(staged.key)})",
        next="remap the keys, or reject all but one of these rows with a reason",
    )
