"""A real shop, out of a database it shares with others, into another product and back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.acceptance.world import ROOT, World, dump
from tests.support_shop import Shop, load_shop

SHOP = ROOT / "samples" / "shop"


@pytest.fixture(scope="module")
def shop(shop_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The real shop's archive, taken beside two others; nothing loaded."""
    world = World.at(tmp_path_factory.mktemp("shop"), source="shops.db", target="boutique.db")
    store = load_shop(world.source, shop_data, stores=3)
    with closing(sqlite3.connect(world.target)) as connection:
        connection.executescript((SHOP / "target.sql").read_text(encoding="utf-8"))
    shutil.copy(SHOP / "plan.yaml", world.plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_STORE_ID", store)
        world.json("snapshot", world.plan)
        yield world


def test_no_other_shop_is_in_the_archive(shop: World, shop_data: Path) -> None:
    others = [next(Shop(shop_data, number).stores())[0] for number in (1, 2)]
    owner_of_another = next(Shop(shop_data, 2).users())[0]
    files = [path for path in shop.store.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = (
            str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text("utf-8", "replace")
        )
        assert not [id_ for id_ in (*others, owner_of_another) if id_ in content], path


def test_out_in_and_back(shop: World) -> None:
    before = dump(shop.target)
    assert shop.json("map", "check", shop.plan)["verdict"] == "green"
    rehearsed = shop.json("rehearse", shop.plan)
    assert dump(shop.target) == before
    migrated = shop.json("migrate", shop.plan)
    loaded = {edge["target"]: edge["loaded"] for edge in migrated["edges"]}
    assert loaded == {
        "merchants": 1,
        "boutiques": 1,
        "articles": 25,
        "purchases": 7_319,
        "purchase_lines": 21_995,
    }
    assert migrated["digest_after"] == rehearsed["digest_loaded"]
    verified = shop.json("verify", migrated["run"])
    assert (verified["verdict"], verified["compared"]) == ("green", sum(loaded.values()))
    rolled = shop.json("rollback", migrated["run"])
    assert (rolled["reversed"], rolled["kept"], rolled["failed"]) == (sum(loaded.values()), 0, 0)
    assert dump(shop.target) == before
