"""Rows of views, where a plan asks for them: the tenant's alone, whatever the view shows beside them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import mapping_of, rewritten
from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.servers.mariadb import Mariadb
from tests.servers.postgres import Postgres
from tests.support_postgres_target import guest_of

SOURCE = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id), total INTEGER NOT NULL);
INSERT INTO firms VALUES (1, 'Ours'); INSERT INTO firms VALUES (2, 'Theirs');
INSERT INTO orders VALUES (1, 1, 10); INSERT INTO orders VALUES (2, 1, 20); INSERT INTO orders VALUES (3, 2, 700);
CREATE VIEW totals (firm, orders, total) AS
    SELECT firm_id, COUNT(*), SUM(total) FROM orders GROUP BY firm_id
    UNION ALL SELECT NULL, 1, 5000
    UNION ALL SELECT 99, 1, 6000
    UNION ALL SELECT 1, 1, 7;
CREATE VIEW unasked AS SELECT firm_id, total FROM orders;
"""
OURS = [(1, 1, 7), (1, 2, 30)]
"""Of a view that shows every firm's totals, nobody's, and those of a firm that is not there."""

PLAN = """\
plan: totals-away
tenant: ours
source:
  url: ${SOURCE_URL}
  scope:
    root: {table: firms, where: {id: 1}}
    views: [totals]
    references:
      - {table: totals, column: firm, to: firms.id}
store: ${STORE_URL}
mapping: mapping.yaml
target:
  url: ${TARGET_URL}
"""
MAPPING = """\
mapping: totals
version: 1
dropped_tables:
  firms: "the new product serves one firm"
  orders: "only what they come to"
tables:
  sums:
    edges:
      - from: totals
        columns: {orders: {from: orders, steps: [{cast: integer}]}, total: {from: total, steps: [{cast: integer}]}}
        dropped: {firm: "one firm"}
"""


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def platform(request: pytest.FixtureRequest, tmp_path: Path) -> Platform:
    match request.param:
        case "sqlite":
            made: Platform = SqlitePlatform(tmp_path / "source.db")
        case "postgresql":
            made = PostgresPlatform(request.getfixturevalue("postgres_url"))
        case _:
            made = MysqlPlatform(request.getfixturevalue("mariadb_url"))
    made.run(SOURCE)
    return made


@pytest.fixture
def world(platform: Any, tmp_path: Path) -> World:
    world = replace(World.at(tmp_path / "world", source="none.db", target="target.db"), source_url=platform.url)
    with closing(sqlite3.connect(world.target)) as target:
        target.execute("CREATE TABLE sums (orders INTEGER NOT NULL, total INTEGER NOT NULL)")
    world.plan.write_text(PLAN, encoding="utf-8")
    mapping_of(world).write_text(MAPPING, encoding="utf-8")
    return world


@pytest.fixture
def empty(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> Iterator[str]:
    """The address of another database of the same kind, with nothing in it."""
    if isinstance(platform, SqlitePlatform):
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    name = "postgres" if isinstance(platform, PostgresPlatform) else "mariadb"
    server: Postgres | Mariadb = request.getfixturevalue(name)
    url = server.database()
    yield url
    server.drop(url)


def restored(platform: Platform, url: str) -> Platform:
    if isinstance(platform, SqlitePlatform):
        return SqlitePlatform(Path(url.removeprefix("sqlite:///")))
    return PostgresPlatform(url) if isinstance(platform, PostgresPlatform) else MysqlPlatform(url)


def test_the_tenant_s_rows_of_a_view_leave_and_can_be_loaded(world: World) -> None:
    inspected = {view["name"]: view for view in world.json("inspect", world.source_url)["views"]}
    assert {name: view["kind"] for name, view in inspected.items()} == {"totals": "view", "unasked": "view"}
    assert [column["name"] for column in inspected["totals"]["columns"]] == ["firm", "orders", "total"]
    scope = {table["name"]: table for table in world.json("scope", world.plan)["tables"]}
    assert set(scope) == {"firms", "orders", "totals"}
    assert (scope["totals"]["class"], scope["totals"]["path"], scope["totals"]["rows"]) == (
        "owned",
        "totals.firm → firms.id",
        2,
    )
    taken = world.json("snapshot", world.plan)
    assert {table["name"]: table["rows"] for table in taken["tables"]} == {"firms": 1, "orders": 2, "totals": 2}
    assert world.json("archive", "check", taken["archive"])["verdict"] == "green"
    run = world.json("migrate", world.plan)
    assert {edge["source"]: (edge["archive"], edge["loaded"]) for edge in run["edges"]} == {"totals": (2, 2)}
    with closing(sqlite3.connect(world.target)) as target:
        assert sorted(target.execute("SELECT 1, orders, total FROM sums")) == OURS
    assert world.json("rollback", run["run"])["verdict"] == "green"


def test_a_view_without_a_path_is_red_and_says_what_to_declare(world: World) -> None:
    rewritten(world.plan, "    references:\n      - {table: totals, column: firm, to: firms.id}\n", "")
    assert world.json("scope", world.plan, code=3)["unclassified"] == ["totals"]
    error = world.json("snapshot", world.plan, code=3)
    assert error["where"] == "totals" and "scope.references: [{table: totals," in error["next"]
    assert not world.archives()


@pytest.mark.parametrize(
    ("root", "rows"),
    [("database", 5), ("{column: firm, value: 1}", 2), ("{column: firm, value: 2}", 1)],
)
def test_other_roots_reach_a_view_as_they_reach_a_table(world: World, root: str, rows: int) -> None:
    rewritten(world.plan, "{table: firms, where: {id: 1}}", root)
    rewritten(world.plan, "    references:\n      - {table: totals, column: firm, to: firms.id}\n", "")
    if root != "database":
        rewritten(world.plan, "    views:", '    excluded: {firms: "not its own", orders: "not its own"}\n    views:')
    taken = world.json("snapshot", world.plan)
    assert {table["name"]: table["rows"] for table in taken["tables"]}["totals"] == rows


def test_a_mapping_says_what_becomes_of_a_view_s_rows(world: World) -> None:
    world.json("snapshot", world.plan)
    rewritten(mapping_of(world), "      - from: totals\n", "      - from: orders\n")
    rewritten(mapping_of(world), '  orders: "only what they come to"\n', "")
    checked = world.json("map", "check", world.plan, code=3)
    assert any("totals" in problem["where"] for problem in checked["problems"])


def test_a_restore_fills_no_view_and_says_so(world: World, platform: Platform, empty: str) -> None:
    archive = world.json("snapshot", world.plan)["archive"]
    answer = world.json("restore", archive, empty)
    assert (answer["verdict"], answer["rows"]) == ("green", 3)
    assert {table["name"] for table in answer["tables"]} == {"firms", "orders"}
    [note] = [note for note in answer["notes"] if "not compared" in note["what"]]
    assert (note["where"], note["count"]) == ("totals", 2)
    assert [table.name for table in restored(platform, empty).source().describe().tables] == ["firms", "orders"]


def test_what_a_plan_says_of_views_must_be_so(world: World) -> None:
    plan = world.plan.read_text(encoding="utf-8")
    for said, what, next_ in (
        ("views: [total]", "no view 'total'", "totals"),
        ("views: [totals, orders]", "no view 'orders'", "without being asked for"),
        ("views: [totals]\n    shared: [totals]", "totals is a view", "scope.shared"),
        ("views: [totals]\n    excluded: {totals: unwanted}", "asked for and excluded", "one of the two"),
        ("shared: []", "no table 'totals'", "scope.views"),
    ):
        world.plan.write_text(plan.replace("views: [totals]", said), encoding="utf-8")
        error = world.json("scope", world.plan, code=2)
        assert what in error["error"] and next_ in error["next"] and "plan.yaml:" in error["where"], error


def test_a_view_that_cannot_be_computed_is_named(world: World, platform: Platform) -> None:
    platform.run("DROP VIEW unasked; CREATE TABLE gone (firm INTEGER); CREATE VIEW unasked AS SELECT firm FROM gone;")
    if isinstance(platform, PostgresPlatform):  # it would not let the table go
        platform.run("DROP VIEW unasked; CREATE VIEW unasked AS SELECT 1 / (firm_id - firm_id) AS firm FROM orders;")
    platform.run("DROP TABLE gone;")
    world.json("snapshot", world.plan)  # what nobody asks for disturbs nobody
    rewritten(world.plan, "views: [totals]", "views: [totals, unasked]")
    rewritten(
        world.plan, "    references:\n", "    references:\n      - {table: unasked, column: firm, to: firms.id}\n"
    )
    error = world.json("snapshot", world.plan, code=2 if isinstance(platform, PostgresPlatform) else 1)
    assert error["where"] == "unasked" and "view" in error["error"] and "scope.views" in error["next"]


def test_a_view_whose_rows_come_and_go_is_red(postgres_url: str, tmp_path: Path) -> None:
    PostgresPlatform(postgres_url).run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO firms VALUES (1, 'Ours');"
        "CREATE VIEW totals AS SELECT 1 AS firm FROM generate_series(1, CAST(set_config('our.n', CAST("
        " COALESCE(CAST(NULLIF(current_setting('our.n', true), '') AS INTEGER), 0) + 1 AS TEXT), false) AS INTEGER));"
    )  # one more each time it is read
    world = replace(World.at(tmp_path, source="none.db", target="target.db"), source_url=postgres_url)
    world.plan.write_text(PLAN, encoding="utf-8")
    error = world.json("snapshot", world.plan, code=3)
    assert error["where"] == "totals" and "rows when they were found" in error["error"]
    assert not world.archives()


def test_a_role_that_may_not_read_a_view_is_told_which(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SOURCE)
    with guest_of(postgres, postgres_url) as guest:
        role = guest.partition("://")[2].partition(":")[0].partition("@")[0]
        platform.run(f'GRANT SELECT ON firms, orders TO "{role}";')
        world = replace(World.at(tmp_path, source="none.db", target="target.db"), source_url=guest)
        world.plan.write_text(PLAN.partition("mapping:")[0], encoding="utf-8")
        error = world.json("snapshot", world.plan, code=1)
        assert error["where"] == "totals" and "permission" in error["error"]
        platform.run(world.json("doctor", world.plan, code=3)["grants"]["source"])
        assert world.json("snapshot", world.plan)["rows"] == 5
