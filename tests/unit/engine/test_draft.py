"""What a draft proposes of small databases: each rule, and each thing that only looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from psycopg import sql

from migrator.contracts import ReadLimits
from migrator.engine.classify import OWNED, SHARED, UNCLASSIFIED, classify
from migrator.engine.draft import Draft, draft, written
from migrator.engine.draft.evidence import MOST_ROWS, MOST_VALUES
from migrator.engine.gentle import gently
from migrator.plan import read_plan
from storage.errors import Misuse
from tests.conformance.made import Made
from tests.conformance.platforms import Platform, PostgresPlatform, SqlitePlatform
from tests.servers.postgres import Postgres
from tests.unit.engine.test_engine_scope import DDL


def drafted(platform: Platform, tenant: str = "", root: str = "") -> Draft:
    with gently(platform.source(), ReadLimits()) as reading:
        return draft(reading, tenant=tenant, root=root)


def references(found: Draft) -> list[str]:
    return [
        f"{one.table}.{'+'.join(one.columns)} → {one.parent}.{'+'.join(one.parent_columns)}" for one in found.references
    ]


# ── references ──────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_declared_is_not_proposed_again(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    found = drafted(platform)
    assert found.references == ()
    assert found.root is not None and (found.root.table, found.root.column) == ("firms", "id")
    assert [one.table for one in found.shared] == ["lands"]


def test_half_of_the_values_bear_out_a_plain_name_and_fewer_do_not(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE votes (id INTEGER PRIMARY KEY, post_id INTEGER);"
        "INSERT INTO posts VALUES (1), (2); INSERT INTO votes VALUES (1, 1), (2, 2), (3, 8), (4, 9);"
    )
    found = drafted(platform)
    assert references(found) == ["votes.post_id → posts.id"]
    assert str(found.references[0].share) == "2 of 4 values are there"
    platform.run("INSERT INTO votes VALUES (5, 7);")
    assert references(drafted(platform)) == []


def test_zero_and_empty_text_stand_for_nothing(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, parent_id INTEGER); CREATE TABLE lands (code TEXT PRIMARY KEY);"
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, land_code TEXT);"
        "INSERT INTO posts VALUES (1, 0), (2, 1), (3, 0); INSERT INTO lands VALUES ('fr');"
        "INSERT INTO firms VALUES (1, ''), (2, 'fr'), (3, NULL);"
    )
    found = drafted(platform)
    assert references(found) == ["firms.land_code → lands.code", "posts.parent_id → posts.id"]
    assert {str(one.share) for one in found.references} == {"1 of 1 values are there"}


def test_an_empty_column_is_proposed_by_its_name_and_says_so(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT);"
        "CREATE TABLE votes (id INTEGER PRIMARY KEY, post_id INTEGER, owner_id INTEGER, post INTEGER);"
        "INSERT INTO posts VALUES (1, 'a'); INSERT INTO votes (id) VALUES (1);"
    )
    found = drafted(platform)
    assert references(found) == ["votes.post_id → posts.id"]
    assert found.references[0].guessed == "named for it; nothing to compare: the column is empty"


def test_numbers_that_count_point_at_nothing(platform: SqlitePlatform) -> None:
    """Every number up to a table's rows is one of its keys."""
    columns = (
        *("posts", "position", "post_count", "version", "age", "level", "paid", "valid", "zip_code", "tax_id"),
        *("age_from", "price_to", "original_price", "next_value", "user_level", "users_total"),
    )
    platform.run(
        f"CREATE TABLE users (id INTEGER PRIMARY KEY, {', '.join(f'{column} INTEGER' for column in columns)});"
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, user_no INTEGER, post_no INTEGER);"
        "CREATE TABLE versions (id INTEGER PRIMARY KEY, title TEXT);"
        "CREATE TABLE map_positions (id INTEGER PRIMARY KEY, title TEXT);"
    )
    platform.insert("users", [(number, *[number] * len(columns)) for number in range(1, 9)])
    platform.insert("posts", [(number, number, number) for number in range(1, 9)])
    platform.insert("versions", [(number, "v") for number in range(1, 9)])
    platform.insert("map_positions", [(number, "p") for number in range(1, 9)])
    # a plain name and all of its values: that is asked
    assert references(drafted(platform)) == ["posts.user_no → users.id", "users.version → versions.id"]


def test_what_else_a_column_may_mean_stands_beside_it(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE employees (id INTEGER PRIMARY KEY);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, created_by INTEGER, user_id INTEGER);"
        "INSERT INTO users VALUES (1), (2); INSERT INTO employees VALUES (1), (2); INSERT INTO notes VALUES (1, 1, 2);"
    )
    found = {one.columns[0]: one for one in drafted(platform).references}
    assert found["created_by"].parent == "users"  # others point there too
    assert found["created_by"].others == ("employees.id: 1 of 1 values are there",)


def test_a_text_that_is_a_number_in_its_parent_is_found(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE votes (id INTEGER PRIMARY KEY, post_id TEXT);"
        "INSERT INTO posts VALUES (1), (2); INSERT INTO votes VALUES (1, '1'), (2, '2');"
    )
    assert references(drafted(platform)) == ["votes.post_id → posts.id"]


def test_a_column_of_mixed_types_is_looked_at_all_the_same(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE votes (id INTEGER PRIMARY KEY, post_id INTEGER);"
        "INSERT INTO posts VALUES (1), (2), (3); INSERT INTO votes VALUES (1, 1), (2, 2), (3, 'none');"
    )
    assert references(drafted(platform)) == ["votes.post_id → posts.id"]


def test_two_columns_that_are_a_key_between_them(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE orders (shop_id INTEGER, id INTEGER, PRIMARY KEY (shop_id, id));"
        "CREATE TABLE lines (shop_id INTEGER, id INTEGER, order_id INTEGER, PRIMARY KEY (shop_id, id));"
        "INSERT INTO orders VALUES (1, 1), (1, 2), (2, 1); INSERT INTO lines VALUES (1, 1, 1), (2, 1, 1);"
    )
    found = drafted(platform)
    assert references(found) == ["lines.shop_id+order_id → orders.shop_id+id"]
    assert found.root is not None and (found.root.table, found.root.column) == (None, "shop_id")
    platform.run("INSERT INTO lines VALUES (2, 2, 2);")  # no such order of this shop
    assert references(drafted(platform)) == []


# ── polymorphic references ──────────────────────────────────────────────────────────────────────────────────
def test_types_that_name_tables_and_one_that_does_not(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE TABLE blog_comments (id INTEGER PRIMARY KEY);"
        "CREATE TABLE likes (id INTEGER PRIMARY KEY, likeable_type TEXT, likeable_id INTEGER);"
        "INSERT INTO posts VALUES (1), (2); INSERT INTO blog_comments VALUES (5);"
        r"INSERT INTO likes VALUES (1, 'App\Models\Post', 2), (2, 'Blog::Comment', 5), (3, 'Widget', 1);"
    )
    [found] = drafted(platform).polymorphic
    assert [(one.value, one.parent) for one in found.types] == [
        (r"App\Models\Post", "posts"),
        ("Blog::Comment", "blog_comments"),
    ]
    assert found.unknown == ("Widget",)


def test_a_type_that_names_no_table_leaves_an_ordinary_reference(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE payments (id INTEGER PRIMARY KEY);"
        "CREATE TABLE bills (id INTEGER PRIMARY KEY, payment_type TEXT, payment_id INTEGER);"
        "INSERT INTO payments VALUES (1); INSERT INTO bills VALUES (1, 'card', 1);"
    )
    found = drafted(platform)
    assert found.polymorphic == () and references(found) == ["bills.payment_id → payments.id"]


# ── cost ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_the_first_rows_are_read_and_it_is_said(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY);"
        "CREATE TABLE votes (id INTEGER PRIMARY KEY, post_id INTEGER, note TEXT);"
    )
    platform.insert("posts", [(number,) for number in range(1, 5_001)])
    platform.insert("votes", [(number, number % 5_000 + 1, "x") for number in range(4 * MOST_ROWS)])
    with gently(platform.source(), ReadLimits()) as reading:
        found, cost = draft(reading), reading.cost
    assert references(found) == ["votes.post_id → posts.id"]
    assert (
        str(found.references[0].share) == f"{MOST_VALUES} of {MOST_VALUES} values are there, of the first 10 000 rows"
    )
    assert cost.rows < 3 * MOST_ROWS


# ── the tenant ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_tenant_called_by_name_is_the_root_to_be_confirmed(platform: SqlitePlatform) -> None:
    platform.run(DDL)
    found = drafted(platform, tenant="ours").root
    assert found is not None and found.value == 1 and "firms.name is ours there alone" in found.guessed
    platform.run("INSERT INTO firms VALUES (3, 'ours', 'fr');")
    again = drafted(platform, tenant="ours").root
    assert again is not None and again.value is None  # which of the two nobody can say


@pytest.mark.parametrize(
    ("root", "place"),
    [
        ("firms=1", ("firms", "id", 1)),
        ("firms.name=ours", ("firms", "name", "ours")),
        ("firm_id=1", (None, "firm_id", 1)),
    ],
)
def test_a_root_that_a_person_says_is_not_guessed(
    platform: SqlitePlatform, root: str, place: tuple[str | None, str, object]
) -> None:
    platform.run(DDL)
    found = drafted(platform, root=root).root
    assert found is not None and (found.table, found.column, found.value) == place and not found.guessed


@pytest.mark.parametrize(
    "root", ["firm=1", "firms=99", "firms.id=none", "firms", "firms=", "firms.nam=ours", "marks=1", "colour=3"]
)
def test_a_root_that_is_not_there_is_misuse(platform: SqlitePlatform, root: str) -> None:
    platform.run(DDL)
    with pytest.raises(Misuse) as raised:
        drafted(platform, root=root)
    assert raised.value.where == "--root" and raised.value.next


def test_what_begins_the_keys_of_tables_between_others_is_no_tenant(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "CREATE TABLE users (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));"
        "CREATE TABLE groups (id INTEGER PRIMARY KEY, firm_id INTEGER REFERENCES firms (id));"
        "CREATE TABLE members (group_id INTEGER REFERENCES groups (id), user_id INTEGER REFERENCES users (id),"
        " PRIMARY KEY (group_id, user_id));"
        "CREATE TABLE guests (group_id INTEGER REFERENCES groups (id), user_id INTEGER REFERENCES users (id),"
        " PRIMARY KEY (group_id, user_id));"
    )
    found = drafted(platform)
    assert found.root is not None and found.root.table == "firms"
    assert [one.column for one in found.tenant_columns] == ["firm_id"]


def test_a_table_that_cannot_be_read_is_told(made: Made) -> None:
    platform = made("mariadb")
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (1);"
        "CREATE TABLE old (id INTEGER PRIMARY KEY, firm_id INTEGER) ENGINE = MyISAM; INSERT INTO old VALUES (1, 1);"
    )
    found = drafted(platform)
    assert references(found) == ["old.firm_id → firms.id"]
    assert "MyISAM" in str(found.references[0].share) and "MyISAM" in found.notes[0]


@pytest.fixture
def clerk(postgres: Postgres, postgres_url: str) -> Iterator[PostgresPlatform]:
    """The same database as somebody who may read nothing yet."""
    database = urlsplit(postgres_url).path.removeprefix("/")
    role = f"clerk_of_{database}"
    postgres.admin(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'read'").format(sql.Identifier(role)))
    yield PostgresPlatform(postgres.url(role, database, "read"))
    PostgresPlatform(postgres_url).run(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    postgres.admin(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_tables_that_this_user_may_not_read_are_told_and_the_others_are_drafted(
    postgres_url: str, clerk: PostgresPlatform
) -> None:
    PostgresPlatform(postgres_url).run(
        "CREATE TABLE firms (id int PRIMARY KEY); INSERT INTO firms VALUES (1);"
        "CREATE TABLE countries (id int PRIMARY KEY); INSERT INTO countries VALUES (1);"
        "CREATE TABLE people (id int PRIMARY KEY, firm_id int, country_id int); INSERT INTO people VALUES (1, 1, 1);"
        "CREATE TABLE pay (id int PRIMARY KEY, firm int REFERENCES firms); CREATE TABLE logs (id int, line text);"
        f"GRANT SELECT ON firms, people TO {urlsplit(clerk.url).username};"
    )
    found = drafted(clerk)
    assert references(found) == ["people.firm_id → firms.id", "people.country_id → countries.id"]
    told = "permission denied for table"
    assert str(found.references[1].share) == f"nothing to compare: countries: a permission is missing: {told} countries"
    assert [note.partition(" ")[0] for note in found.notes if told in note] == ["countries", "logs", "pay"]
    assert {one.table: told in one.seen for one in found.unclassified} == {"logs": True}
    assert list(found.owned) == ["firms", "pay", "people"]


def test_a_database_without_tenants_says_so(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT); INSERT INTO settings VALUES ('a', 'b');")
    found = drafted(platform)
    assert found.root is None and [one.table for one in found.unclassified] == ["settings"]
    assert "\n    root:  # nothing looks like tenants" in written(found)


def test_ids_in_documents_are_told(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE events (id INTEGER PRIMARY KEY, payload TEXT);"
    )
    platform.insert("events", [(1, '{"by": {"user_id": 4}, "size": 1}'), (2, "not JSON"), (3, '[{"user_id": 5}]')])
    assert drafted(platform).notes == ("events.payload holds documents with what reads like ids: user_id (2)",)


# ── as a plan ───────────────────────────────────────────────────────────────────────────────────────────────
NAMES = ["plain", "with space", "null", "on", "a: b", "{x}", "#1", "é\u202eé", "it's", 'say "so"', "007", "1e3", "a,b"]


def test_whatever_things_are_called_the_plan_reads_back_as_proposed(platform: SqlitePlatform) -> None:
    """Names of tables and columns, and values of types, as no careful person gives them."""
    with closing(platform.connect()) as connection:
        for number, name in enumerate(NAMES, start=1):
            quoted = name.replace('"', '""')
            connection.execute(f'CREATE TABLE "{quoted}" (id INTEGER PRIMARY KEY, tenant_id INTEGER)')
            connection.execute(f'CREATE TABLE "{quoted} beside" ("{quoted}_id" INTEGER, x_type TEXT, x_id INTEGER)')
            connection.execute(f'INSERT INTO "{quoted}" VALUES (?, 7)', (number,))
            connection.execute(f'INSERT INTO "{quoted} beside" VALUES (?, ?, ?)', (number, name, number))
    with gently(platform.source(), ReadLimits()) as reading:
        found, schema = draft(reading, tenant="Tenant: #7", root="tenant_id=7"), reading.schema
    plan = read_plan(written(found), file="plan.yaml", variables={"SOURCE_URL": "sqlite:///a.db"})
    assert plan.tenant == "Tenant: #7"
    rules = plan.needs_source().scope
    assert len(rules.references) == len(found.references) + len(found.polymorphic) > len(NAMES)
    assert {(one.table, one.columns) for one in rules.references} == {
        *((one.table, one.columns) for one in found.references),
        *((one.table, (one.column,)) for one in found.polymorphic),
    }
    classes = classify(schema, rules).classes
    assert {name for name, class_ in classes.items() if class_ == OWNED} == set(found.owned)
    assert {name for name, class_ in classes.items() if class_ == SHARED} == {one.table for one in found.shared}
    left = {name for name, class_ in classes.items() if class_ == UNCLASSIFIED}
    assert left == {one.table for one in found.unclassified}


def test_a_tenant_whose_key_a_plan_cannot_hold_is_left_to_a_person(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id PRIMARY KEY, name TEXT); CREATE TABLE people (id INTEGER PRIMARY KEY, firm_id);"
        "INSERT INTO firms VALUES (x'01', 'ours'), (2, 'theirs'); INSERT INTO people VALUES (1, x'01'), (2, 2);"
    )
    found = drafted(platform, tenant="ours")
    assert references(found) == ["people.firm_id → firms.id"]
    assert found.root is not None and found.root.table == "firms" and found.root.value is None
