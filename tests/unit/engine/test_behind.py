"""A full proof asks the rows that stay behind for any sign of the tenant; what it finds is the operator's to judge."""

from __future__ import annotations

import json

import pytest

from migrator.engine import behind
from migrator.engine.behind import How
from migrator.engine.proof import Proof
from migrator.engine.snapshot import snapshot
from storage.archive import Archive
from storage.errors import Red
from storage.memory import MemoryStore
from storage.objects import read_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of

OURS, OTHERS = "0b0e7a52-6f0c-4a3e-9c43-0f4ad1c3b001", "7d1f3c7e-52b0-4d57-8b43-0b5a7c9dd002"
NOTE = "5a1a8d3c-9f11-4a52-9d83-6a2f2c1ee003"
BY_ROW = f"root: {{table: firms, where: {{id: {OURS}}}}}"
BY_MARK = "root: {column: firm, value: acme}"


@pytest.fixture
def firms(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(
        f"""
        CREATE TABLE firms (id TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE notes (id TEXT PRIMARY KEY, firm_id TEXT REFERENCES firms (id), about TEXT, said TEXT);
        INSERT INTO firms VALUES ('{OURS}', 'ours'), ('{OTHERS}', 'other');
        INSERT INTO notes VALUES ('{NOTE}', '{OURS}', NULL, 'ours'), ('n2', '{OTHERS}', NULL, 'theirs'),
          ('n3', '{OTHERS}', NULL, 'see {OTHERS}');
        """
    )
    return platform


@pytest.fixture
def marked(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm TEXT, up INTEGER REFERENCES notes (id));"
        "INSERT INTO notes VALUES (1, 'acme', NULL), (2, 'globex', NULL), (3, 'acmeco', NULL);"
    )
    return platform


def proven(platform: SqlitePlatform, scope: str, store: MemoryStore | None = None) -> Proof:
    store = store or MemoryStore()
    return snapshot(platform.source(), plan_of(scope), store, signing_keys(), tool="test", prove_full=True).proof


def refused(platform: SqlitePlatform, scope: str) -> tuple[str, tuple[str, ...]]:
    store = MemoryStore()
    with pytest.raises(Red, match="the proof failed: rows that stay behind hold") as red:
        proven(platform, scope, store)
    assert not list(store.list())
    return red.value.where, red.value.problems[0].examples


def test_nothing_of_the_tenant_stays_behind_and_the_archive_says_that_all_was_asked(firms: SqlitePlatform) -> None:
    store = MemoryStore()
    found = snapshot(firms.source(), plan_of(BY_ROW), store, signing_keys(), tool="test", prove_full=True)
    assert (found.proof.kind, found.proof.signs) == ("full", ())
    said = json.loads(Archive.open(store, found.sealed.archive_id).document("provenance/proof.json"))
    assert said["proof"] == "full"
    assert all(edge["source_sum"] == edge["archive_sum"] != "" for edge in said["edges"])


@pytest.mark.parametrize("spelled", ["ACME", " acme", "ac me", "00acme"])
def test_a_mark_that_is_spelled_otherwise_is_refused(marked: SqlitePlatform, spelled: str) -> None:
    marked.run(f"INSERT INTO notes VALUES (4, '{spelled}', NULL);")
    assert refused(marked, BY_MARK) == ("notes.firm", ("4",))


def test_a_mark_that_is_the_name_of_somebody_else_is_theirs(marked: SqlitePlatform) -> None:
    marked.run(
        "CREATE TABLE firms (name TEXT PRIMARY KEY); INSERT INTO firms VALUES ('acme'), ('ACME');"
        "CREATE TABLE pages (id INTEGER PRIMARY KEY, firm TEXT REFERENCES firms (name));"
        "INSERT INTO pages VALUES (1, 'acme'), (2, 'ACME');"
    )
    assert proven(marked, f"{BY_MARK}\nshared: [firms]").signs == ()
    marked.run("PRAGMA foreign_keys = OFF; INSERT INTO pages VALUES (3, 'Acme');")
    assert refused(marked, f"{BY_MARK}\nshared: [firms]") == ("pages.firm", ("3",))


def test_two_tenants_whose_names_only_their_case_tells_apart_are_two_where_their_list_has_both(
    marked: SqlitePlatform,
) -> None:
    marked.run(
        "CREATE TABLE firms (firm TEXT PRIMARY KEY); INSERT INTO firms VALUES ('acme'), ('globex');"
        "INSERT INTO notes VALUES (4, 'ACME', NULL);"
    )
    assert refused(marked, BY_MARK) == ("notes.firm", ("4",))
    marked.run("INSERT INTO firms VALUES ('ACME');")
    assert proven(marked, BY_MARK).signs == ()
    marked.run("DELETE FROM firms WHERE firm = 'acme';")  # then it may be ours that is misspelled
    with pytest.raises(Red, match="the tenant's mark"):
        proven(marked, BY_MARK)


def test_a_list_that_calls_both_spellings_one_tenant_has_one(marked: SqlitePlatform) -> None:
    marked.run(
        "CREATE TABLE firms (name TEXT PRIMARY KEY COLLATE NOCASE); INSERT INTO firms VALUES ('acme');"
        "CREATE TABLE pages (id INTEGER PRIMARY KEY, firm TEXT); INSERT INTO pages VALUES (1, 'acme'), (2, 'ACME');"
    )
    scope = f"{BY_MARK}\nshared: [firms]\nreferences: [{{table: pages, column: firm, to: firms.name}}]"
    assert refused(marked, scope) == ("pages.firm", ("2",))


def test_a_path_that_the_plan_does_not_follow_is_told(firms: SqlitePlatform) -> None:
    firms.run(f"ALTER TABLE notes ADD COLUMN of TEXT REFERENCES firms (id); UPDATE notes SET of = '{OURS}';")
    (sign,) = proven(firms, f"{BY_ROW}\npaths: {{notes: [firm_id]}}").signs
    assert (sign.where, sign.how, sign.rows, sign.keys) == ("notes.of → firms.id", How.REFERENCE, 2, ("n2", "n3"))


@pytest.mark.parametrize("value", [OURS, NOTE, OURS.upper(), f'["{OURS}", 1]'])
def test_an_id_of_ours_as_a_value_is_refused(firms: SqlitePlatform, value: str) -> None:
    firms.run(f"UPDATE notes SET about = '{value}' WHERE id = 'n2';")
    assert refused(firms, BY_ROW) == ("notes.about", ("n2",))


ULID, CODE = "01J9ZK3V7Q8W2X4Y6A5B3C1D0E", "invoice-2024-000017"


@pytest.mark.parametrize(("id_", "said"), [(ULID, ULID), (ULID, f'["{ULID}"]'), ("9f" * 16, "9f" * 16)])
def test_an_id_of_ours_that_nobody_makes_twice_is_refused_as_a_value(
    firms: SqlitePlatform, id_: str, said: str
) -> None:
    firms.run(
        f"UPDATE notes SET id = '{id_}' WHERE firm_id = '{OURS}'; UPDATE notes SET about = '{said}' WHERE id = 'n2';"
    )
    assert refused(firms, BY_ROW) == ("notes.about", ("n2",))


@pytest.mark.parametrize(
    ("id_", "said", "how"),
    [
        (CODE, CODE, How.NAME),
        (CODE, f'["{CODE}"]', How.NAME),
        (CODE, f"see {CODE}!", How.MENTION),
        (ULID, f"see {ULID}", How.MENTION),
        ("jo.doe17@example.org", "jo.doe17@example.org", How.NAME),
    ],
)
def test_a_long_key_of_ours_is_looked_for_and_told(firms: SqlitePlatform, id_: str, said: str, how: How) -> None:
    firms.run(
        f"UPDATE notes SET id = '{id_}' WHERE firm_id = '{OURS}'; UPDATE notes SET about = '{said}' WHERE id = 'n2';"
    )
    (sign,) = proven(firms, BY_ROW).signs
    assert (sign.where, sign.how, sign.rows, sign.keys) == ("notes.about", how, 1, ("n2",))


@pytest.mark.parametrize("id_", ["invoice-17", "a-long-key-without-a-digit"])
def test_a_word_that_anybody_may_write_is_not_looked_for(firms: SqlitePlatform, id_: str) -> None:
    firms.run(
        f"UPDATE notes SET id = '{id_}' WHERE firm_id = '{OURS}'; UPDATE notes SET about = '{id_}' WHERE id = 'n2';"
    )
    assert proven(firms, BY_ROW).signs == ()


def test_an_id_of_ours_within_a_text_is_told_the_operator_and_not_the_archive(firms: SqlitePlatform) -> None:
    firms.run(f"UPDATE notes SET said = printf('%5000s', 'they wrote {NOTE} on it') WHERE id = 'n3';")
    store = MemoryStore()
    (sign,) = proven(firms, BY_ROW, store).signs
    assert (sign.where, sign.how, sign.rows, sign.keys) == ("notes.said", How.MENTION, 1, ("n3",))
    archived = b"".join(read_bytes(store, info.key) for info in store.list())
    assert b"n3" not in archived and OTHERS.encode() not in archived


def test_other_tenants_that_our_rows_name_are_counted_for_the_operator_and_never_red(firms: SqlitePlatform) -> None:
    firms.run(f"UPDATE notes SET about = '{OTHERS}', said = 'ask {OTHERS.upper()} and {OURS}' WHERE id = '{NOTE}';")
    named = proven(firms, BY_ROW).named
    assert [(one.where, one.times, one.tenants, one.is_number) for one in named] == [
        ("notes.about", 1, 1, False),
        ("notes.said", 1, 1, False),
    ]
    assert {one.examples for one in named} == {(OTHERS,)}


def test_numbers_in_prose_may_be_tenants_by_chance(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id), said TEXT);"
        "INSERT INTO firms VALUES (1, 'ours'), (22, 'other'); INSERT INTO notes VALUES (1, 1, 'room 22, 1 bed, 333');"
    )
    (named,) = proven(platform, "root: {table: firms, where: {id: 1}}").named
    assert (named.where, named.times, named.is_number, named.examples) == ("notes.said", 1, True, ("22",))


def test_rows_are_asked_portion_by_portion(firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "_PORTION_ROWS", 1)
    firms.run(f"UPDATE notes SET said = 'about {NOTE}' WHERE firm_id <> '{OURS}';")
    (sign,) = proven(firms, BY_ROW).signs
    assert (sign.rows, sign.keys) == (2, ("n2", "n3"))


def test_rows_that_are_read_once_more_are_counted_once(firms: SqlitePlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later row turns out to hold what its column's type does not say."""
    monkeypatch.setattr(behind, "_PORTION_ROWS", 1)
    firms.run(
        f"UPDATE notes SET about = '{OTHERS}' WHERE id = '{NOTE}'; UPDATE notes SET about = x'00' WHERE id = 'n3';"
    )
    (named,) = proven(firms, BY_ROW).named
    assert (named.where, named.times) == ("notes.about", 1)


def test_values_of_another_type_than_ours_are_asked_too(marked: SqlitePlatform) -> None:
    marked.run("CREATE TABLE words (firm BLOB, word BLOB); INSERT INTO words VALUES ('acme', 1), (x'00ff', 'x');")
    assert proven(marked, BY_MARK).signs == ()
    marked.run("INSERT INTO words VALUES ('Acme ', x'01');")
    assert refused(marked, BY_MARK) == ("words.firm", ("a row without a key",))


def test_ids_that_are_texts_are_compared_exactly_as_values_and_in_json(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (code TEXT PRIMARY KEY);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm TEXT REFERENCES firms (code), about TEXT, said TEXT);"
        "INSERT INTO firms VALUES ('acme'), ('Globex');"
        "INSERT INTO notes VALUES (1, 'acme', 'Globex', '[\"Globex\", \"globex\"]');"
        "INSERT INTO notes VALUES (2, 'acme', 'globex', 'to Globex');"
    )
    named = proven(platform, "root: {column: firm, value: acme}\nshared: [firms]").named
    assert [(one.where, one.times, one.examples) for one in named] == [
        ("notes.about", 1, ("Globex",)),
        ("notes.said", 1, ("Globex",)),
    ]
