"""Views whose rows the plan asks for."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, owned
from tests.leaks.world import MARK, SAID, TENANTS, Field, Link, Marking, Row, Table, World

VIEW = "shown"


def clean(random: Random, world: World) -> World | None:
    """A view shows a table as it is, or without what leads nowhere else."""
    table = random.choice(owned(world))
    links = tuple(replace(link, is_declared=False) for link in table.links)
    fields = tuple(replace(each, is_required=False) for each in table.fields)
    view = Table(name=VIEW, fields=fields, links=links, of=table.name)
    return replace(world, tables=(*world.tables, view))


def widening(random: Random, world: World) -> Leak | None:
    """A view shows every row beside every tenant, as if it were his."""
    tables = [table for table in owned(world) if table.key == ("id",) and world.rows_of(table.name, world.ours)]
    tables = [table for table in tables if any(world.rows_of(table.name, other) for other in world.others())]
    if world.marking.has_keys or not tables:
        return None
    table = random.choice(tables)
    shows = f"SELECT f.id AS {MARK}, t.id AS of_id, t.{SAID} FROM {table.name} t CROSS JOIN {TENANTS} f"
    links = (
        Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",), is_declared=False),
        Link(columns=("of_id",), parent=table.name, parent_columns=("id",), is_declared=False),
    )
    fields = (Field(name=MARK, ids=world.ids), Field(name="of_id", ids=world.ids), Field(name=SAID))
    view = Table(name="wide", fields=fields, links=links, shows=shows)
    seen = [
        Row(
            table="wide",
            values=((MARK, world.tenants[world.ours]), ("of_id", row.value("id")), (SAID, row.said)),
            owner=world.ours,
        )
        for row in world.rows_of(table.name, world.ours)
    ]
    changed = replace(world, tables=(*world.tables, view), rows=(*world.rows, *seen))
    return Leak(kind="view that widens", table="wide", world=changed, is_question=True)


def renaming(random: Random, world: World) -> Leak | None:
    """A view calls every row ours, whosever it is."""
    tables = [table for table in owned(world) if table.key == ("id",)]
    tables = [table for table in tables if any(world.rows_of(table.name, other) for other in world.others())]
    if world.marking is not Marking.COLUMN or not tables:
        return None
    table = random.choice(tables)
    ours = str(world.tenants[world.ours])
    named = ours if ours.isdigit() else f"'{ours}'"
    shows = f"SELECT (SELECT id FROM {TENANTS} WHERE id = {named}) AS {MARK}, id AS of_id, {SAID} FROM {table.name}"
    link = Link(columns=("of_id",), parent=table.name, parent_columns=("id",), is_declared=False)
    fields = (Field(name=MARK, ids=world.ids), Field(name="of_id", ids=world.ids), Field(name=SAID))
    view = Table(name="ours", fields=fields, links=(link,), shows=shows)
    changed = replace(world, tables=(*world.tables, view))
    return Leak(kind="view that calls all rows ours", table="ours", world=changed, is_question=True)


def unled(random: Random, world: World) -> Leak | None:
    """A view of which nothing says whose its rows are."""
    table = random.choice(owned(world))
    view = Table(name="bare", fields=(Field(name=SAID),), of=table.name)
    changed = replace(world, tables=(*world.tables, view))
    return Leak(kind="view without a path", table="bare", world=changed, is_question=True)
