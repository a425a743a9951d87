"""Whose a row is, where the source itself contradicts the plan."""

from __future__ import annotations

import pytest

from storage.problem import Problem
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import scope_of

FIRM = "root: {table: firms, where: {id: acme}}"
COLUMN = "root: {column: firm_id, value: acme}"


def problem(platform: SqlitePlatform, scope: str) -> Problem:
    """The only one there is."""
    (found,) = scope_of(platform, scope).problems
    return found


@pytest.mark.parametrize("how", ["referenced", "whole"])
def test_a_shared_row_that_names_another_tenant_is_red(platform: SqlitePlatform, how: str) -> None:
    platform.run(
        "CREATE TABLE papers (id INTEGER PRIMARY KEY, firm_id TEXT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id TEXT, paper INTEGER REFERENCES papers (id));"
        "INSERT INTO papers VALUES (1, NULL), (2, 'acme'), (3, 'other');"
        "INSERT INTO notes VALUES (1, 'acme', 1), (2, 'acme', 2);"
    )
    scope = f"{COLUMN}\nshared: {{papers: {how}}}"
    if how == "referenced":
        assert scope_of(platform, scope).problems == ()
        platform.run("INSERT INTO notes VALUES (3, 'acme', 3);")
    found = problem(platform, scope)
    assert (found.where, found.count, found.examples) == ("papers.firm_id", 1, ("other",))
    assert "scope.foreign" in found.next


def test_a_reference_to_what_is_no_key_is_red_where_others_have_the_same_values(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE orders (firm_id TEXT, id INTEGER, PRIMARY KEY (firm_id, id));"
        "CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER);"
        "INSERT INTO orders VALUES ('acme', 1), ('acme', 2), ('other', 2), ('other', 3);"
        "INSERT INTO lines VALUES (1, 1), (3, 3);"
    )
    scope = f"{COLUMN}\nreferences: [{{table: lines, column: order_id, to: orders.id}}]"
    assert scope_of(platform, scope).problems == ()  # nobody points at what two tenants have
    platform.run("INSERT INTO lines VALUES (2, 2);")
    found = problem(platform, scope)
    assert (found.where, found.count) == ("lines.order_id", 1)
    assert "all columns of the key" in found.next


@pytest.mark.parametrize("spelled", ["ACME", "Acme", "acme "])
def test_a_key_in_another_case_that_points_at_nothing_is_red(platform: SqlitePlatform, spelled: str) -> None:
    platform.run(
        "CREATE TABLE firms (id TEXT PRIMARY KEY); INSERT INTO firms VALUES ('acme'), ('other');"
        f"CREATE TABLE people (id INTEGER PRIMARY KEY, firm TEXT); INSERT INTO people VALUES (1, '{spelled}');"
    )
    scope = f"{FIRM}\nreferences: [{{table: people, column: firm, to: firms.id}}]"
    found = problem(platform, scope)
    assert (found.where, found.examples) == ("people.firm", (spelled,))
    platform.run(f"INSERT INTO firms VALUES ('{spelled}');")  # that is a tenant of its own
    assert scope_of(platform, scope).problems == ()


def test_what_a_collation_calls_the_same_points_at_something(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id TEXT COLLATE NOCASE PRIMARY KEY); INSERT INTO firms VALUES ('acme');"
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm TEXT); INSERT INTO people VALUES (1, 'ACME');"
    )
    scope = scope_of(platform, f"{FIRM}\nreferences: [{{table: people, column: firm, to: firms.id}}]")
    assert scope.problems == ()
    assert [table.rows for table in scope.tables] == [1, 1]


def test_the_tenant_column_in_another_case_is_red(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id TEXT); INSERT INTO people VALUES (1, 'acme');"
        "CREATE TABLE notes (FIRM_ID TEXT, person INTEGER REFERENCES people (id));"
        "INSERT INTO notes VALUES ('acme', 1), ('acme', NULL);"
    )
    assert problem(platform, COLUMN).where == "notes.FIRM_ID"
