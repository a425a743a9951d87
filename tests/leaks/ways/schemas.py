"""Tenants that have a schema each, of PostgreSQL, with the same tables in it, and what all share outside of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak
from tests.leaks.world import SAID, Field, Link, Marking, Row, Table, World

_NAMES = ("acme", "Acme", "acme_2")


def clean(random: Random, world: World) -> World | None:
    """The rows of each tenant in tables of his own; what was nobody's is the last one's."""
    if world.marking is not Marking.ROOT or world.has_people or world.also:
        return None
    schemas = _NAMES[: len(world.tenants)]
    tables = [table for table in world.tables if table.is_shared]
    own = [table for table in world.tables if not table.is_shared]
    shared = {table.name for table in tables}
    tables += [_homed(table, schema, shared) for schema in schemas for table in own]
    excluded = tuple(f"{schemas[world.ours]}.{name}" for name in world.excluded)
    return replace(
        world,
        marking=Marking.SCHEMA,
        tenants=schemas,
        schemas=schemas,
        tables=tuple(tables),
        rows=tuple(_moved(row, schemas, shared) for row in world.rows),
        excluded=excluded,
    )


def _homed(table: Table, schema: str, shared: set[str]) -> Table:
    links = (link if link.parent in shared else replace(link, parent=f"{schema}.{link.parent}") for link in table.links)
    return replace(table, name=f"{schema}.{table.name}", links=tuple(links))


def _moved(row: Row, schemas: tuple[str, ...], shared: set[str]) -> Row:
    if row.table in shared:
        return row
    owner = len(schemas) - 1 if row.owner is None else row.owner
    return replace(row, table=f"{schemas[owner]}.{row.table}", owner=owner)


def _tables(world: World, owner: int) -> list[Table]:
    return [table for table in world.tables if table.name.startswith(f"{world.schemas[owner]}.")]


def _pointing(random: Random, world: World, ours: int, theirs: int) -> tuple[Table, World] | None:
    """A row of the one points at a row of the other, by a reference between their schemas."""
    pointed = [row for table in _tables(world, theirs) if table.key == ("id",) for row in world.rows_of(table.name)]
    tables = [table for table in _tables(world, ours) if table.name not in world.excluded]
    rows = [row for table in tables for row in world.rows_of(table.name)]
    if not pointed or not rows:
        return None
    chosen, parent = random.choice(rows), random.choice(pointed)
    table = world.table(chosen.table)
    link = Link(columns=("beside_id",), parent=parent.table, parent_columns=("id",))
    fields = (*table.fields, Field(name="beside_id", ids=world.ids))
    world = world.with_table(replace(table, fields=fields, links=(*table.links, link)))
    for row in world.rows_of(table.name):
        world = world.with_row(row.with_values(beside_id=parent.value("id") if row is chosen else None))
    return table, world


def leading_out(random: Random, world: World) -> Leak | None:
    """Our row points into another tenant's schema."""
    found = _pointing(random, world, world.ours, random.choice(world.others()))
    if not found:
        return None
    return Leak(kind="reference into another schema", table=found[0].name, world=found[1], is_question=True)


def leading_in(random: Random, world: World) -> Leak | None:
    """Another tenant's row points into our schema: it stays where it is."""
    found = _pointing(random, world, random.choice(world.others()), world.ours)
    return Leak(kind="reference from another schema", table=found[0].name, world=found[1]) if found else None


def unnamed(random: Random, world: World) -> Leak | None:
    """A schema that nobody told of, whose name begins as ours does."""
    table = Table(name="acme_3.t0", fields=(Field(name=SAID),))
    row = Row(table="acme_3.t0", values=((SAID, "whose?"),), owner=None)
    before = (*world.before, ("postgresql", 'CREATE SCHEMA acme_3; CREATE TABLE acme_3.t0 ("said" text)'))
    changed = replace(
        world, tables=(*world.tables, table), rows=(*world.rows, row), before=before, inherited=("acme_3.t0",)
    )
    return Leak(kind="schema nobody named", table="acme_3.t0", world=changed, is_question=True)


def heir(random: Random, world: World) -> Leak | None:
    """A table of another schema inherits one of ours: who reads ours reads its rows, too."""
    tables = [table for table in _tables(world, world.ours) if table.name not in world.excluded]
    table, other = random.choice(tables), world.schemas[random.choice(world.others())]
    required = [each.name for each in table.fields if each.is_required]
    if required not in ([], ["id"]) or world.ids != "number":
        return None
    name = '"{}"."{}"'.format(*table.name.split("."))
    values = f"({SAID}{', id' if required else ''}) VALUES ('an heir'{', 77' if required else ''})"
    script = f'CREATE TABLE "{other}".heir () INHERITS ({name}); INSERT INTO "{other}".heir {values}'
    changed = replace(world, scripts=(*world.scripts, ("postgresql", script)))
    return Leak(kind="table that inherits from another schema", table="heir", world=changed)


def seen_together(random: Random, world: World) -> Leak | None:
    """A view of our schema shows the rows of all: those that lead to ours leave by it."""
    tables = [table for table in _tables(world, world.ours) if table.key == ("id",)]
    tables = [table for table in tables if table.name not in world.excluded]
    if not tables:
        return None
    table = random.choice(tables)
    bare = table.name.partition(".")[2]
    every = (f'SELECT id AS of_id, {SAID} FROM "{schema}"."{bare}"' for schema in world.schemas)
    link = Link(columns=("of_id",), parent=table.name, parent_columns=("id",), is_declared=False)
    name = f"{world.schemas[world.ours]}.together"
    fields = (Field(name="of_id", ids=world.ids), Field(name=SAID))
    view = Table(name=name, fields=fields, links=(link,), shows=" UNION ALL ".join(every))
    seen = [
        Row(table=name, values=(("of_id", row.value("id")), (SAID, row.said)), owner=world.ours)
        for row in world.rows_of(table.name)
    ]
    changed = replace(world, tables=(*world.tables, view), rows=(*world.rows, *seen))
    return Leak(kind="view of several schemas", table=name, world=changed)
