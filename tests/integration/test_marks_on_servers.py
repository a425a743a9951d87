"""By what a server's tenant is known: a schema of it, and ids that only look like another's."""

from __future__ import annotations

import pytest

from migrator.engine.snapshot import snapshot
from storage.archive import Archive
from storage.errors import MigratorError, Misuse, Red
from storage.memory import MemoryStore
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of, rows_of, scope_of, taken

SCHEMAS = """
CREATE TABLE lands (id int PRIMARY KEY);
CREATE TABLE audit (id int PRIMARY KEY, place int);
CREATE SCHEMA acme; CREATE SCHEMA globex; CREATE SCHEMA "acme.old";
CREATE TABLE acme.users (id int PRIMARY KEY, land int REFERENCES lands, manager int REFERENCES acme.users);
CREATE TABLE acme.notes (id int, text text);
CREATE VIEW acme.everybody AS SELECT id FROM acme.users;
CREATE TABLE globex.users (id int PRIMARY KEY, friend int REFERENCES acme.users);
CREATE TABLE "acme.old".users (id int PRIMARY KEY);
INSERT INTO lands VALUES (1), (2); INSERT INTO audit VALUES (1, 1);
INSERT INTO acme.users VALUES (1, 1, NULL), (2, NULL, 1); INSERT INTO acme.notes VALUES (1, 'x'), (1, 'x');
INSERT INTO globex.users VALUES (1, 1), (7, NULL); INSERT INTO "acme.old".users VALUES (1);
"""
ACME = "root: {{schema: acme, others: [{others}]}}\nshared: [lands]\nexcluded: {{audit: ours}}"
OTHERS = ACME.format(others='globex, "*.old"')


def keys(platform: Platform, scope: str, *tables: str) -> list[list[object]]:
    """The first column of what leaves of each table, proven."""
    found, archive = taken(platform, scope)
    assert found.proof.problems == ()
    return [sorted(row[0] for row in rows_of(archive, table)) for table in tables]


# ── a schema ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_schema_is_a_tenant_s_whole_and_the_archive_names_no_other(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    found, archive = taken(platform, OTHERS)
    assert found.proof.problems == ()
    held = {name: len(rows_of(archive, name)) for name in ("acme.notes", "acme.users", "lands")}
    assert held == {"acme.notes": 2, "acme.users": 2, "lands": 1}
    said = [archive.document(path) for path in archive.documents()]
    assert not [text for text in said if b"globex" in text or b"acme.old" in text]


def test_the_default_schema_is_one(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    scope = 'root: {schema: public, others: ["acme*", globex]}'
    assert keys(platform, scope, "lands", "audit") == [[1, 2], [1]]


def test_schemas_that_nobody_says_anything_of_are_unclassified(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    scope = scope_of(platform, ACME.format(others='"*.old"'))
    assert scope.unclassified == ("globex.users",)  # though its rows point at the tenant's
    assert "`others` of the root" in scope.problems[0].next
    by_path = ACME.format(others='"*.old"') + "\npaths: {globex.users: [friend]}"
    assert keys(platform, by_path, "globex.users") == [[1]]


def test_a_reference_into_the_schema_of_another_tenant_is_red_unless_it_becomes_null(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    platform.run(
        "ALTER TABLE acme.users ADD pal int REFERENCES globex.users; UPDATE acme.users SET pal = 7 WHERE id = 2;"
    )
    (found,) = scope_of(platform, OTHERS).problems
    assert (found.where, found.count, found.examples) == ("acme.users.pal", 1, ("7",))
    _, archive = taken(platform, f'{OTHERS}\nforeign: {{acme.users.pal: "null"}}')
    assert rows_of(archive, "acme.users") == [(1, 1, None, None), (2, None, 1, None)]


def test_a_person_s_export_leads_into_no_schema_of_another_tenant(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    platform.run(
        "ALTER TABLE acme.users ADD pal int REFERENCES globex.users; UPDATE acme.users SET pal = 7 WHERE id = 2;"
    )
    scope = f'{OTHERS}\nforeign: {{acme.users.pal: "null"}}\nsubjects: {{acme.users: {{}}}}'
    store = MemoryStore()
    found = snapshot(platform.source(), plan_of(scope), store, signing_keys(), tool="test", subject="acme.users=2")
    archive = Archive.open(store, found.sealed.archive_id)
    assert rows_of(archive, "acme.users") == [(2, None, 1, None)]


def test_a_view_of_the_schema_needs_a_path(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    platform.run("CREATE VIEW acme.all_users AS SELECT id FROM acme.users UNION SELECT id FROM globex.users;")
    scope = f"{OTHERS}\nviews: [acme.all_users]"
    with pytest.raises(Red, match="no ownership path leads from this table") as red:
        taken(platform, scope)
    assert red.value.problems[0].where == "acme.all_users"
    by_path = f"{scope}\nreferences: [{{table: acme.all_users, column: id, to: acme.users.id}}]"
    assert keys(platform, by_path, "acme.all_users") == [[1, 2]]


@pytest.mark.parametrize(
    ("root", "what", "next_"),
    [
        ("{schema: acne}", "no schema 'acne'", "acme"),
        ("{schema: acme, others: [globe]}", "no other schema is called 'globe'", "globex"),
        ("{schema: acme, others: [acme]}", "no other schema is called 'acme'", ""),
    ],
)
def test_a_schema_that_is_not_there_is_refused(postgres_url: str, root: str, what: str, next_: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(SCHEMAS)
    with pytest.raises(Misuse, match=what) as refused:
        scope_of(platform, f"root: {root}")
    assert next_ in refused.value.next and refused.value.where == "plan.yaml:6"


def test_the_database_of_a_mariadb_is_its_only_schema(mariadb_url: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run("CREATE TABLE users (id int PRIMARY KEY); INSERT INTO users VALUES (1), (2);")
    database = mariadb_url.rpartition("/")[2].partition("?")[0]
    assert keys(platform, f"root: {{schema: {database}}}", "users") == [[1, 2]]
    with pytest.raises(Misuse, match="no schema 'acme'"):
        scope_of(platform, "root: {schema: acme}")


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────
UUID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
FIRMS = {
    "integer": ("0", "42", "43"),
    "bigint": ("0", "9007199254740992", "9007199254740993"),
    "text": ("0", "1", "42", "042", "42 ", "42a", "42.0", "acme", "Acme", UUID, UUID.upper()),
    "uuid": (UUID, "00000000-0000-0000-0000-000000000000"),
}
FOUND = {
    "integer": ("42", "'42'"),
    "bigint": ("9007199254740993", "'9007199254740993'"),
    "text": ("42", "'042'", "'42 '", "'42.0'", "42a", "acme", "Acme", UUID.upper()),
    "uuid": (UUID, UUID.upper()),
}
REFUSED = {
    "integer": ("42a", "acme", "' 4 2'", "42.5"),
    "bigint": ("9007199254740993.5", "acme"),
    "text": ("true", "42.0", "4.2e1", "ACME", "' 42'", "'acme '", f"'{{{UUID}}}'", "'%'"),
    "uuid": ("acme", "0", f"'{UUID[:-1]}'", f"'{UUID}1'"),
}
"""What is in a plan and means no row of the table that holds all of FIRMS, whatever a server would make of it."""


def means(type_: str, said: str) -> str:
    text = said.strip("'")
    return str(int(text)) if type_ in ("integer", "bigint") else text.lower() if type_ == "uuid" else text


@pytest.fixture(params=["postgresql", "mariadb"])
def platform(request: pytest.FixtureRequest) -> Platform:
    """A table of each type, with tenants whose ids are nearly each other's."""
    is_postgres = request.param == "postgresql"
    url = request.getfixturevalue(f"{'postgres' if is_postgres else 'mariadb'}_url")
    made = PostgresPlatform(url) if is_postgres else MysqlPlatform(url)
    for type_, ids in FIRMS.items():
        declared = "varchar(60) COLLATE utf8mb4_nopad_bin" if type_ == "text" and not is_postgres else type_
        rows = ", ".join(f"('{one}')" for one in ids)
        made.run(
            f"CREATE TABLE {type_}_firms ({type_}_ref {declared} PRIMARY KEY); INSERT INTO {type_}_firms VALUES {rows};"
        )
    return made


def root(type_: str, said: str) -> str:
    others = ", ".join(f"{other}_firms: another's" for other in FIRMS if other != type_)
    return f"root: {{column: {type_}_ref, value: {said}}}\nexcluded: {{{others}}}"


def test_a_value_means_the_tenant_that_is_written_and_no_other(platform: Platform) -> None:
    for type_, values in FOUND.items():
        for said in values:
            (found,) = keys(platform, root(type_, said), f"{type_}_firms")
            assert list(map(str, found)) == [means(type_, said)]


def test_what_a_server_would_make_a_tenant_of_is_refused(platform: Platform) -> None:
    for type_, values in REFUSED.items():
        for said in values:
            with pytest.raises(MigratorError) as refused:
                keys(platform, root(type_, said), f"{type_}_firms")
            assert isinstance(refused.value, Misuse | Red) and "plan" in str(refused.value), (type_, said)
