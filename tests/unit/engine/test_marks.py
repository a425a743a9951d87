"""By what a tenant is known: several roots, memberships, a schema, and values that are compared exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrator.engine.classify import classify
from storage.errors import Misuse
from storage.problem import Problem
from tests.conformance.platforms import Platform, SqlitePlatform
from tests.unit.engine.support import plan_of, rows_of, scope_of, taken

PEOPLE = """
CREATE TABLE firms (id INTEGER PRIMARY KEY);
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE memberships (firm INTEGER REFERENCES firms (id), user INTEGER REFERENCES users (id),
    PRIMARY KEY (firm, user));
CREATE TABLE posts (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id), user INTEGER REFERENCES users (id));
INSERT INTO firms VALUES (1), (2);
INSERT INTO users VALUES (10, 'ours'), (11, 'both'), (20, 'theirs');
INSERT INTO memberships VALUES (1, 10), (1, 11), (2, 11), (2, 20);
INSERT INTO posts VALUES (100, 1, 10), (101, 1, 11), (201, 2, 11), (202, 2, 20);
"""
FIRM = "root: {table: firms, where: {id: 1}}"
MEMBERS = f"{FIRM}\nmembers: {{users: [memberships.user]}}"


def problem(platform: Platform, scope: str) -> Problem:
    """The only one there is."""
    (found,) = scope_of(platform, scope).problems
    return found


def keys(platform: Platform, scope: str, *tables: str) -> list[list[object]]:
    """The first column of what leaves of each table, proven."""
    found, archive = taken(platform, scope)
    assert found.proof.problems == ()
    return [sorted(row[0] for row in rows_of(archive, table)) for table in tables]


# ── memberships ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_member_of_two_tenants_is_part_of_both_and_what_hangs_on_him_follows_its_own_tenant(
    platform: SqlitePlatform,
) -> None:
    platform.run(PEOPLE)
    assert keys(platform, MEMBERS, "users", "memberships", "posts") == [[10, 11], [1, 1], [100, 101]]
    theirs = MEMBERS.replace("id: 1", "id: 2")
    assert keys(platform, theirs, "users", "memberships", "posts") == [[11, 20], [2, 2], [201, 202]]


def test_members_are_counted_once_more_by_the_source(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    found, _ = taken(platform, MEMBERS)
    (edge,) = [edge for edge in found.proof.edges if edge.edge.endswith("members")]
    assert (edge.edge, edge.source, edge.archive) == ("memberships.user → users.id, members", 2, 2)


def test_what_others_members_leave_behind_is_no_sign_of_ours(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    found, _ = taken(platform, MEMBERS, prove_full=True)
    assert [(sign.where, sign.rows) for sign in found.proof.signs] == [
        ("memberships.user → users.id", 1),
        ("posts.user → users.id", 1),
    ]


def test_without_members_nobody_knows_whose_users_are(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    assert problem(platform, FIRM).where == "users"


def test_a_table_that_only_a_person_leads_to_the_tenant_is_a_question_until_the_plan_says(
    platform: SqlitePlatform,
) -> None:
    platform.run(PEOPLE)
    platform.run(
        "CREATE TABLE settings (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id));"
        "INSERT INTO settings VALUES (1, 10), (2, 11), (3, 20);"
    )
    assert problem(platform, MEMBERS).where == "settings"
    assert keys(platform, f"{MEMBERS}\npaths: {{settings: [user]}}", "settings") == [[1, 2]]


def test_a_row_that_only_a_person_leads_to_the_tenant_is_a_question_until_the_plan_says(
    platform: SqlitePlatform,
) -> None:
    platform.run(PEOPLE)
    platform.run("INSERT INTO posts VALUES (300, NULL, 11), (301, NULL, 20);")
    found = problem(platform, MEMBERS)
    assert (found.where, found.count) == ("posts.user", 1)
    assert keys(platform, f"{MEMBERS}\npaths: {{posts: [firm]}}", "posts") == [[100, 101]]


def test_a_person_of_others_whom_our_row_names_is_a_question(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    platform.run("INSERT INTO posts VALUES (300, 1, 20);")
    found = problem(platform, MEMBERS)
    assert (found.where, found.count, found.examples) == ("posts.user", 1, ("20",))
    assert keys(platform, f"{MEMBERS}\nforeign: {{posts.user: stub}}", "users") == [[10, 11, 20]]


REACTIONS = """
CREATE TABLE reactions (id INTEGER PRIMARY KEY, kind TEXT, target INTEGER {});
INSERT INTO reactions VALUES (1, 'post', 100), (2, 'user', 10), (3, 'user', 20), (4, 'post', 201), (5, 'user', 11);
"""
REACTING = f"{MEMBERS}\nreferences: [{{table: reactions, column: target, type_column: kind, types: {{"


@pytest.mark.parametrize("target", ["", "NOT NULL"])
def test_a_row_about_a_member_is_a_question_whatever_the_table_s_rows_are_about_else(
    platform: SqlitePlatform, target: str
) -> None:
    platform.run(PEOPLE)
    platform.run(REACTIONS.format(target))
    scope = f"{REACTING}post: posts, user: users}}}}]"
    found = problem(platform, scope)
    assert (found.where, found.count) == ("reactions.target", 2)
    assert "[kind=post, kind=user]}, or without kind=user" in found.next
    assert keys(platform, f"{scope}\npaths: {{reactions: [kind=post]}}", "reactions") == [[1]]
    assert keys(platform, f"{scope}\npaths: {{reactions: [kind=post, kind=user]}}", "reactions") == [[1, 2, 5]]
    assert keys(platform, f"{scope}\npaths: {{reactions: [target]}}", "reactions") == [[1, 2, 5]]


def test_a_type_that_leads_to_no_tenant_leaves_a_row_to_the_person_it_names(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    platform.run("CREATE TABLE lands (id INTEGER PRIMARY KEY); INSERT INTO lands VALUES (7);")
    platform.run(REACTIONS.format("") + "ALTER TABLE reactions ADD by INTEGER REFERENCES users (id);")
    platform.run("INSERT INTO reactions VALUES (8, 'land', 7, 10), (9, NULL, 100, 10);")
    scope = f"{REACTING}post: posts, land: lands, user: users}}}}]\nshared: [lands]"
    assert [(one.where, one.count) for one in scope_of(platform, scope).problems] == [
        ("reactions.by", 2),
        ("reactions.target", 2),
    ]


def test_who_was_taken_is_no_question(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    platform.run("ALTER TABLE users ADD boss INTEGER REFERENCES users (id); UPDATE users SET boss = 10 WHERE id <> 10;")
    assert (problem(platform, MEMBERS).where, problem(platform, MEMBERS).count) == ("users.boss", 1)


def test_members_of_a_tenant_column_s_tenant(platform: SqlitePlatform) -> None:
    platform.run(PEOPLE)
    platform.run("INSERT INTO posts VALUES (300, NULL, 11);")
    column = MEMBERS.replace("{table: firms, where: {id: 1}}", "{column: firm, value: 1}\nshared: [firms]")
    found = problem(platform, column)
    assert (found.where, found.count) == ("posts.user", 1)
    answered = f"{column}\npaths: {{posts: []}}"
    assert keys(platform, answered, "users", "posts") == [[10, 11], [100, 101]]


def test_members_of_members(platform: SqlitePlatform) -> None:
    """Whom a membership names may be in groups whose badges are theirs in turn."""
    platform.run(PEOPLE)
    platform.run(
        "CREATE TABLE badges (id INTEGER PRIMARY KEY);"
        "CREATE TABLE wearing (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id),"
        " badge INTEGER REFERENCES badges (id));"
        "INSERT INTO badges VALUES (1), (2), (3); INSERT INTO wearing VALUES (1, 10, 1), (2, 11, 2), (3, 20, 3);"
    )
    scope = f"{FIRM}\nmembers: {{users: [memberships.user], badges: [wearing.badge]}}\npaths: {{wearing: [user]}}"
    assert keys(platform, scope, "wearing", "badges") == [[1, 2], [1, 2]]


@pytest.mark.parametrize(
    ("keyed", "keyless"),
    [
        (",\n    PRIMARY KEY (firm, user)", ""),
        ("users (id INTEGER PRIMARY KEY,", "users (id INTEGER NOT NULL UNIQUE,"),
    ],
    ids=["memberships", "members"],
)
def test_what_has_no_primary_key_makes_members_too(platform: SqlitePlatform, keyed: str, keyless: str) -> None:
    platform.run(PEOPLE.replace(keyed, keyless))
    assert keys(platform, MEMBERS, "users", "memberships", "posts") == [[10, 11], [1, 1], [100, 101]]


def test_members_are_named_by_a_key(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1), (2);"
        "CREATE TABLE users (firm INTEGER, number INTEGER, PRIMARY KEY (firm, number));"
        "CREATE TABLE members (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id), number INTEGER);"
        "INSERT INTO users VALUES (1, 7), (2, 7); INSERT INTO members VALUES (1, 1, 7), (2, 2, 7);"
    )
    scope = f"{FIRM}\nmembers: {{users: [members.number]}}\n"
    scope += "references: [{table: members, column: number, to: users.number}]"
    assert "is no key" in problem(platform, scope).what


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("members: {users: [memberships.usr]}", "no reference 'memberships.usr' leads to users"),
        ("members: {users: [memberships.firm]}", "no reference 'memberships.firm' leads to users"),
        ("members: {people: [memberships.user]}", "no table 'people'"),
        ("members: {users: [memberships.user]}\nshared: [users]", "both shared and among the members"),
        ("members: {users: [memberships.user]}\nexcluded: {memberships: no}", "memberships is excluded"),
        ("shared: [users, posts]\npaths: {posts: [firm]}", "posts is both shared and led by paths"),
        ("shared: [users]\nexcluded: {posts: no}\npaths: {posts: [firm]}", "posts is both excluded and led by paths"),
    ],
)
def test_rules_that_cannot_hold_together_are_refused(platform: SqlitePlatform, said: str, what: str) -> None:
    platform.run(PEOPLE)
    with pytest.raises(Misuse, match=what) as refused:
        scope_of(platform, f"{FIRM}\n{said}")
    assert refused.value.where.startswith("plan.yaml:")


@pytest.mark.parametrize(
    "said", ["paths: {posts: [firm]}", "paths: {posts: []}", "members: {users: [memberships.user]}"]
)
def test_what_takes_nothing_away_from_a_whole_table_is_refused(platform: SqlitePlatform, said: str) -> None:
    platform.run(PEOPLE)
    with pytest.raises(Misuse, match="is the tenant's, for where it lies") as refused:
        scope_of(platform, f"root: database\n{said}")
    assert refused.value.where == "plan.yaml:7"


@pytest.mark.parametrize("said", ["paths: {common.users: [firm]}", "members: {common.users: [t.user]}"])
def test_a_pattern_of_other_tenants_schemas_hides_no_table_that_the_plan_says_more_of(
    platform: SqlitePlatform, said: str
) -> None:
    platform.run("CREATE TABLE users (id INTEGER PRIMARY KEY);")
    with platform.source().fence() as reading:
        schema, (users,) = reading.schema, reading.schema.tables
    homes = (replace(users, name="t", schema="acme"), replace(users, name="common.users", schema="common"))
    rules = plan_of(f"root: {{schema: acme, others: ['*']}}\n{said}").needs_source().scope
    with pytest.raises(Misuse, match="another tenant") as refused:
        classify(replace(schema, tables=homes), rules)
    assert refused.value.where.startswith("plan.yaml:")


# ── several roots ───────────────────────────────────────────────────────────────────────────────────────────
ROOTS = """
CREATE TABLE firms (id INTEGER PRIMARY KEY);
CREATE TABLE accounts (number TEXT PRIMARY KEY, firm INTEGER REFERENCES firms (id));
CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id));
CREATE TABLE bills (id INTEGER PRIMARY KEY, account TEXT REFERENCES accounts (number));
INSERT INTO firms VALUES (1), (2), (3);
INSERT INTO accounts VALUES ('0815', NULL), ('4711', 3);
INSERT INTO notes VALUES (10, 1), (20, 2), (30, 3);
INSERT INTO bills VALUES (100, '0815'), (200, '4711');
"""


def test_rows_of_one_table_are_one_tenant(platform: SqlitePlatform) -> None:
    platform.run(ROOTS)
    scope = "root: [{table: firms, where: {id: 1}}, {table: firms, where: {id: 2}}]"
    assert keys(platform, scope, "firms", "notes", "accounts") == [[1, 2], [10, 20], []]


def test_rows_of_several_tables_are_one_tenant(platform: SqlitePlatform) -> None:
    platform.run(ROOTS)
    scope = "root: [{table: firms, where: {id: 1}}, {table: accounts, where: {number: '0815'}}]"
    assert keys(platform, scope, "firms", "notes", "accounts", "bills") == [[1], [10], ["0815"], [100]]


def test_a_row_that_leads_to_a_root_in_the_table_of_another_is_asked_about(platform: SqlitePlatform) -> None:
    platform.run(ROOTS)
    scope = "root: [{table: firms, where: {id: 3}}, {table: accounts, where: {number: '0815'}}]"
    found = problem(platform, scope)
    assert (found.where, found.count) == ("accounts.firm", 1)
    assert keys(platform, f"{scope}\npaths: {{accounts: [firm]}}", "accounts", "bills") == [
        ["0815", "4711"],
        [100, 200],
    ]
    assert keys(platform, f"{scope}\npaths: {{accounts: []}}", "accounts", "bills") == [["0815"], [100]]


@pytest.mark.parametrize(
    ("second", "what"),
    [
        ("{table: firms, where: {id: 9}}", "no row of firms where id = 9"),
        ("{table: accounts, where: {firm: null}}", "the root's value is empty"),
        ("{column: firm, value: 1}", "unknown key 'column'"),
    ],
)
def test_each_root_names_one_row(platform: SqlitePlatform, second: str, what: str) -> None:
    platform.run(ROOTS)
    with pytest.raises(Misuse, match=what) as refused:
        scope_of(platform, f"root:\n  - {{table: firms, where: {{id: 1}}}}\n  - {second}")
    assert refused.value.where == "plan.yaml:8"


def test_one_of_several_roots_that_a_person_has_not_confirmed_is_a_question(platform: SqlitePlatform) -> None:
    platform.run(ROOTS)
    scope = "root: [{table: firms, where: {id: 1}}, {table: firms, where: {id: 2}, guessed: by its name}]"
    assert "guessed, and confirmed by nobody" in problem(platform, scope).what


# ── a schema ────────────────────────────────────────────────────────────────────────────────────────────────
def test_sqlite_has_no_schemas(platform: SqlitePlatform) -> None:
    platform.run(ROOTS)
    with pytest.raises(Misuse, match="sqlite has no schemas") as refused:
        scope_of(platform, "root: {schema: main}")
    assert "root: database" in refused.value.next


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("root", ["{{table: firms, where: {{ref: {0}}}}}", "{{column: ref, value: {0}}}"])
@pytest.mark.parametrize(
    ("type_", "ours", "said"),
    [
        ("TEXT", "'42'", "'42'"),
        ("TEXT", "'42'", "42"),
        ("TEXT", "'042'", "'042'"),
        ("TEXT", "'042'", "042"),
        ("TEXT", "'42 '", "'42 '"),
        ("TEXT", "'Acme'", "Acme"),
        ("INTEGER", "42", "42"),
        ("INTEGER", "42", "'42'"),
        ("INTEGER", "42", "'042'"),
        ("", "'42'", "'42'"),
        ("", "42", "42"),
        ("TEXT", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
    ],
)
def test_a_value_finds_its_own_tenant_and_no_other(
    platform: SqlitePlatform, type_: str, ours: str, said: str, root: str
) -> None:
    """All of these, as far as the column can hold them, are tenants of their own, and one is meant, or none."""
    others = ["'42'", "42", "'042'", "'42 '", "' 42'", "'Acme'", "'acme'", "43", "'{A0EEBC99}'",
              "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]  # fmt: skip
    platform.run(
        f"CREATE TABLE firms (id INTEGER PRIMARY KEY, ref {type_} UNIQUE); INSERT INTO firms VALUES (1, {ours});"
    )
    for number, other in enumerate(others):
        platform.run(
            f"INSERT OR IGNORE INTO firms VALUES ({number + 2}, {other.replace('{', '{{').replace('}', '}}')});"
        )
    assert keys(platform, f"root: {root.format(said)}", "firms") == [[1]]


@pytest.mark.parametrize("said", ["'42'", "'42 '", "ACME", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "'{acme}'"])
def test_a_value_that_only_looks_like_a_tenant_finds_none(platform: SqlitePlatform, said: str) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, ref TEXT);"
        "INSERT INTO firms VALUES (1, '042'), (2, 'acme'), (3, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (4, NULL);"
    )
    with pytest.raises(Misuse, match="not found: no row"):
        scope_of(platform, f"root: {{table: firms, where: {{ref: {said}}}}}")


@pytest.mark.parametrize("where", ["{ref: ''}", "{ref: }", '{ref: "${{NOBODY:-}}"}'])
def test_a_tenant_is_never_named_by_nothing(platform: SqlitePlatform, where: str) -> None:
    platform.run("CREATE TABLE firms (ref TEXT PRIMARY KEY); INSERT INTO firms VALUES ('');")
    with pytest.raises(Misuse, match="empty") as refused:
        scope_of(platform, f"root: {{table: firms, where: {where.replace('{{', '{').replace('}}', '}')}}}")
    assert refused.value.where == "plan.yaml:6"


@pytest.mark.parametrize("said", ["true", "1e3", "42.0"])
def test_what_is_no_text_is_not_made_one(platform: SqlitePlatform, said: str) -> None:
    """An id that looks like a number, or a word that YAML reads as a truth, would be another tenant's as text."""
    platform.run("CREATE TABLE firms (ref TEXT PRIMARY KEY); INSERT INTO firms VALUES ('1'), ('1000.0'), ('42.0');")
    with pytest.raises(Misuse, match="is text, and the plan's value is none") as refused:
        scope_of(platform, f"root: {{table: firms, where: {{ref: {said}}}}}")
    assert "quotes" in refused.value.next
    assert keys(platform, "root: {column: ref, value: '42.0'}", "firms") == [["42.0"]]
