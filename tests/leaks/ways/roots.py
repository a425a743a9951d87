"""A tenant that is rows of two tables, with rows that hang on the one, on the other, or on both."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.leaks.leaks import Leak
from tests.leaks.world import MARK, SAID, TENANTS, Field, Ids, Link, Marking, Row, Table, Value, World

CLUBS, GAMES = "clubs", "games"
_IDS = {Ids.NUMBER: "{}", Ids.TEXT: "club {}", Ids.UUID: "00000000-0000-4000-8000-{:012}"}


def clean(random: Random, world: World) -> World | None:
    """Every tenant is a firm and a club."""
    if world.marking is not Marking.ROOT:
        return None
    key, firm = Field(name="id", ids=world.ids, is_required=True), Field(name=MARK, ids=world.ids)
    to_firm = Link(columns=(MARK,), parent=TENANTS, parent_columns=("id",), is_declared=random.random() < 0.8)
    to_club = Link(columns=("club_id",), parent=CLUBS, parent_columns=("id",), is_declared=random.random() < 0.8)
    clubs = Table(name=CLUBS, fields=(key, firm, Field(name=SAID)), key=("id",), links=(to_firm,))
    fields = (key, Field(name="club_id", ids=world.ids), firm, Field(name=SAID))
    games = Table(name=GAMES, fields=fields, key=("id",), links=(to_club, to_firm))
    rows = [row for owner in range(len(world.tenants)) for row in _rows(random, world, owner)]
    also = (*world.also, (CLUBS, _id(world, world.ours)))
    return replace(world, tables=(*world.tables, clubs, games), rows=(*world.rows, *rows), also=also)


def _rows(random: Random, world: World, owner: int) -> list[Row]:
    firm, club = world.tenants[owner], _id(world, owner)
    made = [_row(CLUBS, owner, id=club, **{MARK: random.choice([firm, None])}, said=f"club {owner}")]
    for number in range(random.randint(0, 3)):
        leads: tuple[Value, Value] = random.choice([(club, None), (None, firm), (club, firm)])
        values = {"id": _id(world, 10 * owner + number), "club_id": leads[0], MARK: leads[1]}
        made.append(_row(GAMES, owner, **values, said=f"game {owner} {number}"))
    return made


def _id(world: World, number: int) -> Value:
    text = _IDS[world.ids].format(number + 1)
    return int(text) if world.ids is Ids.NUMBER else text


def _row(table: str, owner: int | None, **values: Value) -> Row:
    return Row(table=table, values=tuple(values.items()), owner=owner)


def unnamed(random: Random, world: World) -> Leak | None:
    """Another club of our firm, which the plan does not name."""
    firm = world.tenants[world.ours]
    club = _row(CLUBS, world.ours, id=_id(world, 90), **{MARK: firm}, said="a club nobody named")
    return Leak(kind="root nobody named", table=CLUBS, world=world.with_row(club), is_question=True)


def foreign(random: Random, world: World) -> Leak | None:
    """Our club says that it is another firm's."""
    club = world.rows_of(CLUBS, world.ours)[0]
    other = world.tenants[random.choice(world.others())]
    changed = world.with_row(club.with_values(**{MARK: other}))
    return Leak(kind="root of another tenant", table=CLUBS, world=changed, is_question=True)


def between(random: Random, world: World) -> Leak | None:
    """A game of our club and of another firm, or of another club and of our firm."""
    other = random.choice(world.others())
    whose = random.choice([(world.ours, other), (other, world.ours)])
    values = {"id": _id(world, 80), "club_id": _id(world, whose[0]), MARK: world.tenants[whose[1]]}
    game = _row(GAMES, None, **values, said="a game between two")
    return Leak(kind="row between two roots", table=GAMES, world=world.with_row(game), is_question=True)
