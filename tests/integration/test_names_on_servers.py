"""Tables, and columns, whose names differ in their case alone, or in their schema: never taken for one another."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres

PLAN = """
plan: names
tenant: acme
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: Firm, where: {KEY: 1}}
    shared: [firm]
    references: [REFERENCES]
store: ${STORE_URL}
mapping: mapping.yaml
target: {url: "${TARGET_URL}"}
"""
SOURCE = """
CREATE SCHEMA sales;
CREATE TABLE "firm" ("Code" text PRIMARY KEY, code text);
CREATE TABLE "Firm" ("Id" int PRIMARY KEY, "id" text, "Kind" text REFERENCES firm);
CREATE TABLE "Order" (id int PRIMARY KEY, "Firm" int NOT NULL REFERENCES "Firm", firm int REFERENCES "Firm");
CREATE TABLE "order" ("ID" int, id int, "Id" int REFERENCES "Order", PRIMARY KEY ("ID", id));
CREATE TABLE sales."order" (id int PRIMARY KEY, "Order" int NOT NULL REFERENCES "Order");
CREATE TABLE sales."Paid" ("order" int);
CREATE TABLE sales."Order" (firm int NOT NULL REFERENCES "Firm", "FIRM" text);
INSERT INTO firm VALUES ('a', 'A'), ('b', 'B');
INSERT INTO "Firm" VALUES (1, '2', 'a'), (2, '1', 'b');
INSERT INTO "Order" VALUES (10, 1, 1), (20, 2, 2);
INSERT INTO "order" VALUES (1, 2, 10), (2, 1, 20), (1, 1, 10);
INSERT INTO sales."order" VALUES (10, 10), (20, 20);
INSERT INTO sales."Order" VALUES (1, 'x'), (1, 'x'), (2, 'y');
INSERT INTO sales."Paid" VALUES (10), (20);
"""
MAPPING = """
mapping: names
version: 1
keys:
  Order: {method: offset, by: 100}
tables:
  firm:
    edges:
      - {from: firm, columns: {Code: Code, code: {sql: "Code || code || \\"Code\\""}}}
  Firm:
    edges:
      - from: Firm
        where: "Id = 1 AND \\"id\\" = '2'"
        because: ours alone
        columns: {Id: Id, id: id, Kind: Kind}
  Order:
    edges:
      - {from: Order, columns: {id: {from: id, steps: [{remap: Order}]}, Firm: Firm, firm: firm}}
  order:
    edges:
      - {from: order, columns: {ID: ID, id: id, Id: {from: Id, steps: [{remap: Order}]}}}
  sales.order:
    edges:
      - {from: sales.order, columns: {id: id, Order: {from: Order, steps: [{remap: Order}]}}}
  sales.Order:
    edges:
      - {from: sales.Order, columns: {firm: firm, FIRM: FIRM}}
  sales.Paid:
    edges:
      - {from: sales.Paid, columns: {order: order}}
"""


TABLES = ("firm", "Firm", "Order", "order", "sales.order", "sales.Order", "sales.Paid")
LIVE = """
INSERT INTO "Firm" VALUES (7, '7', NULL);
INSERT INTO "Order" VALUES (7, 7, NULL);
INSERT INTO "order" VALUES (10, 10, 7);
"""


def moved(folder: Path, source_url: str, target_url: str, key: str, mapping: str, references: str = "") -> World:
    """The tenant's rows out of the one and into the other, every step of the way green."""
    (folder / "plan.yaml").write_text(PLAN.replace("KEY", key).replace("REFERENCES", references))
    (folder / "mapping.yaml").write_text(mapping)
    nowhere = folder / "none"
    world = World(folder=folder, source=nowhere, target=nowhere, source_url=source_url, target_url=target_url)
    taken = world.json("snapshot", world.plan)
    assert world.json("archive", "check", taken["archive"])["verdict"] == "green"
    assert world.json("map", "check", world.plan)["verdict"] == "green"
    assert world.json("rehearse", world.plan)["verdict"] == "green"
    run = world.json("migrate", world.plan)["run"]
    assert world.json("verify", run, "--deep")["different"] == 0
    return world


def test_from_postgresql_to_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    source, target = PostgresPlatform(postgres.database()), PostgresPlatform(postgres.database())
    source.run(SOURCE)
    target.run(SOURCE)
    quoted = [".".join(f'"{part}"' for part in name.split(".")) for name in TABLES]
    target.run(f"TRUNCATE {', '.join(quoted)}; {LIVE}")
    moved(tmp_path, source.url, target.url, "Id", MAPPING, "{table: sales.Paid, column: order, to: sales.order.id}")
    assert [target.rows(f"SELECT * FROM {name} ORDER BY 1") for name in quoted] == [
        [("a", "aAa")],
        [(1, "2", "a"), (7, "7", None)],
        [(7, 7, None), (110, 1, 1)],
        [(1, 1, 110), (1, 2, 110), (10, 10, 7)],
        [(10, 110)],
        [(1, "x"), (1, "x")],
        [(10,)],
    ]
    postgres.drop(source.url)
    postgres.drop(target.url)


IN_MARIADB = """
CREATE TABLE firm (code VARCHAR(9) PRIMARY KEY);
CREATE TABLE Firm (id INT PRIMARY KEY, kind VARCHAR(9), FOREIGN KEY (kind) REFERENCES firm (code));
CREATE TABLE `order` (id INT PRIMARY KEY, firm INT NOT NULL, FOREIGN KEY (firm) REFERENCES Firm (id));
CREATE TABLE `Order` (id INT PRIMARY KEY, other INT NOT NULL,
    CONSTRAINT others FOREIGN KEY (other) REFERENCES `order` (id));
""".replace("`", '"')
ROWS = """
INSERT INTO firm VALUES ('a'), ('b'); INSERT INTO Firm VALUES (1, 'a'), (2, 'b');
INSERT INTO "order" VALUES (10, 1), (20, 2); INSERT INTO "Order" VALUES (1, 10), (2, 20);
"""
AS_THEY_ARE = """
mapping: names
version: 1
tables:
  firm: {edges: [{from: firm, columns: {code: code}}]}
  Firm: {edges: [{from: Firm, columns: {id: id, kind: kind}}]}
  order: {edges: [{from: order, columns: {id: id, firm: firm}}]}
  Order: {edges: [{from: Order, columns: {id: id, other: other}}]}
"""


def test_from_mariadb_to_mariadb(mariadb: Mariadb, tmp_path: Path) -> None:
    source, target = MysqlPlatform(mariadb.database()), MysqlPlatform(mariadb.database())
    source.run(IN_MARIADB + ROWS)
    target.run(IN_MARIADB)
    moved(tmp_path, source.url, target.url, "id", AS_THEY_ARE)
    assert [target.rows(f'SELECT * FROM "{name}"') for name in ("firm", "Firm", "order", "Order")] == [
        [("a",)],
        [(1, "a")],
        [(10, 1)],
        [(1, 10)],
    ]
    mariadb.drop(source.url)
    mariadb.drop(target.url)
