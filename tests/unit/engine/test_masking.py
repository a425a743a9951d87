"""A masked archive holds no masked value anywhere, joins as before, and says so; what cannot be is refused by line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.engine.masks.key import FILE, MaskKey
from migrator.engine.masks.masked import REPORT, Masker
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.plan.masking import read_mask_rules
from migrator.platforms.files.place import open_files
from storage.archive import Archive
from storage.check import check_archive
from storage.credentials import Accounts
from storage.errors import Misuse, Red
from storage.memory import MemoryStore
from storage.objects import read_bytes
from tests.conformance.platforms import SqlitePlatform
from tests.support_archive import signing_keys
from tests.unit.engine.support import plan_of, rows_of

KEY = MaskKey(b"k" * 32)
SCOPE = "root: {table: firms, where: {id: 739182645}}\nreferences: [{table: visits, column: who, to: members.login}]"
DDL = """
CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'Zebra & Sons');
CREATE TABLE members (
    login TEXT PRIMARY KEY COLLATE NOCASE, firm_id INTEGER REFERENCES firms (id), email TEXT UNIQUE, name TEXT,
    phone TEXT, iban TEXT, birth TEXT, bio TEXT, settings TEXT, photo BLOB, path TEXT, points INTEGER);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author TEXT REFERENCES members (login), body TEXT);
CREATE TABLE visits (who TEXT, firm_id INTEGER REFERENCES firms (id), at TEXT);
INSERT INTO firms VALUES (739182645, 'Zebra & Sons');
INSERT INTO members VALUES
    ('zoltan7', 739182645, 'Zoltan@zebra.fr', 'Zoltan Zebrowski', '+33 6 12 34 56 78', 'FR7630006000011234567890189',
     '1980-05-03', 'Zoltan lives in Zagreb', '{{"town": "Zagreb"}}', x'5a6f6c74616e', 'zoltan.png', 7),
    ('zelda99', 739182645, 'zelda@zebra.fr', 'Zelda', '06 12 34 56 79', NULL, NULL, '', NULL, NULL, NULL, NULL);
INSERT INTO posts VALUES (1, 'ZOLTAN7', 'Zagreb again'), (2, 'zelda99', NULL), (3, 'Zelda99', '\\N');
INSERT INTO visits VALUES ('zoltan7', 739182645, 'noon'), ('zelda99', 739182645, NULL);
"""
RULES = """
columns:
  firms.id: code
  firms.name: name
  members.login: code
  members.email: email
  members.name: name
  members.phone: phone
  members.iban: iban
  members.birth: date
  members.bio: removed
  members.settings: removed
  members.photo: removed
  members.path: null
  posts.body: removed
keep: [visits.at]
strict: true
"""
CLEAR = (  # numbers long enough to be in no hash by chance
    "739182645", "zebra", "zoltan", "zelda", "zebrowski", "12 34 56", "30006000", "1980-05-03", "zagreb", "Wm9sdGFu",
)  # fmt: skip
"""What stands in masked columns, in small letters; the last is a photograph in base64."""


@pytest.fixture
def members(platform: SqlitePlatform) -> SqlitePlatform:
    platform.run(DDL)
    return platform


def taken(
    platform: SqlitePlatform,
    rules: str = RULES,
    *,
    scope: str = SCOPE,
    key: MaskKey = KEY,
    store: MemoryStore | None = None,
) -> tuple[Snapshot, Archive]:
    store = store or MemoryStore()
    masker = Masker(rules=read_mask_rules(rules, file="mask.yaml"), key=key)
    found = snapshot(
        platform.source(), plan_of(scope), store, signing_keys(), tool="test", mask=masker,
        places=lambda base: open_files(base, Accounts(variables={})),
    )  # fmt: skip
    assert not check_archive(store, found.sealed.archive_id).problems
    return found, Archive.open(store, found.sealed.archive_id)


def everything(store: MemoryStore, archive: Archive) -> dict[str, str]:
    """Every object but the compressed twin, and the rows of that; in small letters."""
    objects = {info.key: info.key + read_bytes(store, info.key).decode("utf-8", "replace") for info in store.list()}
    rows = {table.table.name: str(rows_of(archive, table.table.name)) for table in archive.tables}
    return {where: content.lower() for where, content in {**objects, **rows}.items()}


# ── nothing in clear, nothing broken ────────────────────────────────────────────────────────────────────────
def test_no_masked_value_stands_anywhere_in_the_archive(members: SqlitePlatform) -> None:
    store = MemoryStore()
    _, archive = taken(members, store=store)
    for where, content in everything(store, archive).items():
        assert [value for value in CLEAR if value.lower() in content] == [], where


def test_references_hold_as_the_platform_compares_and_nothing_stays_nothing(members: SqlitePlatform) -> None:
    _, archive = taken(members)
    ((firm, _),) = rows_of(archive, "firms")
    rows = {row[0]: row for row in rows_of(archive, "members")}
    assert {row[1] for row in rows.values()} == {firm}
    zoltan = next(login for login, row in rows.items() if row[6])
    zelda = next(login for login, row in rows.items() if not row[6])
    assert [row[1] for row in rows_of(archive, "posts")] == [zoltan.upper(), zelda, zelda.capitalize()]
    assert {row[0]: row[2] for row in rows_of(archive, "visits")} == {zoltan: "noon", zelda: None}
    assert rows[zelda][5:] == (None, None, "", None, None, None, None)
    assert [row[2] for row in rows_of(archive, "posts")] == ["this text wa", None, "th"]
    assert rows[zoltan][7:] == ("this text was removed ", "{}", b"", None, 7)


def test_the_order_of_rows_says_nothing_of_masked_keys(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE members (id INTEGER PRIMARY KEY, note TEXT); CREATE TABLE marks (login TEXT, points INTEGER);"
        "WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)"
        " INSERT INTO members SELECT i, i FROM n;"
        "INSERT INTO marks SELECT 'user' || id, id FROM members WHERE id < 10100;"
    )
    _, archive = taken(platform, "columns: {members.id: code, marks.login: code}", scope="root: database")
    for name, end in (("members", 30_000), ("marks", 10_100)):  # of more than one batch, and of one
        rows = rows_of(archive, name)
        assert rows == sorted(rows, key=lambda row: str(row[0]))
        assert {int(row[1]) for row in rows} == set(range(10_000, end))


def test_a_default_says_nothing_of_masked_values(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, firm INTEGER DEFAULT 739182645 REFERENCES firms (id),"
        " likes INTEGER DEFAULT 0, at TEXT DEFAULT CURRENT_TIMESTAMP);"
        "INSERT INTO firms VALUES (739182645, 'Zebra'); INSERT INTO posts (id) VALUES (1);"
    )
    store = MemoryStore()
    rules = "columns: {firms.id: code, posts.likes: code, posts.at: removed}"
    _, archive = taken(platform, rules, scope="root: {table: firms, where: {id: 739182645}}", store=store)
    for where, content in everything(store, archive).items():
        assert "739182645" not in content, where
    defaults = [column.default for column in archive.table("posts").table.columns]
    assert defaults == [None, None, "0", "CURRENT_TIMESTAMP"]


def test_the_value_that_names_the_tenant_is_not_said_where_it_is_masked(members: SqlitePlatform) -> None:
    store = MemoryStore()
    scope = SCOPE.replace("id: 739182645", "name: Zebra & Sons")
    _, archive = taken(members, scope=scope, store=store)
    for where, content in everything(store, archive).items():
        assert "zebra" not in content, where
        assert plan_of(scope).sha256 not in content, where  # of a plan known but for the tenant's name
    paths = {one["table"]: one["path"] for one in json.loads(archive.document("provenance/scope.json"))["tables"]}
    assert paths["firms"] == "firms where name = (masked)"


def test_no_end_of_a_value_is_said_where_another_root_begins_alike(platform: SqlitePlatform) -> None:
    platform.run("CREATE TABLE firms (id INTEGER PRIMARY KEY); INSERT INTO firms VALUES (7), (739182645);")
    scope = "root: [{table: firms, where: {id: 7}}, {table: firms, where: {id: 739182645}}]"
    _, archive = taken(platform, "columns: {firms.id: code}", scope=scope)
    (firms,) = json.loads(archive.document("provenance/scope.json"))["tables"]
    assert firms["path"] == "firms where id = (masked); firms where id = (masked)"


def test_the_same_key_masks_alike_in_every_archive_and_another_does_not(members: SqlitePlatform) -> None:
    first, again = taken(members), taken(members)
    other = taken(members, key=MaskKey(b"o" * 32))
    names = [table.table.name for table in first[1].tables]
    assert [rows_of(first[1], name) for name in names] == [rows_of(again[1], name) for name in names]
    assert rows_of(first[1], "firms") != rows_of(other[1], "firms")
    prints = [found[1].identity.masked.key_fingerprint for found in (first, again, other)]  # type: ignore[union-attr]
    assert prints[0] == prints[1] != prints[2]


def test_files_of_masked_columns_stay_behind_and_names_of_others_are_masked(
    platform: SqlitePlatform, tmp_path: Path
) -> None:
    for name in ("zoltan.png", "kept.png"):
        (tmp_path / name).write_bytes(f"the face of {name}".encode())
    platform.run(
        "CREATE TABLE members (login TEXT PRIMARY KEY, path TEXT, other TEXT, title TEXT, size INTEGER);"
        "INSERT INTO members VALUES ('zoltan7', 'zoltan.png', 'kept.png', 'Zoltan of Zagreb', 471182645);"
    )
    scope = (
        f"root: database\nattachments: [{{table: members, column: path, base: '{tmp_path}'}},"
        f" {{table: members, column: other, base: '{tmp_path}', name: title, size: size}}]"
    )
    rules = (
        "columns: {members.login: code, members.path: null, members.title: removed, members.size: code}\n"
        "keep: [members.other]"
    )
    store = MemoryStore()
    _, archive = taken(platform, rules, scope=scope, store=store)
    (entry,) = archive.files()
    ((login, *_),) = rows_of(archive, "members")
    assert (entry.column, entry.location, entry.row, entry.name) == (
        "other", "kept.png", json.dumps([login]), "this text was re",
    )  # fmt: skip
    for where, content in everything(store, archive).items():
        assert [value for value in ("zoltan", "zagreb", "471182645") if value in content] == [], where
    with pytest.raises(Misuse, match="holds or names files"):
        taken(platform, "columns: {members.path: code}", scope=scope)


def test_values_of_several_types_keep_theirs(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, code, note);"
        "INSERT INTO t VALUES (1, 'AB-7', 'x'), (2, 4711, 1.5), (3, NULL, 7), (4, '', x'00'), (5, 4711, NULL);"
    )
    _, archive = taken(platform, "columns: {t.code: code, t.note: removed}", scope="root: database")
    codes, notes = zip(*((row[1], row[2]) for row in rows_of(archive, "t")), strict=True)
    assert [None if one is None else one[:2] for one in codes] == ["t:", "i:", None, "t:", "i:"]
    assert codes[1] == codes[4] != "i:4711"
    assert notes == ("t:t", "r:0", "i:0", "b:", None)
    with pytest.raises(Red, match="neither text nor a whole number"):
        taken(platform, "columns: {t.note: code}", scope="root: database")


def test_a_computed_column_says_nothing_of_what_is_masked_beside_it(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, shout TEXT GENERATED ALWAYS AS (upper(name)) STORED);"
        "INSERT INTO t (id, name) VALUES (1, 'zoltan');"
    )
    with pytest.raises(Misuse, match=r"t\.shout is computed"):
        taken(platform, "columns: {t.name: code}", scope="root: database")
    _, archive = taken(platform, "columns: {t.name: code, t.shout: removed}", scope="root: database")
    assert not archive.table("t").table.column("shout").generated
    assert archive.model().table("t").generated == ()


def test_a_view_says_nothing_of_what_is_masked_in_tables(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'zoltan');"
        "CREATE VIEW v AS SELECT id, upper(name) AS shout FROM t;"
    )
    scope = "root: database\nviews: [v]"
    with pytest.raises(Misuse, match=r"v\.id is computed"):
        taken(platform, "columns: {t.name: code}", scope=scope)
    store = MemoryStore()
    _, archive = taken(platform, "columns: {t.name: code, v.shout: code}\nkeep: [v.id]", scope=scope, store=store)
    assert rows_of(archive, "v")[0][1] == rows_of(archive, "t")[0][1].upper()
    for where, content in everything(store, archive).items():
        assert "zoltan" not in content, where


# ── stated ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_archive_says_what_was_masked_how_and_by_which_rule(members: SqlitePlatform) -> None:
    store = MemoryStore()
    found, archive = taken(members, store=store)
    told = json.loads(archive.document(REPORT))
    columns = {f"{one['table']}.{one['column']}": one for one in told["columns"]}
    assert (columns["posts.author"]["method"], columns["posts.author"]["rule"]) == ("code", "members.login")
    assert columns["members.birth"]["changed"] == 1
    assert columns["members.firm_id"]["changed"] == 2
    assert (told["kept"], told["unmasked"]) == (["visits.at"], [])
    assert archive.identity.masked is not None
    assert archive.identity.masked.columns == len(columns) == 17
    folder = found.sealed.archive_id
    for name, opening in (("README.txt", "MASKED:"), ("LISEZMOI.txt", "MASQUÉES :")):
        assert read_bytes(store, f"{folder}/{name}").decode().startswith(opening)
    info = read_bytes(store, f"{folder}/bag-info.txt").decode()
    assert "External-Description: Masked data, for tests" in info
    assert "Migrator-Masked-Columns: 17" in info


def test_columns_that_may_hold_words_and_have_no_rule_are_told_or_refused(members: SqlitePlatform) -> None:
    found, _ = taken(members, "columns: {members.email: email}\nkeep: [posts.*, members.login]")
    assert found.masked is not None
    assert "members.bio" in found.masked.unmasked
    assert "posts.body" in found.masked.kept
    assert "posts.body" not in found.masked.unmasked
    with pytest.raises(Misuse, match="may hold words and have no rule") as refused:
        taken(members, "columns: {members.email: email}\nkeep: [posts.*, members.login]\nstrict: true")
    assert "members.bio" in refused.value.what


def test_a_value_by_which_the_plan_calls_the_tenant_is_told(members: SqlitePlatform) -> None:
    found, _ = taken(members)
    assert found.masked is not None
    assert found.masked.named == ()
    members.run("UPDATE firms SET name = 'ACME'")
    found, archive = taken(members)
    assert found.masked is not None
    assert found.masked.named == ("firms.name",)
    assert json.loads(archive.document(REPORT))["named"] == ["firms.name"]
    plan = replace(plan_of(SCOPE), tenant="739182645")
    masker = Masker(rules=read_mask_rules(RULES, file="mask.yaml"), key=KEY)
    numbered = snapshot(members.source(), plan, MemoryStore(), signing_keys(), tool="test", mask=masker).masked
    assert numbered is not None
    assert "firms.id" in numbered.named


def test_stubs_do_not_repeat_a_masked_key(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE firms (id INTEGER PRIMARY KEY);"
        "CREATE TABLE people (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id), login TEXT NOT NULL UNIQUE,"
        " badge INTEGER NOT NULL UNIQUE);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, firm INTEGER REFERENCES firms (id),"
        " author INTEGER REFERENCES people (id));"
        "INSERT INTO firms VALUES (1), (2); INSERT INTO people VALUES (739182645, 2, 'theirs', 5);"
        "INSERT INTO notes VALUES (1, 1, 739182645);"
    )
    scope = (
        "root: {table: firms, where: {id: 1}}\npaths: {notes: [firm]}\nforeign: {notes.author: stub, people.firm: stub}"
    )
    with pytest.raises(Misuse, match=r"people\.login repeats the key"):
        taken(platform, "columns: {people.id: code, people.badge: code}", scope=scope)
    with pytest.raises(Misuse, match=r"people\.badge repeats the key"):  # as a hash, which tells it who tries all
        taken(platform, "columns: {people.id: code, people.login: code}", scope=scope)
    store, rules = MemoryStore(), "columns: {people.id: code, people.login: code, people.badge: code}"
    _, archive = taken(platform, rules, scope=scope, store=store)
    assert archive.table("people").rows == 1
    for where, content in everything(store, archive).items():
        assert "739182645" not in content, where


def test_an_archive_without_rules_says_nothing_of_masks(members: SqlitePlatform) -> None:
    store = MemoryStore()
    found = snapshot(members.source(), plan_of(SCOPE), store, signing_keys(), tool="test")
    archive = Archive.open(store, found.sealed.archive_id)
    assert (found.masked, archive.identity.masked, REPORT in archive.documents()) == (None, None, False)
    assert read_bytes(store, f"{found.sealed.archive_id}/README.txt").decode().startswith("WHOSE DATA THIS IS")


# ── refused ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("rules", "where", "what", "next_"),
    [
        ("columns:\n  member.email: email", ":2", "no table 'member'", "members"),
        ("columns:\n  members.emial: email", ":2", "no column 'emial'", "email"),
        ("columns:\n  members.email: emial", ":2", "'emial'", "email"),
        ("columns: {}", ":1", "no column has a rule", ""),
        ("columns:\n  members.points: email", ":2", "integer: email cannot fill it", "code"),
        ("columns:\n  firms.name: null", ":2", "takes no NULL", ""),
        ("columns:\n  members.email: removed", ":2", "unique", "code"),
        ("columns:\n  members.points: {const: many}", ":2", "const is none", ""),
        ("columns:\n  members.login: code\n  posts.author: name", ":3", "compare with each other", "mask.yaml:2"),
        ("columns:\n  members.login: code\nkeep: [posts.author]", ":3", "members.login", "mask.yaml:2"),
        ("columns:\n  members.login: code\nkeep: [members.login]", ":3", "kept and masked", "mask.yaml:2"),
        ("columns:\n  members.login: code\nstirct: true", ":3", "unknown key", "strict"),
    ],
)
def test_what_the_rules_cannot_mean_is_refused_by_line(
    members: SqlitePlatform, rules: str, where: str, what: str, next_: str
) -> None:
    with pytest.raises(Misuse) as refused:
        taken(members, rules)
    assert what in refused.value.what
    assert (refused.value.where, next_ in refused.value.next) == (f"mask.yaml{where}", True)


def test_a_table_that_does_not_leave_and_the_type_of_a_reference_have_no_rule(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE logs (id INTEGER PRIMARY KEY, line TEXT);"
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, kind TEXT, of INTEGER);"
        "INSERT INTO a VALUES (4711); INSERT INTO notes VALUES (1, 'A', 4711);"
    )
    scope = (
        "root: database\nexcluded: {logs: internal}\n"
        "references: [{table: notes, column: of, type_column: kind, types: {A: a}}]"
    )
    with pytest.raises(Misuse, match="logs does not leave"):
        taken(platform, "columns: {logs.line: removed}", scope=scope)
    with pytest.raises(Misuse, match="says which table"):
        taken(platform, "columns: {notes.kind: code}", scope=scope)
    _, archive = taken(platform, "columns: {a.id: code}", scope=scope)
    assert rows_of(archive, "notes") == [(1, "A", rows_of(archive, "a")[0][0])]
    platform.run("CREATE TABLE kinds (name TEXT PRIMARY KEY); INSERT INTO kinds VALUES ('A');")
    along = f"{scope[:-1]}, {{table: notes, column: kind, to: kinds.name}}]"
    with pytest.raises(Misuse, match=r"notes\.kind says which table"):
        taken(platform, "columns: {kinds.name: code}", scope=along)


def test_the_tenants_own_column_is_masked_in_every_table(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, tenant TEXT); CREATE TABLE b (id INTEGER PRIMARY KEY, tenant TEXT);"
        "INSERT INTO a VALUES (1, 'zebra'); INSERT INTO b VALUES (1, 'zebra'), (2, 'else');"
    )
    store = MemoryStore()
    _, archive = taken(platform, "columns: {a.tenant: code}", scope="root: {column: tenant, value: zebra}", store=store)
    assert rows_of(archive, "a") == rows_of(archive, "b") != [(1, "zebra")]
    for where, content in everything(store, archive).items():
        assert "zebra" not in content, where


def test_a_key_that_would_not_be_unique_any_more_is_red(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (a TEXT, b INTEGER, PRIMARY KEY (a, b));INSERT INTO t VALUES ('x', 1), ('y', 1), ('z', 2);"
    )
    store = MemoryStore()
    with pytest.raises(Red, match="are one once they are masked") as red:
        taken(platform, "columns: {t.a: {const: q}}", scope="root: database", store=store)
    assert [(problem.where, problem.count) for problem in red.value.problems] == [("t.a+b", 1)]
    assert list(store.list()) == []


def test_values_that_only_the_columns_own_collation_would_call_one_are_red(platform: SqlitePlatform) -> None:
    platform.run(
        "CREATE TABLE t (a TEXT COLLATE NOCASE UNIQUE, b TEXT UNIQUE); INSERT INTO t VALUES ('É', 'É'), ('é', 'é');"
    )
    store = MemoryStore()
    with pytest.raises(Red, match="are one once they are masked") as red:  # NOCASE knows no case of É
        taken(platform, "columns: {t.a: email, t.b: email}", scope="root: database", store=store)
    assert [problem.where for problem in red.value.problems] == ["t.a"]
    assert list(store.list()) == []
    taken(platform, "columns: {t.a: code, t.b: email}", scope="root: database", store=store)


def test_a_reference_that_led_nowhere_may_lead_nowhere(members: SqlitePlatform) -> None:
    members.run("PRAGMA foreign_keys = OFF; INSERT INTO visits VALUES ('ghost77', 739182645, NULL);")
    _, archive = taken(members)
    logins = {row[0] for row in rows_of(archive, "members")}
    assert len({row[0] for row in rows_of(archive, "visits")} - logins) == 1


def test_a_value_that_is_no_date_is_red_and_not_said(members: SqlitePlatform) -> None:
    members.run("UPDATE members SET birth = 'in Zagreb' WHERE login = 'zelda99'")
    with pytest.raises(Red, match="no date") as red:
        taken(members)
    assert "Zagreb" not in str(red.value)
    assert "members.birth" in red.value.where


# ── the key ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_key_is_made_once_for_its_owner_alone_and_is_never_shown(tmp_path: Path) -> None:
    first, again = MaskKey.load_or_create(tmp_path / "keys"), MaskKey.load_or_create(tmp_path / "keys")
    path = tmp_path / "keys" / FILE
    assert first == again
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().strip() not in repr(first) + first.fingerprint
    path.chmod(0o644)
    with pytest.raises(Misuse, match="others can read this masking key"):
        MaskKey.load_or_create(tmp_path / "keys")
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(Misuse, match="not a masking key"):
        MaskKey.load_or_create(tmp_path / "keys")


def test_a_secret_in_words_gives_the_same_key_everywhere() -> None:
    assert MaskKey.of("a long secret of words").fingerprint == MaskKey.of("a long secret of words").fingerprint
    assert MaskKey.of("a long secret of words").fingerprint != MaskKey.of("a long secret of wards").fingerprint
    with pytest.raises(Misuse, match="fewer than 16"):
        MaskKey.of("short")
