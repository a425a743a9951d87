"""Tables that PostgreSQL keeps in partitions."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, owned
from tests.leaks.world import SAID, Field, Link, Marking, Table, World

_PARTS = 2


def clean(random: Random, world: World) -> World | None:
    """One table, or more, in partitions by a hash of its key's first column; `world.before` makes them."""
    tables = [table for table in owned(world) if table.key]
    if not tables:
        return None
    for table in random.sample(tables, random.randint(1, len(tables))):
        parted = replace(table, parted_by=f"HASH ({table.key[0]})")
        parts = "; ".join(_part(table, number) for number in range(_PARTS))
        world = replace(world.with_table(parted), before=(*world.before, ("postgresql", parts)))
    return world


def _part(table: Table, number: int) -> str:
    values = f"FOR VALUES WITH (MODULUS {_PARTS}, REMAINDER {number})"
    return f"CREATE TABLE {table.name}_part_{number} PARTITION OF {table.name} {values}"


def _parted(random: Random, world: World) -> Table:
    return random.choice([table for table in world.tables if table.parted_by])


def led_by_parts(random: Random, world: World) -> Leak | None:
    """Only the partitions, and not their table, declare a reference; by it one of our rows points at another's."""
    table = _parted(random, world)
    parents = [one for one in owned(world) if one.key == ("id",) and one is not table]
    theirs = [(one, row) for one in parents for other in world.others() for row in world.rows_of(one.name, other)]
    ours = world.rows_of(table.name, world.ours)
    if not theirs or not ours:
        return None
    parent, pointed = random.choice(theirs)
    link = Link(columns=("part_id",), parent=parent.name, parent_columns=("id",), is_declared=False)
    changed = world.with_table(replace(table, fields=(*table.fields, Field(name="part_id", ids=world.ids))))
    chosen = random.choice(ours)
    for row in changed.rows_of(table.name):
        part_id = pointed.value("id") if row is chosen else None
        changed = changed.with_row(row.with_values(part_id=part_id))
    pointing = f"FOREIGN KEY ({link.label}) REFERENCES {parent.name} (id)"
    scripts = [f"ALTER TABLE {table.name}_part_{number} ADD {pointing}" for number in range(_PARTS)]
    return Leak(
        kind="reference of partitions",
        table=table.name,
        world=replace(changed, scripts=(*changed.scripts, ("postgresql", "; ".join(scripts)))),
        is_question=True,
    )


def detached(random: Random, world: World) -> Leak | None:
    """A partition that is one no more: where nothing leads to its rows, somebody has to say whose they are."""
    table = _parted(random, world)
    if not world.marking.has_root:
        return None
    script = f"ALTER TABLE {table.name} DETACH PARTITION {table.name}_part_0; "
    script += f"CREATE TABLE bare AS SELECT {SAID} FROM {table.name}_part_0; DROP TABLE {table.name}_part_0"
    changed = replace(world, scripts=(*world.scripts, ("postgresql", script)))
    is_pointed_at = any(link.parent == table.name for one in world.tables for link in one.links if link.is_declared)
    if is_pointed_at or world.marking is not Marking.ROOT:
        return None
    return Leak(kind="partition that was detached", table="bare", world=changed, is_question=True)
