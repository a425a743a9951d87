"""Plants a leak in a clean world: something that would let another tenant's row out, or one of ours stay behind.

The answer key does not change with what is planted, unless the leak says so: whose a row is was known when it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from uuid import UUID

from tests.leaks.world import (
    JOINED,
    MARK,
    PEOPLE,
    PERSON,
    SAID,
    TENANTS,
    Field,
    Ids,
    Link,
    Marking,
    Row,
    Table,
    Value,
    World,
)


@dataclass(frozen=True, kw_only=True)
class Leak:
    """What was planted, and the table that a refusal has to name."""

    kind: str
    table: str
    world: World
    is_question: bool = False  # nobody but a person can say what is right: it has to be refused


Plant = Callable[[Random, World], Leak | None]
"""None where the world has no place for it."""


# ── places ──────────────────────────────────────────────────────────────────────────────────────────────────
def owned(world: World) -> list[Table]:
    """Tables whose rows leave, or stay because they are somebody else's."""
    beside = (TENANTS, *world.excluded)
    return [table for table in world.tables if not (table.is_shared or table.is_view or table.name in beside)]


def crossable(world: World, table: Table) -> Iterator[Link]:
    """References by which one tenant's row can point at another's: the tenant's own mark is no part of them."""
    for link in table.links:
        if MARK not in link.columns and not world.table(link.parent).is_shared:
            yield link


def is_led_otherwise(world: World, row: Row, link: Link) -> bool:
    """Whether something beside this link says whose the row is."""
    table = world.table(row.table)
    if not world.marking.has_root and MARK in table.names and row.value(MARK) is not None:
        return True
    others = (one for one in table.links if one.columns != link.columns and not world.table(one.parent).is_shared)
    return any(all(row.value(name) is not None for name in one.columns) for one in others)


def redirected(row: Row, link: Link, parent: Row) -> Row:
    values = {ours: parent.value(theirs) for ours, theirs in zip(link.columns, link.parent_columns, strict=True)}
    return row.with_values(**values, **({link.type_column: link.of_type} if link.type_column else {}))


Crossing = tuple[Row, Link, Row]
"""A row, a reference of it, and the row of another tenant that it may be led to."""


def crossings(world: World, is_wanted: Callable[[Table, Link], bool], *, inwards: bool) -> list[Crossing]:
    """Where a row that hangs on one tenant can point at another: theirs at ours (`inwards`), or ours at theirs."""
    places = []
    for table in owned(world):
        for link in crossable(world, table):
            if not is_wanted(table, link) or link.parent in world.excluded:
                continue
            for other in world.others():
                pointing, pointed = (other, world.ours) if inwards else (world.ours, other)
                places += [
                    (row, link, parent)
                    for row in world.rows_of(table.name, pointing)
                    for parent in world.rows_of(link.parent, pointed)
                    if is_led_otherwise(world, row, link)
                ]
    return places


def _crossed(random: Random, world: World, kind: str, *, inwards: bool, selfish: bool) -> Leak | None:
    places = crossings(world, lambda table, link: (link.parent == table.name) is selfish, inwards=inwards)
    if not places:
        return None
    row, link, parent = random.choice(places)
    changed = world.with_row(redirected(row, link, parent))
    return Leak(kind=kind, table=row.table, world=changed, is_question=not inwards)


# ── what is planted ─────────────────────────────────────────────────────────────────────────────────────────
def second_path(random: Random, world: World) -> Leak | None:
    """Another tenant's row has a path to us beside its own."""
    return _crossed(random, world, "second path", inwards=True, selfish=False)


def foreign_parent(random: Random, world: World) -> Leak | None:
    """One of our rows points at another tenant's."""
    return _crossed(random, world, "foreign parent", inwards=False, selfish=False)


def self_reference(random: Random, world: World) -> Leak | None:
    """A row's parent of the same table is another tenant's."""
    return _crossed(random, world, "self-reference", inwards=random.random() < 0.5, selfish=True)


def shared_parent(random: Random, world: World) -> Leak | None:
    """What the plan calls shared is somebody's: a land of another tenant, that a row of ours points at."""
    links = [link for table in owned(world) for link in table.links if link.parent == "lands"]
    ours = [row for table in owned(world) for row in world.rows_of(table.name, world.ours) if "land_id" in table.names]
    if not links or not ours:
        return None
    lands = world.table("lands")
    mark = Field(name=MARK, ids=world.ids)
    owner = Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",))
    links_now = (*lands.links, owner) if world.marking.has_root or random.random() < 0.5 else lands.links
    world = world.with_table(replace(lands, fields=(*lands.fields, mark), links=links_now))
    other, row = random.choice(world.others()), random.choice(ours)
    for number, land in enumerate(world.rows_of("lands")):
        whose = other if not number else None
        world = world.with_row(
            replace(land.with_values(**{MARK: None if number else world.tenants[other]}), owner=whose)
        )
    private = world.rows_of("lands")[0]
    return Leak(kind="shared parent", table="lands", world=world.with_row(row.with_values(land_id=private.value("id"))))


def _polymorphic(world: World, owner: int) -> list[tuple[Row, Link]]:
    return [
        (row, link)
        for table in owned(world)
        for link in table.links
        if link.type_column
        for row in world.rows_of(table.name, owner)
        if row.value("target_type") == link.of_type and row.value("target_id") is not None
    ]


def other_type(random: Random, world: World) -> Leak | None:
    """A row whose target would be ours if its type were another: whoever says OR takes it along."""
    found = []
    for other in world.others():
        for row, link in _polymorphic(world, other):
            types = [one for one in world.table(row.table).links if one.type_column and one.of_type != link.of_type]
            found += [
                row
                for one in types
                for parent in world.rows_of(one.parent, world.ours)
                if parent.value("id") == row.value("target_id")
            ]
    return Leak(kind="OR-ed polymorphic type", table=random.choice(found).table, world=world) if found else None


def unknown_type(random: Random, world: World) -> Leak | None:
    """A row of ours whose type the plan does not know, or knows in another case."""
    rows = _polymorphic(world, world.ours)
    if not rows:
        return None
    row, link = random.choice(rows)
    said = random.choice(["stranger", str(link.of_type).upper(), f"{link.of_type} ", ""])
    return Leak(
        kind="polymorphic type nobody knows", table=row.table, world=world.with_row(row.with_values(target_type=said))
    )


def half_joined(random: Random, world: World) -> Leak | None:
    """A table that keeps one half of its parent's key: the same number is several tenants'."""
    parents = [table for table in owned(world) if table.key == (MARK, "id") and world.rows_of(table.name, world.ours)]
    if not parents:
        return None
    parent = random.choice(parents)
    link = Link(columns=("of_id",), parent=parent.name, parent_columns=("id",), is_declared=False)
    fields = (
        Field(name="id", ids=Ids.NUMBER, is_required=True),
        Field(name="of_id", ids=world.ids, is_required=True),
        Field(name=SAID),
    )
    halves = Table(name="halves", fields=fields, key=("id",), links=(link,))
    rows = [
        Row(table="halves", values=(("id", n), ("of_id", row.value("id")), (SAID, f"half {n}")), owner=row.owner)
        for n, row in enumerate(world.rows_of(parent.name))
    ]
    ours = {row.value("of_id") for row in rows if row.owner == world.ours}
    if not any(row.value("of_id") in ours for row in rows if row.owner != world.ours):
        return None
    # a server that lets references lead to what is no key
    pointing = f"ALTER TABLE halves ADD FOREIGN KEY (of_id) REFERENCES {parent.name} (id)"
    script = f"CREATE INDEX half ON {parent.name} (id); {pointing}"
    scripts = (("mysql", script),) if random.random() < 0.5 else ()
    world = replace(world, tables=(*world.tables, halves), rows=(*world.rows, *rows), scripts=scripts)
    return Leak(kind="half-joined composite key", table="halves", world=world)


_TRIGGERS = {
    "sqlite": "CREATE TRIGGER fills AFTER INSERT ON {table} WHEN new.said = {said} BEGIN"
    " UPDATE {table} SET firm_id = {mark} WHERE said = new.said; END",
    "postgresql": "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF new.said = {said} THEN new.firm_id := {mark}; END IF; RETURN new; END $$;"
    " CREATE TRIGGER fills BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fill()",
    "mysql": "CREATE TRIGGER fills BEFORE INSERT ON {table} FOR EACH ROW"
    " SET new.firm_id = CASE WHEN new.said = {said} THEN {mark} ELSE new.firm_id END",
}


def trigger_filled(random: Random, world: World) -> Leak | None:
    """A trigger writes the wrong tenant into a row whose parent says whose it is."""
    if world.marking is not Marking.COLUMN:
        return None
    rows = [
        (row, link)
        for table in owned(world)
        if MARK in table.names
        for link in crossable(world, table)
        for row in world.rows_of(table.name)
        if row.owner is not None and link.type_column is None and row.value(link.columns[0]) is not None
    ]
    if not rows:
        return None
    row, _ = random.choice(rows)
    wrong = random.choice(world.others()) if row.owner == world.ours else world.ours
    said = {"table": row.table, "said": _literal(row.said), "mark": _literal(world.tenants[wrong])}
    scripts = tuple((dialect, script.format(**said)) for dialect, script in _TRIGGERS.items())
    return Leak(kind="trigger-filled column", table=row.table, world=replace(world, before=scripts))


def _literal(value: Value) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"


_SPELLINGS: tuple[Callable[[str], str], ...] = (str.upper, str.lower, str.title, lambda text: f"{text} ")


def wrong_case(random: Random, world: World) -> Leak | None:
    """One of our rows names its tenant, or its parent, in another case: exactly compared, that is nobody."""
    if world.ids is not Ids.TEXT:
        return None
    places = []
    for table in owned(world):
        for link in table.links:
            if link.is_declared or link.type_column or (world.table(link.parent).is_shared and link.parent != TENANTS):
                continue
            keys = {row.value(link.parent_columns[-1]) for row in world.rows_of(link.parent)}
            column = link.columns[-1]
            if column in table.key or any(other.is_declared and column in other.columns for other in table.links):
                continue
            places += [
                row.with_values(**{column: spelled})
                for row in world.rows_of(table.name, world.ours)
                for spelled in (spell(str(row.value(column))) for spell in _SPELLINGS)
                if row.value(column) is not None and spelled not in keys
            ]
    if not places:
        return None
    row = random.choice(places)
    return Leak(kind="wrong case in a text id", table=row.table, world=world.with_row(row))


def nobodys_parent(random: Random, world: World) -> Leak | None:
    """One of our rows points at a row that leads to nobody."""
    places = [
        (row, link, parent)
        for table in owned(world)
        for link in crossable(world, table)
        for row in world.rows_of(table.name, world.ours)
        for parent in world.rows_of(link.parent)
        if parent.owner is None and link.parent not in world.excluded and is_led_otherwise(world, row, link)
    ]
    if not places:
        return None
    row, link, parent = random.choice(places)
    return Leak(kind="parent of nobody's", table=row.table, world=world.with_row(redirected(row, link, parent)))


def renamed_mark(random: Random, world: World) -> Leak | None:
    """One table writes the tenant's column in capitals: to its database that is the same column."""
    if world.marking is not Marking.COLUMN:
        return None
    tables = [table for table in owned(world) if MARK in table.names and world.rows_of(table.name, world.ours)]
    tables = [table for table in tables if not any(MARK in link.columns for link in table.links)]
    if not tables:
        return None
    table = random.choice(tables)
    marked = (row for row in world.rows if row.table != table.name and row.owner == world.ours)
    if not any(dict(row.values).get(MARK) is not None for row in marked if row.table not in world.excluded):
        return None
    fields = tuple(replace(each, name=MARK.upper()) if each.name == MARK else each for each in table.fields)
    key = tuple(MARK.upper() if name == MARK else name for name in table.key)
    rows = tuple(
        replace(row, values=tuple((MARK.upper() if name == MARK else name, value) for name, value in row.values))
        if row.table == table.name
        else row
        for row in world.rows
    )
    changed = replace(world.with_table(replace(table, fields=fields, key=key)), rows=rows)
    return Leak(kind="tenant column in capitals", table=table.name, world=changed)


def hiding_policy(random: Random, world: World) -> Leak | None:
    """Row-level security shows the reader a part of our rows."""
    tables = [table for table in owned(world) if world.rows_of(table.name, world.ours)]
    if not tables:
        return None
    table = random.choice(tables)
    hidden = random.choice(world.rows_of(table.name, world.ours))
    script = (
        f"CREATE POLICY hides ON {table.name} USING (said <> {_literal(hidden.said)});"
        f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY"
    )
    return Leak(
        kind="row-level security that hides",
        table=table.name,
        world=replace(world, scripts=(("postgresql", script),)),
    )


def membership(random: Random, world: World) -> Leak | None:
    """A table of who belongs to whom: one row makes somebody else's a member of ours, or one of ours a member there."""
    tables = [table for table in owned(world) if table.key == ("id",) and world.rows_of(table.name, world.ours)]
    tables = [table for table in tables if any(world.rows_of(table.name, other) for other in world.others())]
    if world.marking is not Marking.ROOT or not tables:
        return None
    member = random.choice(tables)
    links = (
        Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",)),
        Link(columns=("member_id",), parent=member.name, parent_columns=("id",)),
    )
    fields = (
        Field(name=MARK, ids=world.ids, is_required=True),
        Field(name="member_id", ids=world.ids, is_required=True),
        Field(name=SAID),
    )
    table = Table(name="members", fields=fields, key=(MARK, "member_id"), links=links)
    crossing = random.choice(
        [
            (row, firm)
            for row in world.rows_of(member.name)
            for firm in range(len(world.tenants))
            if row.owner is not None and firm != row.owner and world.ours in (firm, row.owner)
        ]
    )
    inside = [(row, row.owner) for row in world.rows_of(member.name) if row.owner is not None]
    rows = [
        Row(
            table="members",
            values=((MARK, world.tenants[firm]), ("member_id", row.value("id")), (SAID, f"member {number}")),
            owner=firm,
        )
        for number, (row, firm) in enumerate([*inside, crossing])
    ]
    world = replace(world, tables=(*world.tables, table), rows=(*world.rows, *rows))
    return Leak(kind="many-to-many membership", table="members", world=world)


def _naming_people(world: World) -> list[Table]:
    return [table for table in owned(world) if table.name != JOINED and PERSON in table.names]


def strange_person(random: Random, world: World) -> Leak | None:
    """One of our rows names somebody who is no member of ours."""
    members = [row.value(PERSON) for row in world.rows_of(JOINED, world.ours)]
    strangers = [row for row in world.rows_of(PEOPLE) if row.value("id") not in members]
    rows = [row for table in _naming_people(world) for row in world.rows_of(table.name, world.ours)]
    if not strangers or not rows:
        return None
    row = random.choice(rows).with_values(**{PERSON: random.choice(strangers).value("id")})
    return Leak(kind="person of nobody's or others'", table=row.table, world=world.with_row(row))


def only_a_person(random: Random, world: World) -> Leak | None:
    """A row that nothing but one of our members leads to us, who may be a member elsewhere."""
    tables = [
        table
        for table in _naming_people(world)
        if not any(field.is_required for field in table.fields if field.name != "id")
    ]
    members = world.rows_of(JOINED, world.ours)
    if not tables or not members:
        return None
    table = random.choice(tables)
    said = {**dict.fromkeys(table.names), PERSON: random.choice(members).value(PERSON), SAID: "a person's"}
    if table.key:
        said["id"] = {Ids.NUMBER: 99, Ids.TEXT: "k99", Ids.UUID: str(UUID(int=99))}[world.ids]
    row = Row(table=table.name, values=tuple(said.items()), owner=None)
    return Leak(kind="row of a person", table=table.name, world=world.with_row(row))


def inheriting_table(random: Random, world: World) -> Leak | None:
    """A table that inherits another's columns: whoever reads the one reads the rows of both."""
    tables = [table for table in owned(world) if world.rows_of(table.name, world.ours)]
    tables = [table for table in tables if MARK in table.names and not world.marking.has_root]
    if not tables:
        return None
    table = random.choice(tables)
    heirs = replace(table, name="heirs", key=(), links=())
    rows = [replace(row, table="heirs").with_values(said=f"heir of {row.said}") for row in world.rows_of(table.name)]
    written = ", ".join(f"({', '.join('NULL' if v is None else _literal(v) for _, v in row.values)})" for row in rows)
    script = f"CREATE TABLE heirs () INHERITS ({table.name}); INSERT INTO heirs VALUES {written}"
    held = [row for row in rows if row.value(MARK) is not None]
    seen = replace(world, tables=(*world.tables, heirs), rows=(*world.rows, *held), inherited=("heirs",))
    return Leak(kind="table that inherits", table="heirs", world=replace(seen, scripts=(("postgresql", script),)))


def widening_view(random: Random, world: World) -> Leak | None:
    """A view shows every tenant's rows under the names of a table's columns."""
    table = random.choice(owned(world))
    columns = ", ".join(table.names)
    rows = f"SELECT {columns} FROM {table.name}"
    script = f"CREATE VIEW all_{table.name} AS {rows} UNION ALL {rows}"
    return Leak(kind="view that widens", table=table.name, world=replace(world, scripts=(("", script),)))


EVERYWHERE: tuple[Plant, ...] = (
    second_path,
    foreign_parent,
    self_reference,
    shared_parent,
    other_type,
    unknown_type,
    half_joined,
    trigger_filled,
    wrong_case,
    nobodys_parent,
    renamed_mark,
    membership,
    strange_person,
    only_a_person,
    widening_view,
)
POSTGRES: tuple[Plant, ...] = (hiding_policy, inheriting_table)
"""What PostgreSQL alone has."""
