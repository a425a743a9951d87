"""Draws worlds in which nothing is wrong: every row's references stay within its tenant, or lead to what all share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from random import Random

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

_TENANTS: dict[Ids, tuple[Value, ...]] = {
    Ids.NUMBER: (1, 2, 12),
    Ids.TEXT: ("acme", "ACME", "acme2"),
}
_MARKINGS = (Marking.ROOT, Marking.COLUMN, Marking.KEY, Marking.ROOT_AND_KEY)
_ROW_IDS = ("k{}", "K{}", "k{}x")
"""Text ids of the tenants' rows: they differ in what careless comparisons pass over."""


def seeded(seed: object) -> Random:
    """The same worlds for the same seed."""
    return Random(str(seed))  # noqa: S311 - no secret is drawn


def world(
    random: Random, *, marking: Marking | None = None, ids: Ids | None = None, people: bool | None = None
) -> World:
    """One whose every table has a rule by which its rows are somebody's, and where tenant `ours` has rows.

    Where tenants are root rows there may be people who belong to several, and a tenant may be two of the rows.
    """
    marking, ids = marking or random.choice(_MARKINGS), ids or random.choice(list(Ids))
    may_be = marking is Marking.ROOT
    people = may_be and random.random() < 0.4 if people is None else people
    made = _Maker(random, marking, ids, people=people).made()
    return _merged(made) if may_be and random.random() < 0.3 else made


def _merged(made: World) -> World:
    """The first two tenants are one, by two roots."""
    owners = {0: 0, 1: 0, 2: 1, None: None}
    rows = tuple(replace(row, owner=owners[row.owner]) for row in made.rows)
    return replace(made, tenants=(made.tenants[0], *made.tenants[2:]), also=((TENANTS, made.tenants[1]),), rows=rows)


@dataclass(frozen=True, kw_only=True)
class _Owning:
    """The links of a table that make a row somebody's."""

    links: tuple[Link, ...]
    required: frozenset[str]  # columns


class _Maker:
    def __init__(self, random: Random, marking: Marking, ids: Ids, *, people: bool) -> None:
        self._random = random
        self._marking = marking
        self._ids = ids
        self._tenants = _TENANTS.get(ids) or tuple(
            str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(3)
        )
        self._tables: list[Table] = []
        self._owning: dict[str, _Owning] = {}
        self._rows: list[Row] = []
        self._last = 0
        self._people = people

    def made(self) -> World:
        self._share()
        self._name_tenants()
        if self._people:
            self._gather()
        for number in range(self._random.randint(2, 6)):
            self._add_table(f"t{number}")
        for table in self._tables:
            self._fill(table)
        excluded = self._leaves() if self._random.random() < 0.3 else ()
        return World(
            marking=self._marking,
            ids=self._ids,
            tenants=self._tenants,
            tables=tuple(self._tables),
            rows=tuple(self._rows),
            excluded=excluded,
        )

    def _leaves(self) -> tuple[str, ...]:
        """A table no other points at, beside the first."""
        parents = {link.parent for table in self._tables for link in table.links}
        leaves = [name for name in self._owning if name not in parents and name not in ("t0", TENANTS)]
        return tuple(leaves[:1])

    # ── tables ──────────────────────────────────────────────────────────────────────────────────────────────
    def _share(self) -> None:
        key = Field(name="id", ids=self._ids, is_required=True)
        regions = Table(name="regions", fields=(key, Field(name=SAID)), key=("id",), is_shared=True)
        region = Field(name="region_id", ids=self._ids)
        up = Link(columns=("region_id",), parent="regions", parent_columns=("id",))
        lands = replace(regions, name="lands", fields=(key, region, Field(name=SAID)), links=(up,))
        self._tables += [regions, lands]

    def _name_tenants(self) -> None:
        """The table of tenants: the root's, or one that all may read."""
        key = Field(name="id", ids=self._ids, is_required=True)
        is_root = self._marking.has_root
        links = (Link(columns=("land_id",), parent="lands", parent_columns=("id",)),) if is_root else ()
        fields = (key, *(Field(name="land_id", ids=self._ids) for _ in links), Field(name=SAID))
        self._tables.append(Table(name=TENANTS, fields=fields, key=("id",), links=links, is_shared=not is_root))
        if is_root:
            self._owning[TENANTS] = _Owning(links=(), required=frozenset())

    def _gather(self) -> None:
        """People, and who of them belongs to whom: to nobody, to one tenant, to several."""
        key, person = Field(name="id", ids=self._ids, is_required=True), Field(name=PERSON, ids=self._ids)
        people = Table(name=PEOPLE, fields=(key, Field(name=SAID)), key=("id",), is_shared=True)
        links = (
            self._declared(Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",))),
            self._declared(Link(columns=(PERSON,), parent=PEOPLE, parent_columns=("id",))),
        )
        fields = (self._column(MARK, frozenset({MARK})), replace(person, is_required=True), Field(name=SAID))
        self._tables += [people, Table(name=JOINED, fields=fields, key=(MARK, PERSON), links=links)]

    def _add_table(self, name: str) -> None:
        marked = self._marking.has_keys or (self._marking is Marking.COLUMN and self._chance(0.75))
        owning = self._owning_links(name, least=0 if marked else 1)
        if self._marking is Marking.ROOT_AND_KEY:
            tenants = self._declared(Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",)))
            owning = [tenants, *(link for link in owning if link.parent != TENANTS)]
        if not owning and not marked:
            marked = True
        required = frozenset(owning[0].columns[-1:]) if owning and self._chance(0.5) else frozenset[str]()
        key = self._key()
        links = [*owning, *self._beside(name, key, owning)]
        own = [link for link in links if not self._table(link.parent, name).is_shared]
        fields = {
            **({MARK: self._mark()} if marked else {}),
            **({"id": Field(name="id", ids=self._ids, is_required=True)} if key else {}),
            **{column: self._column(column, required) for link in links for column in link.columns if column != MARK},
            **{link.type_column: Field(name=link.type_column) for link in links if link.type_column},
            SAID: Field(name=SAID),
        }
        if MARK not in fields and any(MARK in link.columns for link in links):
            fields = {MARK: self._column(MARK, required), **fields}
        if marked and not self._marking.has_root and self._chance(0.5):
            links.append(self._declared(Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",))))
        table = Table(
            name=name, fields=tuple(fields.values()), key=key, is_primary=self._chance(0.9), links=tuple(links)
        )
        self._tables.append(table)
        self._owning[name] = _Owning(links=tuple(own), required=required)

    def _key(self) -> tuple[str, ...]:
        if self._chance(0.15):
            return ()
        return (MARK, "id") if self._marking.has_keys else ("id",)

    def _mark(self) -> Field:
        return Field(name=MARK, ids=self._ids, is_required=self._marking.has_keys or self._chance(0.3))

    def _column(self, name: str, required: frozenset[str]) -> Field:
        return Field(name=name, ids=self._ids, is_required=name in required)

    def _table(self, name: str, self_name: str) -> Table:
        found = [table for table in self._tables if table.name == name]
        return found[0] if found else Table(name=self_name, fields=())

    def _owning_links(self, name: str, *, least: int) -> list[Link]:
        parents = [table for table in self._tables if table.name in self._owning and table.key]
        count = self._random.randint(least, 2)
        return [self._to(parent) for parent in self._random.sample(parents, min(count, len(parents)))]

    def _to(self, parent: Table) -> Link:
        if parent.name == TENANTS:
            return self._declared(Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",)))
        return self._declared(self._pointing(f"{parent.name}_id", parent.name, parent.key))

    def _pointing(self, column: str, parent: str, key: tuple[str, ...]) -> Link:
        columns = (MARK, column) if key[0] == MARK else (column,)
        return Link(columns=columns, parent=parent, parent_columns=key)

    def _declared(self, link: Link) -> Link:
        return replace(link, is_declared=self._chance(0.8))

    def _beside(self, name: str, key: tuple[str, ...], owning: list[Link]) -> list[Link]:
        """References to itself, to what is shared, and to whatever a type column says."""
        found = []
        if key and self._chance(0.3):
            found.append(self._declared(self._pointing("up_id", name, key)))
        if self._chance(0.4):
            found.append(self._declared(Link(columns=("land_id",), parent="lands", parent_columns=("id",))))
        if self._people and self._chance(0.5):
            found.append(self._declared(Link(columns=(PERSON,), parent=PEOPLE, parent_columns=("id",))))
        keyed = [table for table in self._tables if table.name in self._owning and table.key and table.is_primary]
        keyed = [table for table in keyed if table.name != TENANTS]
        if len(keyed) >= 2 and self._chance(0.4):
            for parent in self._random.sample(keyed, 2):
                link = self._pointing("target_id", parent.name, parent.key)
                found.append(replace(link, is_declared=False, type_column="target_type", of_type=parent.name))
        return found

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────
    def _fill(self, table: Table) -> None:
        if table.name == TENANTS:
            for number, tenant in enumerate(self._tenants):
                self._add(table, {"id": tenant}, None if table.is_shared else number)
            return
        if table.name == JOINED:
            for owner, tenant in enumerate(self._tenants):
                for person in self._random.sample(self._ids_of(PEOPLE), self._random.randint(1, 2)):
                    self._add(table, {MARK: tenant, PERSON: person}, owner)
            return
        if table.is_shared:
            for number in range(3):
                self._add(table, {"id": self._id(number, 0)}, None)
            return
        for owner in range(len(self._tenants)):
            for number in range(self._random.randint(1 if table.name == "t0" else 0, 4)):
                self._add_owned(table, owner, number)

    def _add_owned(self, table: Table, owner: int, number: int) -> None:
        turn = (owner + int(table.name[1:])) % len(self._tenants)  # one tenant's ids are another's in the next table
        values: dict[str, Value] = {"id": self._id(number, turn)} if table.key else {}
        owning = self._owning[table.name]
        for link in owning.links:
            if values.get("target_type") is None:
                is_fixed = link.parent == TENANTS and self._marking.has_keys
                values |= self._led(link, owner, must=is_fixed or bool(owning.required & set(link.columns)))
        if MARK in table.names and not any(link.parent == TENANTS for link in owning.links):
            values[MARK] = self._tenants[owner]
        if any(values.get(name) is None for name in owning.required):
            return
        if self._marking is Marking.COLUMN and MARK in table.names and not table.field(MARK).is_required:
            values[MARK] = None if number and self._chance(0.2) else values[MARK]
        self._add(table, values, owner if self._leads(table, values) else None)

    def _led(self, link: Link, owner: int, *, must: bool) -> dict[str, Value]:
        """Columns that point at one of the tenant's own rows, or at nothing."""
        parents = [row for row in self._rows if row.table == link.parent and row.owner == owner]
        if not parents or (not must and self._chance(0.3)):
            return {column: None for column in link.columns if column != MARK}
        parent = self._random.choice(parents)
        found = {ours: parent.value(theirs) for ours, theirs in zip(link.columns, link.parent_columns, strict=True)}
        return {**found, **({link.type_column: link.of_type} if link.type_column else {})}

    def _is_led(self, table: Table, values: dict[str, Value]) -> bool:
        return any(
            all(values.get(column) is not None for column in link.columns) for link in self._owning[table.name].links
        )

    def _leads(self, table: Table, values: dict[str, Value]) -> bool:
        """Whether something says whose the row is."""
        marked = not self._marking.has_root and values.get(MARK) is not None
        return marked or self._is_led(table, values)

    def _add(self, table: Table, values: dict[str, Value], owner: int | None) -> None:
        self._last += 1
        for link in table.links:
            if link.parent in ("lands", "regions") and self._chance(0.7):
                values[link.columns[0]] = self._random.choice(self._ids_of(link.parent))
            if link.parent == PEOPLE and table.name != JOINED and owner is not None and self._chance(0.7):
                joined = [row for row in self._rows if row.table == JOINED and row.owner == owner]
                values[PERSON] = self._random.choice(joined).value(PERSON)
        filled = {name: values.get(name) for name in table.names}
        filled[SAID] = f"{table.name} {self._last}"
        self._rows.append(Row(table=table.name, values=tuple(filled.items()), owner=owner))

    def _ids_of(self, name: str) -> list[Value]:
        return [row.value("id") for row in self._rows if row.table == name]

    def _id(self, number: int, turn: int) -> Value:
        """Of a tenant's n-th row of a table: where keys begin with the tenant's, all tenants have the same."""
        per_tenant = self._marking.has_keys
        if self._ids is Ids.NUMBER:
            return 1 + (number if per_tenant else number * len(self._tenants) + turn)
        if self._ids is Ids.TEXT:
            return _ROW_IDS[0 if per_tenant else turn].format(number)
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
