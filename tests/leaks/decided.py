"""Worlds whose rows do point at other tenants', with a plan that says what becomes of that; and what then leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from uuid import UUID

from tests.leaks.leaks import crossable, is_led_otherwise, owned, redirected
from tests.leaks.world import NULL, TENANTS, Cells, Ids, Link, Row, Table, World, cells
from tests.leaks.worlds import world

_CROSSED = 3
_BLANKS = {Ids.NUMBER: "0", Ids.TEXT: "", Ids.UUID: str(UUID(int=0))}
"""What stands in a stub where its column takes no NULL."""


def decided(random: Random) -> World:
    """One of our rows or more point at other tenants'; of every parent table one word says what comes along."""
    while True:
        crossed = _crossed(random, world(random))
        if crossed is not None:
            return crossed


def _crossed(random: Random, clean: World) -> World | None:
    if clean.has_people:  # whose rows of others would name people of others in turn
        return None
    places = [
        (row, link, parent)
        for table in owned(clean)
        for link in crossable(clean, table)
        if link.parent not in clean.excluded
        for row in clean.rows_of(table.name, clean.ours)
        for parent in clean.rows_of(link.parent)
        if parent.owner != clean.ours
    ]
    if not places:
        return None
    found = clean
    for row, link, parent in random.sample(places, min(_CROSSED, len(places))):
        if row in found.rows and is_led_otherwise(found, row, link):  # each row once: it has to stay ours
            found = found.with_row(redirected(row, link, parent))
    if found == clean:
        return None
    return replace(found, policies=tuple(_policies(random, found)))


def _policies(random: Random, crossed: World) -> Iterator[tuple[str, str]]:
    """Of every reference by which somebody else's row can come along, or one of those can lead on."""
    words = {table.name: random.choice(["carry", "stub", "null"]) for table in crossed.tables}
    for table in (*owned(crossed), crossed.table(TENANTS)):
        for link in table.links:
            if not crossed.table(link.parent).is_shared and link.parent not in crossed.excluded:
                is_fixed = any(table.field(name).is_required for name in link.columns) or set(link.columns) & set(
                    table.key
                )
                word = words[link.parent]
                yield f"{table.name}.{link.label}", "stub" if word == "null" and is_fixed else word


# ── the answer key ──────────────────────────────────────────────────────────────────────────────────────────
def answer(crossed: World, kind: str) -> dict[str, list[Cells]]:
    """What leaves: our rows, what they bring along in full or by its key, and no key of anybody who stays."""
    blanks = {**_BLANKS, Ids.UUID: ""} if kind == "sqlite" else _BLANKS  # an id is text there
    policies = dict(crossed.policies)
    whole = [row for table in crossed.held for row in crossed.rows_of(table.name, crossed.ours)]
    stubs: list[Row] = []
    for row in (rows := [*whole]):  # grows
        for link, parent in _pointed(crossed, row, is_stub=row in stubs):
            if parent in rows or parent.table in crossed.excluded:
                continue
            word = "carry" if crossed.table(parent.table).is_shared else policies[f"{row.table}.{link.label}"]
            if word == "null":
                continue
            rows.append(parent)
            if word == "stub":
                stubs.append(parent)
    held: dict[str, list[Cells]] = {table.name: [] for table in crossed.held}
    for row in rows:
        freed = _freed(crossed, row, rows)
        held[row.table].append(_stub(crossed.table(row.table), row, blanks) if row in stubs else cells(freed))
    return {name: sorted(found) for name, found in held.items()}


def _pointed(crossed: World, row: Row, *, is_stub: bool) -> Iterator[tuple[Link, Row]]:
    table = crossed.table(row.table)
    for link in table.links:
        if is_stub and not all(table.field(name).is_required for name in link.columns):
            continue
        yield from ((link, parent) for parent in crossed.parents(link, row))


def _freed(crossed: World, row: Row, rows: list[Row]) -> Row:
    table = crossed.table(row.table)
    for link in table.links:
        parents = crossed.parents(link, row)
        word = dict(crossed.policies).get(f"{table.name}.{link.label}")
        if word == "null" and parents and not any(parent in rows for parent in parents):
            row = row.with_values(**dict.fromkeys(link.columns))
    return row


def _stub(table: Table, row: Row, blanks: Mapping[Ids | None, str]) -> Cells:
    obligatory = (link.columns for link in table.links if all(table.field(name).is_required for name in link.columns))
    kept = {*table.key, *(name for columns in obligatory for name in columns)}
    return tuple(
        cell if name in kept else blanks.get(table.field(name).ids, NULL) if table.field(name).is_required else NULL
        for name, cell in zip(table.names, cells(row), strict=True)
    )
