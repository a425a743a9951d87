"""Other tenants that archived rows name in documents and texts are counted for the operator, and nothing is refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from storage.memory import MemoryStore
from tests.leaks.leaks import owned
from tests.leaks.world import SAID, Ids, Row, World
from tests.leaks.worlds import seeded, world
from tests.leaks.written import write
from tests.random.budget import TIMES
from tests.random.databases.database import Database
from tests.random.databases.sqlite import SqliteDatabase
from tests.unit.engine.support import taken


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return SqliteDatabase(tmp_path_factory.mktemp("mentions") / "a.db")


def mentioning(random: Random, clean: World) -> World:
    """Some rows say a document that names a tenant, or a text that does: those of others do not name ours."""
    return replace(clean, rows=tuple(_said(random, clean, row) for row in clean.rows))


def _said(random: Random, clean: World, row: Row) -> Row:
    named = clean.tenants if row.owner == clean.ours else [clean.tenants[other] for other in clean.others()]
    tenant = random.choice(named)
    document = json.dumps({"of": row.said, "firm": tenant})
    text = f"{row.said} is seen by {tenant}" if clean.ids is not Ids.TEXT else document
    return row.with_values(**{SAID: random.choice([row.said, document, text])})


def counted(made: World) -> dict[str, tuple[int, int]]:
    """The answer key: by place how often others are named, and how many of them."""
    found: dict[str, Counter[str]] = {}
    others = [str(made.tenants[other]) for other in made.others()]
    for name, rows in made.answer().items():
        for row in rows:
            text = row[made.table(name).names.index(SAID)]
            found.setdefault(f"{name}.{SAID}", Counter()).update(other for other in others if _names(text, other))
    return {where: (times.total(), len(times)) for where, times in found.items() if times}


def _names(text: str, tenant: str) -> bool:
    return re.search(rf'(?<![\w"]){re.escape(tenant)}(?!\w)|"{re.escape(tenant)}"', text) is not None


@pytest.mark.parametrize("ids", list(Ids))
def test_who_else_is_named_is_counted(ids: Ids, database: Database) -> None:
    looked_at = 0
    for number in range(4 * TIMES):
        random = seeded(f"mentions {ids} {number}")
        made = mentioning(random, world(random, ids=ids))
        write(database, made)
        found, _ = taken(database.platform, made.scope(), MemoryStore(), prove_full=True)
        named = {one.where: (one.times, one.tenants) for one in found.proof.named if one.where.endswith(f".{SAID}")}
        has_homes = made.marking.has_root or any(
            link.columns == ("firm_id",) for table in owned(made) for link in table.links
        )
        if has_homes:
            assert named == counted(made)
            looked_at += bool(named)
    assert looked_at
