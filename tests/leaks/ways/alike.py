"""Text ids that their database does not tell apart exactly: another case, another accent or a blank says the same."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, crossings, owned, redirected
from tests.leaks.world import MARK, TENANTS, Alike, Ids, Link, Row, Table, Value, World

_APART = {"ACME": "globex", "K": "q"}
"""What the ids of other tenants become, which were told apart by their case alone."""
_SPELLED = {"k": "ķ", "a": "à", "g": "ğ", "q": "Q"}


def in_another_case(random: Random, world: World) -> World | None:
    return _respelled(random, world, Alike.CASE)


def with_accents(random: Random, world: World) -> World | None:
    return _respelled(random, world, Alike.ACCENTS)


def _respelled(random: Random, world: World, alike: Alike) -> World | None:
    """References, but not the tenant's own mark, spelled otherwise than the keys they mean."""
    if world.ids is not Ids.TEXT:
        return None
    tenants = tuple(_apart(value) for value in world.tenants)
    also = tuple((table, _apart(value)) for table, value in world.also)
    rows = tuple(replace(row, values=tuple((n, _of(world, row, n, v)) for n, v in row.values)) for row in world.rows)
    world = replace(world, tenants=tenants, also=also, rows=rows, alike=alike)
    changed = 0
    for table in owned(world):
        for link in table.links:
            column = link.columns[-1]
            if column in table.key or column == MARK:
                continue
            for row in world.rows_of(table.name):
                if row.value(column) is not None and random.random() < 0.4:
                    spelled = spell(random, alike, str(row.value(column)))
                    world, changed = world.with_row(row.with_values(**{column: spelled})), changed + 1
    return world if changed else None


def _of(world: World, row: Row, name: str, value: Value) -> Value:
    return _apart(value) if world.table(row.table).field(name).ids is Ids.TEXT else value


def _apart(value: Value) -> Value:
    for start, instead in _APART.items():
        if isinstance(value, str) and value.startswith(start):
            return instead + value.removeprefix(start)
    return value


def spell(random: Random, alike: Alike, value: str) -> str:
    """Another spelling of the same."""
    spelled = value.upper()
    if alike is Alike.ACCENTS:
        accented = _SPELLED.get(value[0], value[0]) + value[1:]
        spelled = random.choice([spelled, accented, f"{value} "])
    return spelled


def _crossed(random: Random, world: World, *, inwards: bool) -> Leak | None:
    def is_wanted(table: Table, link: Link) -> bool:
        return link.columns[-1] not in table.key and link.parent != TENANTS

    places = crossings(world, is_wanted, inwards=inwards)
    if not places or not world.alike:
        return None
    row, link, parent = random.choice(places)
    crossed = redirected(row, link, parent)
    column = link.columns[-1]
    crossed = crossed.with_values(**{column: spell(random, world.alike, str(crossed.value(column)))})
    kind = "reference by another spelling"
    return Leak(kind=kind, table=row.table, world=world.with_row(crossed), is_question=not inwards)


def led_to_us(random: Random, world: World) -> Leak | None:
    """Another tenant's row points at ours, by another spelling of its key."""
    return _crossed(random, world, inwards=True)


def led_away(random: Random, world: World) -> Leak | None:
    """Our row points at another tenant's, by another spelling of its key."""
    return _crossed(random, world, inwards=False)


def marked(random: Random, world: World) -> Leak | None:
    """A row of ours spells the tenant's mark otherwise: it is ours all the same."""
    tables = [table for table in owned(world) if MARK in table.names and MARK not in table.key]
    rows = [row for table in tables for row in world.rows_of(table.name, world.ours) if row.value(MARK) is not None]
    if not rows or not world.alike:
        return None
    row = random.choice(rows)
    spelled = row.with_values(**{MARK: spell(random, world.alike, str(row.value(MARK)))})
    return Leak(kind="mark by another spelling", table=row.table, world=world.with_row(spelled))
