"""Real data: one shop out of many, from PostgreSQL into MariaDB, by the mapping that also serves SQLite."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.acceptance.world import ROOT, World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.support_served_shop import fill_shops, make_boutique

PLAN = ROOT / "samples" / "shop" / "plan.yaml"
LOADED = {"merchants": 1, "boutiques": 1, "articles": 25, "purchases": 7_319, "purchase_lines": 21_995}


def test_one_shop_of_many(
    postgres_url: str, mariadb_url: str, shop_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops, boutique = PostgresPlatform(postgres_url), MysqlPlatform(mariadb_url)
    monkeypatch.setenv("SHOP_STORE_ID", fill_shops(shops, shop_data))
    make_boutique(boutique)
    here = World.at(tmp_path, source="none", target="none")
    shutil.copy(PLAN, here.plan)
    (tmp_path / "served").mkdir()
    here = here.between(shops.url, boutique.url, tmp_path / "served")
    before = boutique.dump()

    here.json("snapshot", here.plan)
    assert here.json("map", "check", here.plan)["verdict"] == "green"
    rehearsed = here.json("rehearse", here.plan)
    assert boutique.dump() == before
    migrated = here.json("migrate", here.plan)
    assert {edge["target"]: edge["loaded"] for edge in migrated["edges"]} == LOADED
    assert migrated["digest_after"] == rehearsed["digest_loaded"]
    verified = here.json("verify", migrated["run"])
    assert (verified["verdict"], verified["compared"]) == ("green", sum(LOADED.values()))
    (total,) = shops.rows(f"SELECT sum(line_amount) FROM line_items WHERE store_id = '{os.environ['SHOP_STORE_ID']}'")
    assert boutique.rows("SELECT sum(amount) FROM purchase_lines") == [total]
    back = here.json("rollback", migrated["run"])
    assert (back["reversed"], back["kept"], back["failed"]) == (sum(LOADED.values()), 0, 0)
    assert back["digest_after"] == back["digest_before_load"]
    assert boutique.dump() == before
    assert here.json("migrate", here.plan)["verdict"] == "green"
