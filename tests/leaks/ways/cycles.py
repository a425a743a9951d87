"""Tables that point at each other, so that no order of them puts every parent first."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, is_led_otherwise, owned, redirected
from tests.leaks.world import MARK, SAID, TENANTS, Field, Link, Row, World

BACK = "back_id"


def clean(random: Random, world: World) -> World | None:
    """A parent points back at one of its children's table; on PostgreSQL, when the transaction ends."""
    places = [
        (parent, child)
        for child in owned(world)
        for parent in owned(world)
        if parent is not child and child.key and child.key[-1] == "id"
        if any(link.parent == parent.name and not link.type_column for link in child.links)
    ]
    if not places:
        return None
    parent, child = random.choice(places)
    columns = (MARK, BACK) if child.key[0] == MARK else (BACK,)
    link = Link(columns=columns, parent=child.name, parent_columns=child.key, is_declared=random.random() < 0.8)
    table = replace(parent, fields=(*parent.fields, Field(name=BACK, ids=world.ids)), links=(*parent.links, link))
    world = world.with_table(table)
    for row in world.rows_of(parent.name):
        own = world.rows_of(child.name, row.owner) if row.owner is not None and random.random() < 0.7 else []
        world = world.with_row(row.with_values(**{BACK: random.choice(own).value("id") if own else None}))
    deferred = f'ALTER TABLE "{table.name}" ALTER CONSTRAINT "{table.name}_{len(parent.links)}" DEFERRABLE'
    scripts = (("postgresql", f"{deferred} INITIALLY DEFERRED"),) if link.is_declared else ()
    return replace(world, scripts=(*world.scripts, *scripts))


def crossed(random: Random, world: World) -> Leak | None:
    """The way back leads to another tenant's row, or another's to ours."""
    table = next(table for table in world.tables if BACK in table.names)
    link = next(link for link in table.links if BACK in link.columns)
    inwards = random.random() < 0.5
    places = [
        (row, parent)
        for other in world.others()
        for row in world.rows_of(table.name, other if inwards else world.ours)
        for parent in world.rows_of(link.parent, world.ours if inwards else other)
        if is_led_otherwise(world, row, link)
    ]
    if not places or MARK in link.columns:
        return None
    row, parent = random.choice(places)
    changed = world.with_row(redirected(row, link, parent))
    return Leak(kind="cycle into another tenant", table=table.name, world=changed, is_question=not inwards)


def island(random: Random, world: World) -> Leak | None:
    """Two rows that hold nothing but each other: they are nobody's, and stay."""
    table = next(table for table in world.tables if BACK in table.names)
    back = next(link for link in table.links if BACK in link.columns)
    child = world.table(back.parent)
    link = next(one for one in child.links if one.parent == table.name and not one.type_column)
    free = (*back.columns, *link.columns, "id", SAID)
    is_held = any(each.is_required and each.name not in free for each in (*table.fields, *child.fields))
    if is_held or MARK in (*back.columns, *link.columns) or table.name == TENANTS or not table.key:
        return None
    ids = [max((row.value("id") for row in world.rows_of(name)), default=None) for name in (table.name, child.name)]
    if not all(isinstance(id_, int) for id_ in ids):
        return None
    here, there = (int(str(id_)) + 1 for id_ in ids)
    said = {"id": here, back.columns[0]: there, SAID: "an island"}
    other = {"id": there, link.columns[0]: here, SAID: "its other half"}
    rows = [
        Row(table=one.name, values=tuple((name, values.get(name)) for name in one.names), owner=None)
        for one, values in ((table, said), (child, other))
    ]
    return Leak(kind="island", table=table.name, world=replace(world, rows=(*world.rows, *rows)))
