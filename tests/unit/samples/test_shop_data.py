"""The real shop beside invented ones: what the loader promises about them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_shop import load_shop


@pytest.fixture(scope="module")
def shop(shop_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[sqlite3.Connection, str]]:
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    store = load_shop(path, shop_data, stores=3)
    connection = sqlite3.connect(path)
    yield connection, store
    connection.close()


def test_the_real_shop_is_whole(shop: tuple[sqlite3.Connection, str]) -> None:
    connection, store = shop
    counts = [
        connection.execute(f"SELECT count(*) FROM {table} WHERE store_id = ?", (store,)).fetchone()[0]
        for table in ("stores", "products", "orders", "line_items")
    ]
    assert counts == [1, 25, 7_319, 21_995]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_other_shops_share_ids_and_an_owner_with_it(shop: tuple[sqlite3.Connection, str]) -> None:
    connection, store = shop
    same = (
        "SELECT count(DISTINCT b.store_id) FROM {0} a JOIN {0} b USING ({1}) WHERE a.store_id = ? AND b.store_id <> ?"
    )
    for table, key in (("products", "product_id"), ("orders", "order_id"), ("line_items", "line_item_id")):
        assert connection.execute(same.format(table, key), (store, store)).fetchone()[0] >= 1
    assert connection.execute(same.format("stores", "user_id"), (store, store)).fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM users").fetchone() == (2,)
