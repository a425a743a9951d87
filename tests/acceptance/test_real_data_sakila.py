"""Real data: Sakila out of MariaDB into its port to PostgreSQL, whole, and one of its two stores in either way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.support_sakila import fill, make_target

PLAN = """
plan: sakila
tenant: {tenant}
source:
  url: ${{SOURCE_URL}}
  scope: {scope}
store: ${{STORE_URL}}
mapping: sakila-mariadb-to-postgresql.yaml
target:
  url: ${{TARGET_URL}}
  triggers: disable  # they write when a row was last changed: here, in MariaDB
"""
ROWS = {
    "country": 109,
    "city": 600,
    "address": 603,
    "language": 6,
    "category": 16,
    "actor": 200,
    "film": 1_000,
    "film_actor": 5_462,
    "film_category": 1_000,
    "store": 2,
    "staff": 2,
    "customer": 599,
    "inventory": 4_581,
    "rental": 16_044,
    "payment": 16_044,
}


@pytest.fixture(scope="module")
def sakila(mariadb: Mariadb) -> MysqlPlatform:
    """The source: nobody changes it."""
    platform = MysqlPlatform(mariadb.database())
    fill(platform)
    return platform


@pytest.fixture
def port(postgres_url: str) -> PostgresPlatform:
    platform = PostgresPlatform(postgres_url)
    make_target(platform)
    return platform


def world(folder: Path, source: MysqlPlatform, target: PostgresPlatform, tenant: str, scope: str) -> World:
    made = World.at(folder, source="none", target="none")
    made.plan.write_text(PLAN.format(tenant=tenant, scope=scope))
    (folder / "served").mkdir()
    return made.between(source.url, target.url, folder / "served")


def moved(world: World, port: PostgresPlatform) -> dict[str, Any]:
    """Out, checked, rehearsed, in, verified, back, in again; what was loaded, table by table."""
    before = port.dump()
    taken = world.json("snapshot", world.plan)
    assert world.json("archive", "check", taken["archive"])["verdict"] == "green"
    assert world.json("map", "check", world.plan)["verdict"] == "green"
    rehearsed = world.json("rehearse", world.plan)
    assert rehearsed["verdict"] == "green"
    assert port.dump() == before
    migrated = world.json("migrate", world.plan)
    assert migrated["digest_after"] == rehearsed["digest_loaded"]
    verified = world.json("verify", migrated["run"])
    assert (verified["verdict"], verified["different"]) == ("green", 0)
    loaded = product(port)
    back = world.json("rollback", migrated["run"])
    assert (back["kept"], back["failed"], back["digest_after"]) == (0, 0, back["digest_before_load"])
    assert port.dump() == before
    world.json("migrate", world.plan)
    assert product(port) == loaded
    return {edge["target"]: edge for edge in migrated["edges"]}


def product(port: PostgresPlatform) -> dict[str, list[str]]:
    """Every row of the port's own tables: journals differ from run to run."""
    return {name: rows for name, rows in port.dump().items() if name and not name.startswith("migrator")}


def test_the_whole_database(sakila: MysqlPlatform, port: PostgresPlatform, tmp_path: Path) -> None:
    here = world(tmp_path, sakila, port, "sakila", "{root: database}")
    edges = moved(here, port)
    assert {name: edge["loaded"] for name, edge in edges.items()} == ROWS
    assert (edges["payment"]["archive"], edges["payment"]["excluded"]) == (16_049, 5)
    assert port.rows("SELECT special_features[2] FROM film WHERE film_id = 1") == [("Behind the Scenes",)]
    assert port.rows("SELECT count(*) FROM film WHERE fulltext @@ to_tsquery('dinosaur & feminist')") == [(2,)]
    assert port.rows("SELECT length(picture) FROM staff ORDER BY staff_id") == [(36_365,), (None,)]


# a rental joins a copy of a film, a customer and who served him: half of all rentals join both stores
STORE = """
    root: {{table: store, where: {{store_id: 1}}}}
    shared:
      {{address: referenced, city: referenced, country: referenced, language: referenced, category: whole, actor: whole,
      film: whole, film_text: whole, film_actor: whole, film_category: whole}}
    paths: {{rental: [{rental}], payment: [{payment}]}}
    foreign: {{{carried}: carry}}
"""
BY_COPY = {
    "rental": "SELECT rental_id FROM rental JOIN inventory USING (inventory_id) WHERE store_id = 1",
    "inventory": "SELECT inventory_id FROM inventory WHERE store_id = 1",
    "customer": """
        SELECT customer_id FROM customer WHERE store_id = 1 UNION
        SELECT customer_id FROM rental JOIN inventory USING (inventory_id) WHERE store_id = 1""",
    "payment": """
        SELECT payment_id FROM payment JOIN rental USING (rental_id) JOIN inventory USING (inventory_id)
        WHERE store_id = 1""",
}
BY_CUSTOMER = {
    "rental": "SELECT rental_id FROM rental JOIN customer USING (customer_id) WHERE store_id = 1",
    "inventory": """
        SELECT inventory_id FROM inventory WHERE store_id = 1 UNION
        SELECT inventory_id FROM rental JOIN customer USING (customer_id) WHERE store_id = 1""",
    "customer": "SELECT customer_id FROM customer WHERE store_id = 1",
    "payment": """
        SELECT payment_id FROM payment JOIN customer USING (customer_id)
        WHERE store_id = 1 AND rental_id IS NOT NULL""",
}


@pytest.mark.parametrize(
    ("rental", "payment", "others", "expected"),
    [
        ("inventory_id", "rental_id", ["rental.customer_id", "payment.customer_id", "customer.store_id"], BY_COPY),
        ("customer_id", "customer_id", ["rental.inventory_id", "inventory.store_id"], BY_CUSTOMER),
    ],
    ids=["by the copy's store", "by the customer's store"],
)
def test_one_store_of_two(
    sakila: MysqlPlatform,
    port: PostgresPlatform,
    tmp_path: Path,
    rental: str,
    payment: str,
    others: list[str],
    expected: dict[str, str],
) -> None:
    carried = ": carry, ".join([*others, "rental.staff_id", "payment.staff_id", "staff.store_id"])
    here = world(tmp_path, sakila, port, "store-1", STORE.format(rental=rental, payment=payment, carried=carried))
    edges = moved(here, port)
    for table, query in expected.items():
        assert set(port.rows(f"SELECT {table}_id FROM {table}")) == set(sakila.rows(query)), table
    assert edges["store"]["loaded"] == edges["staff"]["loaded"] == 2, "the other store comes as far as it is needed"
    assert {name: edges[name]["loaded"] for name in ("film", "actor", "film_actor")} == {
        "film": 1_000,
        "actor": 200,
        "film_actor": 5_462,
    }
