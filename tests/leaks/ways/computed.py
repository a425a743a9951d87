"""Documents that name a tenant, and columns that the database computes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak, owned
from tests.leaks.world import MARK, SAID, TENANTS, Field, Ids, Link, Marking, Row, Table, Value, World

NOTES, DATA = "notes", "data"
_TYPES = {Ids.NUMBER: "integer", Ids.TEXT: "text", Ids.UUID: "uuid"}
_MARIADB = {Ids.NUMBER: "int", Ids.TEXT: "varchar(40) COLLATE utf8mb4_nopad_bin", Ids.UUID: "uuid"}


def clean(random: Random, world: World) -> World | None:
    """Notes whose tenant stands in their document alone; some of them hang on other rows, too."""
    parents = [table for table in owned(world) if table.key == ("id",)]
    if world.marking.has_keys or not parents or any(world.also):
        return None
    parent = random.choice(parents)
    key, of = Field(name="id", ids=Ids.NUMBER, is_required=True), Field(name="of_id", ids=world.ids)
    computed = Field(name=MARK, ids=world.ids, is_computed=True)
    links = (
        Link(columns=("of_id",), parent=parent.name, parent_columns=("id",)),
        Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",), is_declared=False),
    )
    fields = (key, of, Field(name=DATA, is_json=True), Field(name=SAID), computed)
    rows = [
        note(world, number, row.value("id") if random.random() < 0.7 else None, row.owner)
        for number, row in enumerate(world.rows_of(parent.name))
        if row.owner is not None
    ]
    table = Table(name=NOTES, fields=fields, key=("id",), links=links)
    scripts = tuple((kind, text) for kind, text in _computing(world.ids).items())
    return replace(world, tables=(*world.tables, table), rows=(*world.rows, *rows), scripts=(*world.scripts, *scripts))


def _computing(ids: Ids) -> dict[str, str]:
    """The column that takes the tenant out of the document."""
    added = f"ALTER TABLE {NOTES} ADD COLUMN {MARK}"
    affinity = "INTEGER" if ids is Ids.NUMBER else "TEXT"
    return {
        "sqlite": f"{added} {affinity} AS (json_extract({DATA}, '$.firm')) VIRTUAL",
        "postgresql": f"{added} {_TYPES[ids]} GENERATED ALWAYS AS (({DATA} ->> 'firm')::{_TYPES[ids]}) STORED",
        "mysql": f"{added} {_MARIADB[ids]} AS (json_value({DATA}, '$.firm')) VIRTUAL",
    }


def note(world: World, number: int, of: Value, firm: int | None) -> Row:
    tenant = None if firm is None else world.tenants[firm]
    values = {"id": number, "of_id": of, DATA: json.dumps({"firm": tenant}), SAID: f"note {number}", MARK: tenant}
    return Row(table=NOTES, values=tuple(values.items()), owner=firm)


def _another(random: Random, world: World, pointed: int, said: int) -> Leak | None:
    """A note on a row of one tenant, whose document names another."""
    parent = next(link.parent for link in world.table(NOTES).links if link.columns == ("of_id",))
    rows = world.rows_of(parent, pointed)
    if not rows:
        return None
    added = replace(note(world, 900, random.choice(rows).value("id"), said), owner=None)
    return Leak(kind="document of another tenant", table=NOTES, world=world.with_row(added), is_question=True)


def naming_another(random: Random, world: World) -> Leak | None:
    """A note on our row, whose document names another tenant."""
    return _another(random, world, world.ours, random.choice(world.others()))


def naming_us(random: Random, world: World) -> Leak | None:
    """A note on another tenant's row, whose document names us."""
    return _another(random, world, random.choice(world.others()), world.ours)


def unnamed(random: Random, world: World) -> Leak | None:
    """A note whose document names nobody, and that hangs on nothing: it is nobody's, and stays."""
    if world.marking is Marking.COLUMN:
        return None
    changed = world.with_row(note(world, 901, None, None))
    return Leak(kind="document of nobody", table=NOTES, world=changed)
