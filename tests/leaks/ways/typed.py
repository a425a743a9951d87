"""Ids that are numbers or UUIDs, in columns that somebody declared as text."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, owned
from tests.leaks.world import MARK, Ids, Link, Row, Table, World


def _places(world: World) -> list[tuple[Table, Link]]:
    return [
        (table, link)
        for table in owned(world)
        for link in table.links
        if not link.is_declared and link.columns[-1] not in (*table.key, MARK)
        if not any(one.is_declared and link.columns[-1] in one.columns for one in table.links)
    ]


def clean(random: Random, world: World) -> World | None:
    """References that the plan alone declares, from text to numbers or UUIDs."""
    places = _places(world)
    if world.ids is Ids.TEXT or not places:
        return None
    for table, link in places:
        column, now = link.columns[-1], world.table(table.name)
        fields = tuple(replace(each, is_plain=True) if each.name == column else each for each in now.fields)
        world = world.with_table(replace(now, fields=fields))
        for row in world.rows_of(table.name):
            if row.value(column) is not None:
                world = world.with_row(row.with_values(**{column: str(row.value(column))}))
    return world


def _written(random: Random, world: World, row: Row, column: str) -> Row:
    text = str(row.value(column))
    spelled = [f"0{text}", f"{text} ", f"+{text}"] if world.ids is Ids.NUMBER else [text.upper(), f"{{{text}}}"]
    return row.with_values(**{column: random.choice(spelled)})


def otherwise(random: Random, world: World) -> Leak | None:
    """One of our rows writes the number with a zero before it, or the UUID in capitals."""
    rows = [
        (row, link)
        for table, link in _places(world)
        for row in world.rows_of(table.name, world.ours)
        if row.value(link.columns[-1]) is not None
    ]
    if not rows:
        return None
    row, link = random.choice(rows)
    changed = _written(random, world, row, link.columns[-1])
    return Leak(kind="id written otherwise", table=row.table, world=world.with_row(changed))
