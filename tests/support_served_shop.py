"""The real shop beside invented ones in PostgreSQL, typed as its people type it, and an empty Boutique in MariaDB."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.support_shop import Shop

_CREATED = "2017-05-24 00:00:00+00"
_SHOPS = """
CREATE TABLE users (
    user_id uuid PRIMARY KEY, email text NOT NULL UNIQUE, encrypted_password text NOT NULL,
    created_at timestamptz NOT NULL);
CREATE TABLE stores (
    store_id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES users, name text NOT NULL, category text NOT NULL,
    created_at timestamptz NOT NULL);
CREATE TABLE products (
    store_id uuid REFERENCES stores, product_id uuid, name text NOT NULL, description text NOT NULL,
    product_details jsonb NOT NULL, price numeric(20, 2) NOT NULL, PRIMARY KEY (store_id, product_id));
CREATE TABLE orders (
    store_id uuid REFERENCES stores, order_id uuid, status text NOT NULL, total_amount numeric(20, 2) NOT NULL,
    shipping_address text NOT NULL, billing_address text NOT NULL, shipping_info jsonb NOT NULL,
    ordered_at timestamptz, PRIMARY KEY (store_id, order_id));
CREATE TABLE line_items (
    store_id uuid REFERENCES stores, line_item_id integer, order_id uuid NOT NULL, product_id uuid NOT NULL,
    quantity integer NOT NULL, line_amount numeric(20, 2) NOT NULL, PRIMARY KEY (store_id, line_item_id),
    FOREIGN KEY (store_id, order_id) REFERENCES orders, FOREIGN KEY (store_id, product_id) REFERENCES products);
"""
_BOUTIQUE = """
SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin;
CREATE TABLE merchants (
    id char(36) PRIMARY KEY, email varchar(190) NOT NULL UNIQUE, joined_at datetime(6) NOT NULL
) COLLATE utf8mb4_nopad_bin;
CREATE TABLE boutiques (
    id char(36) PRIMARY KEY, merchant_id char(36) NOT NULL, name varchar(200) NOT NULL, sector varchar(80) NOT NULL,
    opened_at datetime(6) NOT NULL, FOREIGN KEY (merchant_id) REFERENCES merchants (id)
) COLLATE utf8mb4_nopad_bin;
CREATE TABLE articles (
    id varchar(73) PRIMARY KEY, boutique_id char(36) NOT NULL, reference char(36) NOT NULL, title varchar(200) NOT NULL,
    description text NOT NULL, attributes json NOT NULL, price decimal(20, 2) NOT NULL CHECK (price >= 0),
    UNIQUE (boutique_id, reference), FOREIGN KEY (boutique_id) REFERENCES boutiques (id) ON DELETE CASCADE
) COLLATE utf8mb4_nopad_bin;
CREATE TABLE purchases (
    boutique_id char(36), reference char(36), state enum('received', 'in-preparation', 'delivered') NOT NULL,
    recipient varchar(200) NOT NULL, delivery_address text NOT NULL, invoice_address text NOT NULL,
    shipping json NOT NULL, total decimal(20, 2) NOT NULL, placed_at datetime(6), PRIMARY KEY (boutique_id, reference),
    FOREIGN KEY (boutique_id) REFERENCES boutiques (id) ON DELETE CASCADE
) COLLATE utf8mb4_nopad_bin;
CREATE TABLE purchase_lines (
    boutique_id char(36), line_number integer, purchase_reference char(36) NOT NULL, article_id varchar(73) NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0), amount decimal(20, 2) NOT NULL,
    PRIMARY KEY (boutique_id, line_number), FOREIGN KEY (article_id) REFERENCES articles (id),
    FOREIGN KEY (boutique_id, purchase_reference) REFERENCES purchases (boutique_id, reference) ON DELETE CASCADE
) COLLATE utf8mb4_nopad_bin;
"""


def fill_shops(platform: PostgresPlatform, data: Path, *, stores: int = 3) -> str:
    """The real shop and `stores` - 1 invented ones; the real shop's id."""
    platform.run(_SHOPS)
    for number in range(stores):
        shop = Shop(data, number)
        platform.insert("users", ((*user, _CREATED) for user in shop.users()))
        platform.insert("stores", ((*store, _CREATED) for store in shop.stores()))
        platform.insert("products", shop.products())
        platform.insert("orders", ((*order[:-1], order[-1] or None) for order in shop.orders()))
        platform.insert("line_items", shop.line_items())
    return next(Shop(data, 0).stores())[0]


def make_boutique(platform: MysqlPlatform) -> None:
    """Boutique, without a shop in it."""
    platform.run(_BOUTIQUE)
