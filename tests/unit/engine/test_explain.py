"""A scope explained: every path, every share, and what the tenant's rows hold that no rule of the plan mentions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from migrator.contracts import Predicate, ReadLimits, TableSize, Whole
from migrator.engine.explain import Explanation, TableExplained, explain
from migrator.engine.gentle import Gentle
from migrator.engine.scope import resolve
from migrator.engine.workbench import workbench
from storage.schema import Table
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import plan_of

DDL = """
CREATE TABLE lands (code TEXT PRIMARY KEY);
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, land TEXT REFERENCES lands (code),
    boss_id INTEGER REFERENCES people (id));
CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id),
    boss_id INTEGER REFERENCES people (id));
CREATE TABLE tasks (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id),
    owner_id INTEGER REFERENCES people (id), closed_by INTEGER, weight INTEGER, body TEXT);
CREATE TABLE secrets (id INTEGER PRIMARY KEY, note TEXT);
INSERT INTO lands VALUES ('fr'), ('de');
INSERT INTO firms VALUES (1, 'ours', 'fr', NULL), (2, 'theirs', 'de', NULL), (3, 'others', 'de', NULL);
INSERT INTO people VALUES (10, 1, NULL), (11, 1, 10), (12, 1, 10), (20, 2, NULL);
INSERT INTO tasks VALUES (100, 1, 10, 10, 7, 'a'), (101, 1, 11, 11, 2, 'b'), (102, 1, 11, NULL, 3, 'c'),
    (200, 2, 20, 20, 1, 'd');
"""
SCOPE = """
root: {table: firms, where: {id: 1}}
shared: [lands]
excluded: {secrets: internal}
paths: {tasks: [firm_id]}
"""


def explained(
    platform: SqlitePlatform, scope: str, *, sizes: Sequence[TableSize] = (), count: bool = False
) -> Explanation:
    with platform.source().fence() as reading, workbench() as bench:
        return explain(reading, resolve(reading, plan_of(scope), bench), bench, sizes, count=count)


@pytest.fixture
def firms(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(DDL)
    return platform


def by_name(found: Explanation) -> dict[str, TableExplained]:
    return {table.scope.name: table for table in found.tables}


# ── paths ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_every_path_is_told_with_its_rows_and_why_it_was_chosen_or_not(firms: SqlitePlatform) -> None:
    tables = by_name(explained(firms, SCOPE))
    assert [(way.by, way.chosen, way.rows, way.why) for way in tables["tasks"].ways] == [
        ("firm_id", True, 3, "makes a row the tenant's"),
        ("owner_id", False, 3, "scope.paths names others"),
    ]
    assert {way.by: (way.chosen, way.why) for way in tables["firms"].ways} == {
        "land": (False, "lands is shared"),
        "boss_id": (False, "the plan names the rows themselves"),
    }
    assert [tables[name].scope.parents for name in ("firms", "people", "tasks", "lands")] == [
        (),
        ("firms",),
        ("firms",),
        (),
    ]


def test_a_reference_to_people_of_several_tenants_is_passed_over_for_that(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); CREATE TABLE users (id INTEGER PRIMARY KEY);"
        "CREATE TABLE memberships (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id),"
        " user_id INTEGER REFERENCES users (id));"
        "INSERT INTO firms VALUES (1); INSERT INTO users VALUES (10); INSERT INTO memberships VALUES (1, 1, 10);"
    )
    found = by_name(
        explained(platform, "root: {table: firms, where: {id: 1}}\nmembers: {users: [memberships.user_id]}")
    )
    ways = {way.by: (way.chosen, way.why) for way in found["memberships"].ways}
    assert ways["user_id"] == (False, "users may belong to several tenants")


def test_a_path_that_counts_only_where_the_tenant_column_is_empty_places_no_table(firms: SqlitePlatform) -> None:
    people = by_name(
        explained(firms, "root: {column: firm_id, value: 1}\nshared: [lands, firms]\nexcluded: {secrets: i}")
    )["people"]
    assert [(way.by, way.unless) for way in people.ways if way.chosen] == [("boss_id", "firm_id")]
    assert people.scope.parents == ()


def test_rows_that_lead_to_others_are_counted_by_the_path_they_lead_by(firms: SqlitePlatform) -> None:
    firms.run("INSERT INTO tasks VALUES (103, 1, 20, NULL, 0, NULL);")
    for foreign, policy in (("", "undecided"), ("foreign: {tasks.owner_id: stub}", "")):
        ways = by_name(explained(firms, f"{SCOPE}{foreign}"))["tasks"].ways
        assert [(way.by, way.outside, way.policy) for way in ways if way.policy or way.by == "owner_id"] == [
            ("owner_id", 1 if policy else 0, policy)
        ]


# ── shares ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_shares_come_from_statistics_and_nothing_is_counted_whole_for_them(firms: SqlitePlatform) -> None:
    counted: list[Predicate] = []

    class Watched(Gentle):
        def count(self, table: Table, predicate: Predicate) -> int:
            counted.append(predicate)
            return super().count(table, predicate)

    sizes = [TableSize(table="people", rows=30, bytes=0), TableSize(table="tasks", rows=2, bytes=0)]
    with firms.source().fence() as fenced, workbench() as bench:
        reading = Watched(fenced, ReadLimits())
        tables = by_name(explain(reading, resolve(reading, plan_of(SCOPE), bench), bench, sizes))
    assert counted and Whole() not in counted
    assert (tables["people"].share, tables["people"].is_counted) == (0.1, False)
    assert tables["tasks"].share == 1.0  # statistics that are older than our rows
    assert tables["firms"].share is None


def test_who_asks_for_exact_shares_gets_them_counted(firms: SqlitePlatform) -> None:
    tables = by_name(explained(firms, SCOPE, count=True))
    assert (tables["people"].share, tables["people"].total, tables["people"].is_counted) == (0.75, 4, True)
    assert tables["lands"].share == 0.5
    assert (tables["secrets"].total, tables["secrets"].is_counted) == (None, False)  # nobody needs a right to it


# ── what no rule mentions ───────────────────────────────────────────────────────────────────────────────────
def test_a_reference_that_nobody_declared_is_told_by_the_tenants_own_values(firms: SqlitePlatform) -> None:
    found = explained(firms, SCOPE)
    [one] = found.undeclared
    assert (one.table, one.columns, one.parent, one.share.found, one.share.values) == (
        "tasks",
        ("closed_by",),
        "people",
        2,
        2,
    )
    assert found.scope.problems == ()


def test_a_reference_that_the_plan_declares_is_no_news(firms: SqlitePlatform) -> None:
    scope = f"{SCOPE}references: [{{table: tasks, column: closed_by, to: people.id}}]"
    assert explained(firms, scope).undeclared == ()


def numbered(
    platform: SqlitePlatform, ids: Iterable[int], held: Iterable[int | None]
) -> tuple[tuple[str, int, int], ...]:
    """What is told of a column of such numbers, where tenants have these ids and we are the first."""
    ids = list(ids)
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), number INTEGER);"
    )
    platform.insert("firms", [(id_,) for id_ in ids])
    platform.insert("notes", [(row, ids[0], value) for row, value in enumerate(held, 1)])
    found = explained(platform, f"root: {{table: firms, where: {{id: {ids[0]}}}}}").held
    assert all(one.is_number and (one.table, one.column) == ("notes", "number") for one in found)
    return tuple((one.column, one.rows, one.values) for one in found)


SPARSE = [7_003 * one for one in range(1, 200)]


@pytest.mark.parametrize(
    ("ids", "held"),
    [
        pytest.param(range(1, 100), [0, 1, 1, 0], id="yes and no"),
        pytest.param([5, 1, 77], [1, 77, 3, 12], id="small numbers"),
        pytest.param(range(1, 5_000), range(1_500, 1_600), id="ids that follow each other"),
        pytest.param(range(1, 5_000), [*range(1_500, 1_600), None], id="the same, and a row that holds none"),
        pytest.param(range(4, 50_000, 10), range(2_000, 4_000), id="ids in steps of ten, and any numbers"),
        pytest.param(SPARSE, range(14_000, 15_000), id="one of a thousand"),
    ],
)
def test_numbers_that_are_ids_as_any_would_be_say_nothing(
    platform: SqlitePlatform, ids: Iterable[int], held: Iterable[int | None]
) -> None:
    assert numbered(platform, ids, held) == ()


@pytest.mark.parametrize(
    ("ids", "held", "told"),
    [
        pytest.param(SPARSE, SPARSE[1:4] * 2, ("number", 6, 3), id="ids alone"),
        pytest.param(SPARSE, [*SPARSE[:3], *range(5_000, 5_010)], ("number", 2, 2), id="among other numbers, and ours"),
        pytest.param(range(4, 50_000, 10), range(1_004, 2_000, 20), ("number", 50, 50), id="ids in steps of ten"),
    ],
)
def test_numbers_that_are_ids_more_often_than_those_beside_them_are_told(
    platform: SqlitePlatform, ids: Iterable[int], held: Iterable[int], told: tuple[str, int, int]
) -> None:
    assert numbered(platform, ids, held) == (told,)


@pytest.mark.parametrize("root", ["{table: firms, where: {id: f-0000-1}}", "{column: firm_id, value: f-0000-1}"])
def test_ids_of_others_in_columns_that_are_no_reference_are_told_with_their_rows(
    platform: SqlitePlatform, root: str
) -> None:
    platform.run(
        "CREATE TABLE firms (id TEXT PRIMARY KEY);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id TEXT REFERENCES firms (id), copied TEXT, body TEXT);"
        "INSERT INTO firms VALUES ('f-0000-1'), ('f-0000-2'), ('f-0000-3');"
        "INSERT INTO notes VALUES (7, 'f-0000-1', 'f-0000-2', 'x'), (8, 'f-0000-1', 'f-0000-1', 'of f-0000-3'),"
        " (9, 'f-0000-1', 'f-0000-2', NULL), (10, 'f-0000-2', 'f-0000-3', NULL);"
    )
    found = explained(platform, f"root: {root}" + ("\nshared: [firms]" if "column" in root else ""))
    [held] = found.held
    assert (held.table, held.column, held.rows, held.values, held.is_number) == ("notes", "copied", 2, 1, False)
    assert (held.keys, held.examples) == (("7", "9"), ("f-0000-2",))
    assert found.not_looked_at == ()


def test_where_nothing_lists_the_tenants_that_is_said(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm TEXT); INSERT INTO notes VALUES (1, 'ours'), (2, 'theirs');"
    )
    found = explained(platform, "root: {column: firm, value: ours}")
    assert found.held == () and found.not_looked_at == (
        "ids of other tenants were not looked for: no key that firm points at lists the tenants",
    )


def test_a_database_that_is_the_tenants_holds_no_ids_of_others(firms: SqlitePlatform) -> None:
    found = explained(firms, "root: database\nexcluded: {secrets: internal}")
    assert (found.held, found.not_looked_at) == ((), ())
    assert {way.why for way in by_name(found)["tasks"].ways} == {"all of tasks is the tenant's"}


def test_none_of_several_rows_that_are_the_tenants_is_another_tenant(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (code TEXT PRIMARY KEY);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm TEXT REFERENCES firms (code), about TEXT);"
        "INSERT INTO firms VALUES ('f-1'), ('f-2'), ('f-3');"
        "INSERT INTO notes VALUES (1, 'f-1', 'f-2'), (2, 'f-2', 'f-3');"
    )
    [held] = explained(platform, "root: [{table: firms, where: {code: f-1}}, {table: firms, where: {code: f-2}}]").held
    assert (held.column, held.examples) == ("about", ("f-3",))
