"""The real shop of ../shared/data/shop in a SQLite file, beside invented shops that share what the keys let them share.

The data is read where it lies and never enters the project; a test that needs it says so and is skipped without it.
"""

from __future__ import annotations

import csv
import lzma
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

SHOP_DATA = Path(__file__).parents[2] / "shared" / "data" / "shop"
DDL = """
CREATE TABLE users (
    user_id TEXT PRIMARY KEY NOT NULL, email TEXT NOT NULL UNIQUE, encrypted_password TEXT NOT NULL,
    created_at TEXT NOT NULL DEFAULT '2017-05-24 00:00:00+00');
CREATE TABLE stores (
    store_id TEXT PRIMARY KEY NOT NULL, user_id TEXT NOT NULL REFERENCES users (user_id), name TEXT NOT NULL,
    category TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT '2017-05-24 00:00:00+00');
CREATE TABLE products (
    store_id TEXT NOT NULL REFERENCES stores (store_id), product_id TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, product_details TEXT NOT NULL, price REAL NOT NULL,
    PRIMARY KEY (store_id, product_id));
CREATE TABLE orders (
    store_id TEXT NOT NULL REFERENCES stores (store_id), order_id TEXT NOT NULL, status TEXT NOT NULL,
    total_amount REAL NOT NULL, shipping_address TEXT NOT NULL, billing_address TEXT NOT NULL,
    shipping_info TEXT NOT NULL, ordered_at TEXT, PRIMARY KEY (store_id, order_id));
CREATE TABLE line_items (
    store_id TEXT NOT NULL REFERENCES stores (store_id), line_item_id INTEGER NOT NULL, order_id TEXT NOT NULL,
    product_id TEXT NOT NULL, quantity INTEGER NOT NULL, line_amount REAL NOT NULL,
    PRIMARY KEY (store_id, line_item_id),
    FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, order_id),
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, product_id));
"""


class Shop:
    """The real shop (number 0), or one invented after it.

    An odd shop has the real one's product and order ids, as composite keys allow; an even one has ids of its own.
    Invented shops sold less, and belong to the same user by turns: users are shared.
    """

    def __init__(self, data: Path, number: int) -> None:
        self.data, self.number = data, number

    def _rows(self, table: str) -> list[list[str]]:
        with lzma.open(self.data / f"{table}.csv.xz", "rt", encoding="utf-8", newline="") as file:
            return list(csv.reader(file))

    def _own(self, id_: str) -> str:
        return str(uuid.uuid5(uuid.UUID(id_), str(self.number))) if self.number else id_

    def _id(self, id_: str) -> str:
        return id_ if self.number % 2 else self._own(id_)

    def users(self) -> Iterator[tuple[str, ...]]:
        for id_, email, password in self._rows("users"):
            if self.number % 2 == 0:
                yield self._own(id_), f"{self.number or ''}{email}", password

    def stores(self) -> Iterator[tuple[str, ...]]:
        for id_, user, name, category in self._rows("stores"):
            owner = user if self.number % 2 else self._own(user)
            yield self._own(id_), owner, f"{name}{f' ({self.number})' if self.number else ''}", category

    def products(self) -> Iterator[tuple[str, ...]]:
        for store, id_, *details in self._rows("products"):
            yield self._own(store), self._id(id_), *details

    def orders(self) -> Iterator[tuple[str, ...]]:
        for store, id_, *details in self._sold():
            yield self._own(store), self._id(id_), *details

    def line_items(self) -> Iterator[tuple[str | int, ...]]:
        sold = {order[1] for order in self._sold()}
        kept = (row for row in self._rows("line_items") if row[1] in sold)
        for number, (store, order, product, *amounts) in enumerate(kept, start=1):
            yield self._own(store), number, self._id(order), self._id(product), *amounts

    def _sold(self) -> list[list[str]]:
        return self._rows("orders")[:: 1 + 4 * self.number]


def load_shop(path: Path, data: Path = SHOP_DATA, *, stores: int = 3) -> str:
    """Write the real shop and `stores` − 1 invented ones into a new SQLite file; the real shop's id."""
    connection = sqlite3.connect(path)
    connection.executescript(DDL)
    for number in range(stores):
        shop = Shop(data, number)
        connection.executemany("INSERT INTO users (user_id, email, encrypted_password) VALUES (?, ?, ?)", shop.users())
        connection.executemany(
            "INSERT INTO stores (store_id, user_id, name, category) VALUES (?, ?, ?, ?)", shop.stores()
        )
        connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)", shop.products())
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", shop.orders())
        connection.executemany("INSERT INTO line_items VALUES (?, ?, ?, ?, ?, ?)", shop.line_items())
    connection.commit()
    connection.close()
    return next(Shop(data, 0).stores())[0]
