"""Which rows are the tenant's: what is taken, what comes along, and everything somebody has to decide."""

from __future__ import annotations

from contextlib import closing

import pytest

from migrator.contracts import Predicate, ReadLimits, Whole
from migrator.engine.gentle import Gentle, gently
from migrator.engine.scope import resolve
from migrator.engine.workbench import workbench
from storage.errors import Misuse, Red
from storage.schema import Table
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import plan_of, resolved, rows_of, scope_of, taken

FIRM = "root: {table: firms, where: {id: 1}}"
DDL = """
CREATE TABLE lands (code TEXT PRIMARY KEY, name TEXT);
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT, land TEXT REFERENCES lands (code));
CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), name TEXT NOT NULL,
    boss_id INTEGER REFERENCES people (id), land TEXT REFERENCES lands (code));
CREATE TABLE tasks (id INTEGER PRIMARY KEY, firm_id INTEGER NOT NULL REFERENCES firms (id),
    owner_id INTEGER NOT NULL REFERENCES people (id), checker_id INTEGER REFERENCES people (id));
CREATE TABLE marks (task_id INTEGER REFERENCES tasks (id), person_id INTEGER REFERENCES people (id), mark TEXT);
INSERT INTO lands VALUES ('fr', 'France'), ('de', 'Germany'), ('xx', 'nobody');
INSERT INTO firms VALUES (1, 'ours', 'fr'), (2, 'theirs', 'de');
INSERT INTO people VALUES (10, 1, 'Ada', NULL, 'de'), (11, 1, 'Bob', 10, NULL),
    (20, 2, 'Zoe', NULL, 'de'), (21, 2, 'Yan', 20, 'fr'), (30, NULL, 'Sub', 11, NULL), (31, NULL, 'Alone', NULL, NULL);
INSERT INTO tasks VALUES (100, 1, 10, 11), (200, 2, 20, 21);
INSERT INTO marks VALUES (100, 11, 'a'), (100, 11, 'a'), (100, NULL, 'b'), (NULL, 10, 'c'),
    (200, 20, 'd'), (NULL, NULL, 'e');
"""
SHARED = "shared: [lands]"


@pytest.fixture
def firms(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(DDL)
    return platform


def rows(platform: SqlitePlatform, scope: str) -> dict[str, int]:
    return {table.name: table.rows for table in scope_of(platform, scope).tables}


# ── what is taken ───────────────────────────────────────────────────────────────────────────────────────────
def test_ownership_follows_foreign_keys_down_and_shared_rows_come_when_pointed_at(firms: SqlitePlatform) -> None:
    scope = scope_of(firms, f"{FIRM}\n{SHARED}")
    assert scope.problems == ()
    assert {table.name: table.rows for table in scope.tables} == {
        "lands": 2,
        "firms": 1,
        "people": 3,  # Sub hangs on Bob by a nullable key
        "tasks": 1,
        "marks": 4,  # two equal rows count twice, two paths once
    }


def test_no_table_of_other_tenants_is_counted(firms: SqlitePlatform) -> None:
    """What finding a tenant costs follows the tenant."""
    counted: list[Predicate] = []

    class Watched(Gentle):
        def count(self, table: Table, predicate: Predicate) -> int:
            counted.append(predicate)
            return super().count(table, predicate)

    with firms.source().fence() as reading, workbench() as bench:
        resolve(Watched(reading, ReadLimits()), plan_of(f"{FIRM}\n{SHARED}"), bench)
    assert counted
    assert Whole() not in counted


def test_shared_whole_takes_all_of_it(firms: SqlitePlatform) -> None:
    assert rows(firms, f"{FIRM}\nshared: {{lands: whole}}")["lands"] == 3


def test_the_archive_holds_exactly_these_rows(firms: SqlitePlatform) -> None:
    _, archive = taken(firms, f"{FIRM}\n{SHARED}")
    assert [row[0] for row in rows_of(archive, "people")] == [10, 11, 30]
    assert sorted(map(str, rows_of(archive, "marks"))) == sorted(
        map(str, [(100, 11, "a"), (100, 11, "a"), (100, None, "b"), (None, 10, "c")])
    )
    assert [row[0] for row in rows_of(archive, "lands")] == ["de", "fr"]


def test_a_database_root_takes_every_row(firms: SqlitePlatform) -> None:
    assert rows(firms, "root: database\nexcluded: {marks: internal}") == {
        "lands": 3,
        "firms": 2,
        "people": 6,
        "tasks": 2,
        "marks": 0,
    }


@pytest.mark.parametrize("root", ["{column: firm_id, value: 1}", "{column: firm_id=1}"])
def test_a_column_root_takes_its_rows_and_what_hangs_on_them(firms: SqlitePlatform, root: str) -> None:
    found = rows(firms, f"root: {root}\nshared: [lands, firms]")
    assert found == {"lands": 2, "firms": 1, "people": 3, "tasks": 1, "marks": 4}  # Sub names no firm: his boss does


def test_rows_that_name_another_tenant_and_lead_here_are_red_until_the_plan_says_that_the_column_is_right(
    firms: SqlitePlatform,
) -> None:
    firms.run("INSERT INTO people VALUES (22, 2, 'Led by Ada', 10, NULL);")
    asked = "root: {column: firm_id, value: 1}\nshared: [lands, firms]"
    (problem,) = scope_of(firms, asked).problems
    assert (problem.where, problem.count) == ("people.firm_id", 1)
    assert problem.next.endswith("scope.paths: {people: [boss_id]}")
    scope = scope_of(firms, f"{asked}\npaths: {{people: [boss_id]}}")
    assert scope.problems == ()
    assert {table.name: table.rows for table in scope.tables}["people"] == 3
    assert [(left.reference, left.count) for left in scope.left_behind] == [("people.boss_id → people.id", 1)]


def test_a_table_without_a_primary_key_has_children_too(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "CREATE TABLE teams (code TEXT UNIQUE, firm_id INTEGER REFERENCES firms (id), of TEXT REFERENCES teams (code));"
        "CREATE TABLE members (team TEXT REFERENCES teams (code), name TEXT);"
        "CREATE TABLE badges (id INTEGER PRIMARY KEY, team TEXT REFERENCES teams (code));"
        "INSERT INTO firms VALUES (1), (2); INSERT INTO teams VALUES ('a', 1, NULL), ('z', 2, NULL), ('b', NULL, 'a');"
        "INSERT INTO members VALUES ('a', 'Ada'), ('b', 'Bob'), ('z', 'Zoe');"
        "INSERT INTO badges VALUES (1, 'b'), (2, 'z');"
    )
    _, archive = taken(platform, FIRM)
    assert sorted(row[0] for row in rows_of(archive, "teams")) == ["a", "b"]
    assert sorted(row[1] for row in rows_of(archive, "members")) == ["Ada", "Bob"]
    assert rows_of(archive, "badges") == [(1, "b")]


def test_what_points_at_the_root_itself_is_told(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, of INTEGER REFERENCES firms (id));"
        "INSERT INTO firms VALUES (1, NULL), (2, 1), (3, 2);"
    )
    scope = scope_of(platform, FIRM)
    assert [(left.reference, left.count) for left in scope.left_behind] == [("firms.of → firms.id", 1)]


def test_composite_keys_own_as_single_ones_do(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE shops (country TEXT, number INTEGER, PRIMARY KEY (country, number));"
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, country TEXT, number INTEGER,"
        " FOREIGN KEY (country, number) REFERENCES shops (country, number));"
        "INSERT INTO shops VALUES ('fr', 1), ('fr', 2), ('de', 1);"
        "INSERT INTO sales VALUES (1, 'fr', 1), (2, 'fr', 2), (3, 'de', 1), (4, 'fr', NULL), (5, NULL, 1);"
    )
    _, archive = taken(platform, "root: {table: shops, where: {country: fr, number: 1}}")
    assert rows_of(archive, "sales") == [(1, "fr", 1)]


def test_a_thousand_levels_cost_their_length(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE firms (id INTEGER PRIMARY KEY);")
    platform.run(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER, boss_id INTEGER REFERENCES people (id));"
    )
    platform.run("INSERT INTO firms VALUES (1); CREATE INDEX bosses ON people (boss_id);")
    platform.insert("people", ((n, 1 if n == 1 else None, n - 1 or None) for n in range(1, 1001)))
    platform.insert("people", ((n, None, None) for n in range(5000, 5100)))
    plan = plan_of(f"{FIRM}\nreferences: [{{table: people, column: firm_id, to: firms.id}}]")
    with gently(platform.source(), ReadLimits()) as reading, workbench() as bench:
        assert [table.rows for table in resolve(reading, plan, bench).scope.tables] == [1, 1000]
        assert (reading.cost.statements // 1000, reading.cost.rows // 1000) == (1, 1)


def test_what_hangs_on_a_chain_is_asked_for_once(platform: SqlitePlatform) -> None:
    """Not once for each of its levels."""
    platform.run("CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1);")
    platform.run(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), "
        "boss_id INTEGER REFERENCES people (id));"
    )
    platform.insert("people", ((n, 1 if n == 1 else None, n - 1 or None) for n in range(1, 101)))
    for name in ("badges", "desks", "keys"):
        platform.run(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES people (id));")
        platform.insert(name, ((n, n) for n in range(1, 101)))
    with gently(platform.source(), ReadLimits()) as reading, workbench() as bench:
        found = resolve(reading, plan_of(FIRM), bench).scope
        assert {table.name: table.rows for table in found.tables} == {
            "badges": 100, "desks": 100, "firms": 1, "keys": 100, "people": 100,
        }  # fmt: skip
        assert reading.cost.statements < 200


def test_tables_in_a_circle_are_gone_round_until_nothing_is_new(platform: SqlitePlatform) -> None:
    """And what leads into a circle comes before what leads out of it."""
    platform.run(
        "CREATE TABLE out (id INTEGER PRIMARY KEY, b_id INTEGER REFERENCES b (id));"
        "CREATE TABLE a (id INTEGER PRIMARY KEY, b_id INTEGER REFERENCES b (id), firm_id INTEGER"
        " REFERENCES firms (id));"
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id));"
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "INSERT INTO firms VALUES (1), (2); INSERT INTO a VALUES (1, NULL, 1), (2, NULL, NULL), (9, NULL, 2);"
        "INSERT INTO b VALUES (1, 1), (2, 2), (9, 9); UPDATE a SET b_id = 1 WHERE id = 2;"
        "INSERT INTO out VALUES (1, 1), (2, 2), (9, 9);"
    )
    scope = scope_of(platform, FIRM)
    assert scope.problems == ()
    assert {table.name: table.rows for table in scope.tables} == {"a": 2, "b": 2, "firms": 1, "out": 2}


def test_a_cycle_with_the_root_comes_to_an_end(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES people (id));"
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));"
        "INSERT INTO firms VALUES (1, NULL), (2, NULL); INSERT INTO people VALUES (10, 1), (20, 2);"
        "UPDATE firms SET owner_id = id * 10;"
    )
    scope = scope_of(platform, FIRM)
    assert (scope.problems, [table.rows for table in scope.tables]) == ((), [1, 1])


def test_types_the_declaration_does_not_tell_follow_too(platform: SqlitePlatform) -> None:
    """Columns without a type hold what they hold: 7 is a number in one row and a text in another tenant's."""
    platform.run(
        "CREATE TABLE firms (id PRIMARY KEY); CREATE TABLE people (id NUMERIC PRIMARY KEY, firm REFERENCES firms (id));"
        "INSERT INTO firms VALUES (7), ('7'); INSERT INTO people VALUES (1, 7), (2, '7'), ('x', 7);"
    )
    _, archive = taken(platform, "root: {table: firms, where: {id: 7}}")
    assert len(rows_of(archive, "people")) == 2


# ── what somebody has to decide ─────────────────────────────────────────────────────────────────────────────
def test_a_table_no_path_leads_to_is_red(firms: SqlitePlatform) -> None:
    firms.run("CREATE TABLE settings (key TEXT PRIMARY KEY);")
    scope = scope_of(firms, f"{FIRM}\n{SHARED}")
    assert scope.unclassified == ("settings",)
    (problem,) = scope.problems
    assert problem.where == "settings" and "scope.excluded" in problem.next


@pytest.mark.parametrize(
    ("scope", "said", "line", "next_"),
    [
        ("root: {table: firm, where: {id: 1}}", "no table 'firm'", 6, "firms"),
        ("root: {table: firms, where: {ident: 1}}", "no column 'ident'", 6, "id"),
        (f"{FIRM}\nshared: [land]", "no table 'land'", 7, "lands"),
        (f"{FIRM}\nexcluded: {{mark: why}}", "no table 'mark'", 7, "marks"),
        (f"{FIRM}\nshared: [lands]\nexcluded: {{lands: why}}", "both shared and excluded", 8, "one"),
        (f"{FIRM}\npaths: {{tasks: [owner]}}", "no reference 'owner'", 7, "owner_id"),
        (f"{FIRM}\nforeign: {{people.bos_id: carry}}", "no column 'bos_id'", 7, "boss_id"),
        (f"{FIRM}\nforeign: {{people.name: carry}}", "people.name is no reference", 7, "scope.references"),
        (f"{FIRM}\nreferences:\n  - {{table: marks, column: x, to: people.id}}", "no column 'x'", 8, ""),
        (f"{FIRM}\nattachments:\n  - {{table: people, column: photo}}", "no column 'photo'", 8, ""),
        ("root: {table: firms, where: {id: 99}}", "tenant 'acme' not found", 6, "inspect"),
        ("root: {table: people, where: {firm_id: 2}}", "names 2 rows", 6, "one row"),
        ("root: {column: firm_id, value: 99}", "tenant 'acme' not found", 6, "inspect"),
        ("root: {column: firmid, value: 1}", "no table has a column 'firmid'", 6, "firm_id"),
    ],
)
def test_a_wrong_name_is_misuse_at_its_line(
    firms: SqlitePlatform, scope: str, said: str, line: int, next_: str
) -> None:
    with pytest.raises(Misuse) as refused:
        scope_of(firms, scope)
    assert said in refused.value.what
    assert refused.value.where == f"plan.yaml:{line}"
    assert next_ in refused.value.next


def test_paths_that_lead_to_different_tenants_are_red_until_one_is_chosen(firms: SqlitePlatform) -> None:
    firms.run("INSERT INTO tasks VALUES (101, 1, 20, NULL), (201, 2, 10, NULL);")
    (first, second) = scope_of(firms, f"{FIRM}\n{SHARED}").problems
    assert {first.where, second.where} == {"tasks.firm_id", "tasks.owner_id"}
    assert "scope.paths: {tasks: [" in first.next
    chosen = scope_of(firms, f"{FIRM}\n{SHARED}\npaths: {{tasks: [firm_id]}}\nforeign: {{tasks.owner_id: stub}}")
    assert chosen.problems == ()
    assert {table.name: table.rows for table in chosen.tables}["tasks"] == 2
    assert [(left.reference, left.count) for left in chosen.left_behind] == [("tasks.owner_id → people.id", 1)]


def test_a_foreign_parent_without_a_policy_is_red_with_examples(firms: SqlitePlatform) -> None:
    firms.run("UPDATE people SET boss_id = 20 WHERE id = 10;")
    (problem,) = scope_of(firms, f"{FIRM}\n{SHARED}\npaths: {{people: [firm_id]}}").problems
    assert (problem.where, problem.count, problem.examples) == ("people.boss_id", 1, ("20",))
    with pytest.raises(Red) as red:
        taken(firms, f"{FIRM}\n{SHARED}\npaths: {{people: [firm_id]}}")
    assert red.value.problems == (problem,)


def test_null_where_no_null_fits_is_red(firms: SqlitePlatform) -> None:
    firms.run("UPDATE tasks SET owner_id = 20 WHERE id = 100;")
    scope = f"{FIRM}\n{SHARED}\npaths: {{tasks: [firm_id]}}\nforeign: {{tasks.owner_id: null}}"
    (problem,) = scope_of(firms, scope).problems
    assert problem.where == "tasks.owner_id" and "cannot be NULL" in problem.what


def test_a_polymorphic_type_nobody_declared_is_red(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1);"
        "CREATE TABLE likes (id INTEGER PRIMARY KEY, kind, target INTEGER);"
        "INSERT INTO likes VALUES (1, 'firm', 1), (2, 'shop', 1), (3, 9, 1), (4, NULL, 1);"
    )
    reference = "references:\n  - {table: likes, column: target, type_column: kind, types: {firm: firms}}"
    scope = scope_of(platform, f"{FIRM}\n{reference}")
    (problem,) = scope.problems
    assert (problem.where, problem.examples) == ("likes.kind", ("9", "shop"))
    assert {table.name: table.rows for table in scope.tables}["likes"] == 1


def test_a_key_that_is_null_is_red(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1);"
        "CREATE TABLE t (k TEXT PRIMARY KEY, firm_id INTEGER REFERENCES firms (id)); INSERT INTO t VALUES (NULL, 1);"
    )
    with pytest.raises(Red, match="NULL in their primary key") as red:
        scope_of(platform, FIRM)
    assert "t (k)" in red.value.where


# ── what the policies make of a foreign parent ──────────────────────────────────────────────────────────────
@pytest.fixture
def crossing(firms: SqlitePlatform) -> SqlitePlatform:
    firms.run("UPDATE people SET boss_id = 21 WHERE id = 10;")
    return firms


POLICY = f"{FIRM}\n{SHARED}\npaths: {{people: [firm_id]}}\nforeign: {{people.boss_id: %s, people.firm_id: %s}}"


def test_carry_brings_the_row_in_full_and_its_own_parents_by_their_policies(crossing: SqlitePlatform) -> None:
    found, archive = taken(crossing, POLICY % ("carry", "null"))
    people = {row[0]: row[1:] for row in rows_of(archive, "people")}
    assert people == {
        10: (1, "Ada", 21, "de"),
        11: (1, "Bob", 10, None),
        20: (None, "Zoe", None, "de"),
        21: (None, "Yan", 20, "fr"),
    }
    assert [row[0] for row in rows_of(archive, "firms")] == [1]
    assert found.proof.invited == {"people": 2}


def test_what_a_row_that_came_along_points_at_is_asked_by_its_policy(crossing: SqlitePlatform) -> None:
    (problem,) = scope_of(crossing, f"{FIRM}\n{SHARED}\nforeign: {{people.boss_id: carry}}").problems
    assert (problem.where, problem.examples) == ("people.firm_id", ("2",))
    assert "scope.foreign: {people.firm_id: carry" in problem.next


def test_stub_brings_the_key_and_nothing_about_the_person(crossing: SqlitePlatform) -> None:
    _, archive = taken(crossing, POLICY % ("stub", "null"))
    people = {row[0]: row[1:] for row in rows_of(archive, "people")}
    assert people[21] == (None, "", None, None)
    assert 20 not in people


@pytest.mark.parametrize(("policy", "said"), [("carry", ("z", 2, "Zoe")), ("stub", ("z", None, ""))])
def test_a_row_without_a_primary_key_comes_along_by_what_points_at_it(
    platform: SqlitePlatform, policy: str, said: tuple[object, ...]
) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1), (2);"
        "CREATE TABLE people (code TEXT UNIQUE, firm_id INTEGER REFERENCES firms (id), name TEXT NOT NULL);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER, person TEXT REFERENCES people (code));"
        "INSERT INTO people VALUES ('a', 1, 'Ada'), ('y', 2, 'Yan'), ('z', 2, 'Zoe');"
        "INSERT INTO notes VALUES (1, 1, 'a'), (2, 1, 'z'), (3, 2, 'y');"
    )
    scope = "root: {column: firm_id, value: 1}\nshared: {firms: whole}"
    _, archive = taken(platform, f"{scope}\nforeign: {{notes.person: {policy}}}")
    assert sorted(rows_of(archive, "people")) == [("a", 1, "Ada"), said]


@pytest.mark.parametrize(("editor", "author"), [("carry", "stub"), ("stub", "carry")])
def test_a_row_that_one_reference_carries_comes_in_full_and_with_its_own_parents(
    platform: SqlitePlatform, editor: str, author: str
) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1), (2);"
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER, name TEXT,"
        " boss_id INTEGER REFERENCES people (id));"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER,"
        " editor_id INTEGER REFERENCES people (id), author_id INTEGER REFERENCES people (id));"
        "INSERT INTO people VALUES (20, 2, 'Yan', 21), (21, 2, 'Zoe', NULL); INSERT INTO notes VALUES (1, 1, 20, 20);"
    )
    foreign = f"{{notes.editor_id: {editor}, notes.author_id: {author}, people.boss_id: stub}}"
    _, archive = taken(platform, f"root: {{column: firm_id, value: 1}}\nshared: [firms]\nforeign: {foreign}")
    assert sorted(rows_of(archive, "people")) == [(20, 2, "Yan", 21), (21, None, None, None)]


def test_a_stub_keeps_a_reference_it_must_have_together_with_the_type_that_says_where_it_leads(
    platform: SqlitePlatform,
) -> None:
    platform.run(
        "CREATE TABLE bots (id INTEGER PRIMARY KEY, firm_id INTEGER, name TEXT); INSERT INTO bots VALUES (5, 2, 'R2');"
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id INTEGER, name TEXT, kind TEXT NOT NULL,"
        " maker INTEGER NOT NULL); INSERT INTO people VALUES (20, 2, 'Yan', 'bot', 5);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER, author_id INTEGER REFERENCES people (id));"
        "INSERT INTO notes VALUES (1, 1, 20);"
    )
    scope = "root: {column: firm_id, value: 1}\nforeign: {notes.author_id: stub, people.maker: stub}\n"
    scope += "references: [{table: people, column: maker, type_column: kind, types: {bot: bots}}]"
    _, archive = taken(platform, scope)
    assert rows_of(archive, "people") == [(20, None, None, "bot", 5)]
    assert rows_of(archive, "bots") == [(5, None, None)]


def test_null_leaves_the_row_without_its_foreign_parent(crossing: SqlitePlatform) -> None:
    _, archive = taken(crossing, POLICY % ("null", "null"))
    people = {row[0]: row[1:] for row in rows_of(archive, "people")}
    assert people == {10: (1, "Ada", None, "de"), 11: (1, "Bob", 10, None)}


def test_null_reaches_columns_whose_type_only_the_values_tell(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "CREATE TABLE people (id NUMERIC PRIMARY KEY, firm_id INTEGER REFERENCES firms (id),"
        " boss NUMERIC REFERENCES people (id));"
        "INSERT INTO firms VALUES (1), (2);"
        "INSERT INTO people VALUES (10, 1, NULL), (20, 2, NULL), (11, 1, 20), (12, 1, 10);"
    )
    _, archive = taken(platform, f"{FIRM}\npaths: {{people: [firm_id]}}\nforeign: {{people.boss: null}}")
    assert [row[2] for row in rows_of(archive, "people")] == [None, None, 10]


def test_a_reference_to_nothing_is_told_and_no_reason_to_stop(firms: SqlitePlatform) -> None:
    with closing(firms.connect()) as connection:
        connection.executescript("PRAGMA foreign_keys = OFF; UPDATE people SET boss_id = 404 WHERE id = 10;")
    scope = scope_of(firms, f"{FIRM}\n{SHARED}")
    assert scope.problems == ()
    assert [(c.reference, c.policy) for c in scope.crossings] == [("people.boss_id → people.id", "dangling")]


def test_keys_are_asked_for_once_more_when_a_column_turns_out_mixed(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1);"
        "CREATE TABLE t (k TEXT PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));"
        "INSERT INTO t VALUES (x'00ff', 1), ('b', 1), (CAST(x'ff' AS TEXT), 1);"
    )
    with resolved(platform, FIRM) as found:
        assert found.closure.count("t") == 3
    _, archive = taken(platform, FIRM)
    assert sorted(row[0] for row in rows_of(archive, "t")) == ["b:AP8=", "t:b", "x:/w=="]


def test_null_frees_rows_of_a_parent_that_is_excluded(firms: SqlitePlatform) -> None:
    scope = f"{FIRM}\n{SHARED}\nexcluded: {{people: internal}}\npaths: {{marks: [task_id], tasks: [firm_id]}}"
    _, archive = taken(firms, f"{scope}\nforeign: {{marks.person_id: null}}")
    assert rows_of(archive, "marks") == [(100, None, "a"), (100, None, "a"), (100, None, "b")]
    assert [row[2] for row in rows_of(archive, "tasks")] == [10]  # no policy: the key stays, as the plan lets it


ELSEWHERE = """
PRAGMA foreign_keys = OFF;
CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1), (2);
CREATE TABLE notes (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id), by INTEGER REFERENCES accounts (id));
INSERT INTO notes VALUES (1, 1, 7), (2, 1, NULL), (3, 2, 8);
"""


def test_rows_that_point_at_what_the_source_does_not_show_are_red_until_the_plan_says_why(
    platform: SqlitePlatform,
) -> None:
    platform.run(ELSEWHERE)
    (problem,) = scope_of(platform, FIRM).problems
    assert (problem.where, problem.count, problem.examples) == ("notes.by", 1, ("7",))
    assert "scope.excluded: {accounts: reason}" in problem.next
    found, archive = taken(platform, f"{FIRM}\nexcluded: {{accounts: they have an export of their own}}")
    assert [(one.reference, one.count, one.policy) for one in found.scope.crossings] == [
        ("notes.by → accounts.id", 1, "excluded")
    ]
    assert b"they have an export of their own" in archive.document("reports/exclusions.json")
    assert rows_of(archive, "notes") == [(1, 1, 7), (2, 1, None)]


def test_what_points_at_what_the_source_does_not_show_may_be_freed(platform: SqlitePlatform) -> None:
    platform.run(ELSEWHERE)
    _, archive = taken(platform, f'{FIRM}\nforeign: {{notes.by: "null"}}')
    assert rows_of(archive, "notes") == [(1, 1, None), (2, 1, None)]


def test_a_name_that_has_a_plus_is_one_name(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1), (2);"
        'CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER, "a+b" INTEGER REFERENCES firms (id));'
        "INSERT INTO notes VALUES (1, 1, 2), (2, 2, 1);"
    )
    said = "references: [{table: notes, column: firm, to: firms.id}]"
    _, archive = taken(platform, f'{FIRM}\n{said}\npaths: {{notes: [firm]}}\nforeign: {{notes.a+b: "null"}}')
    assert rows_of(archive, "notes") == [(1, 1, None)]
    _, archive = taken(platform, f'{FIRM}\n{said}\npaths: {{notes: [a+b]}}\nforeign: {{notes.firm: "null"}}')
    assert rows_of(archive, "notes") == [(2, None, 1)]


# ── references that compare across types and cases ──────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("parent", "child", "pointing", "others"),
    [
        ("id INTEGER PRIMARY KEY", "TEXT", "'42'", "'2'"),
        ("id TEXT PRIMARY KEY", "INTEGER", "42", "2"),
        ("id TEXT PRIMARY KEY", "", "42", "2"),
        ("id INTEGER PRIMARY KEY", "", "'42'", "2"),
        ("id TEXT COLLATE NOCASE PRIMARY KEY", "TEXT", "'ACME'", "'2'"),
        ("id TEXT COLLATE RTRIM PRIMARY KEY", "TEXT", "'Acme  '", "'2'"),
        ("id TEXT PRIMARY KEY", "TEXT COLLATE NOCASE", "'Acme'", "'ACME'"),
    ],
)
def test_a_reference_compares_as_its_parent_does(
    platform: SqlitePlatform, parent: str, child: str, pointing: str, others: str
) -> None:
    root = "'Acme'" if pointing.startswith(("'A", "'a")) else "42"
    where = root.replace("'", '"') if "INTEGER" in parent else f'"{root.strip(chr(39))}"'
    platform.run(
        f"PRAGMA foreign_keys = ON; CREATE TABLE firms ({parent});"
        f"CREATE TABLE items (id INTEGER PRIMARY KEY, firm {child} REFERENCES firms (id));"
        f"INSERT INTO firms VALUES ({root}), ({others}); INSERT INTO items VALUES (1, {pointing}), (2, {others});"
    )
    _, archive = taken(platform, f"root: {{table: firms, where: {{id: {where}}}}}")
    assert [row[0] for row in rows_of(archive, "items")] == [1]


def test_a_shared_row_comes_along_whatever_the_case_it_is_pointed_at_in(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE lands (code TEXT COLLATE NOCASE PRIMARY KEY);"
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, land TEXT REFERENCES lands (code));"
        "INSERT INTO lands VALUES ('FR'), ('DE'); INSERT INTO firms VALUES (1, 'fr');"
    )
    _, archive = taken(platform, f"{FIRM}\n{SHARED}")
    assert rows_of(archive, "lands") == [("FR",)]


def test_a_shared_table_without_a_key_takes_no_heed_of_what_is_excluded(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE lands (code TEXT UNIQUE, name TEXT);"
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, land TEXT REFERENCES lands (code));"
        "CREATE TABLE logs (land TEXT REFERENCES lands (code));"
        "INSERT INTO lands VALUES ('fr', 'France'), ('de', 'Germany'); INSERT INTO firms VALUES (1, 'fr');"
        "INSERT INTO logs VALUES ('de');"
    )
    scope = "root: {table: firms, where: {id: 1}}\nshared: [lands]\nexcluded: {logs: internal}"
    with resolved(platform, scope) as found, platform.source().fence() as reading:
        lands = reading.schema.table("lands")
        assert reading.count(lands, found.closure.predicate("lands")) == 1
