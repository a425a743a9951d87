"""`snapshot --mask`: an archive for tests that loads and restores as any other, and is never taken for a real one."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import pytest

from migrator.service import archiving
from storage.errors import Fault
from tests.acceptance.world import World
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform

RULES = """
columns:
  members.id: code
  members.email: email
  members.first_name: name
  members.last_name: name
  members.bio: removed
  members.created_at: date
  companies.id: code
  posts.body: removed
  comments.body: removed
  messages.body: removed
"""


@pytest.fixture(scope="module")
def masked(social: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The social story with one archive, which is masked; not to be changed."""
    world = social.copied(tmp_path_factory.mktemp("masked"))
    (world.folder / "mask.yaml").write_text(RULES)
    world.json("snapshot", world.plan, "--mask", world.folder / "mask.yaml")
    return world


def test_it_is_loaded_where_it_is_named_and_every_report_says_what_it_is(masked: World) -> None:
    (archive,) = masked.archives()
    shown = masked.json("archive", "show", archive)
    assert shown["masked"]["columns"] > 10
    assert "MASKED" in masked.migrator("archive", "show", archive).stdout
    notes = masked.json("map", "check", masked.plan, "--archive", archive)["notes"]
    assert [note["what"] for note in notes if "masked" in note["what"]]
    run = masked.json("rehearse", masked.plan, "--archive", archive)
    assert run["verdict"] == "green"
    page = html.unescape(Path(run["report"]).read_text())
    assert "the archive is masked, for tests" in page
    assert "Green, with reservations" in page
    assert "real values of column members.email" in page.replace("<wbr>", "")


def test_it_is_never_taken_for_the_newest(masked: World, tmp_path: Path) -> None:
    world = masked.copied(tmp_path / "world")
    (archive,) = world.archives()
    for command in (("map", "check"), ("rehearse",), ("migrate",)):
        refused = world.json(*command, world.plan, code=2)
        assert "but masked ones" in refused["error"]
    real = world.json("snapshot", world.plan)
    assert real["masked"] is None
    assert world.json("rehearse", world.plan)["verdict"] == "green"
    (newest,) = [run for run in world.runs() if run["kind"] == "rehearsal"]
    assert newest["archive"] == real["archive"] != str(archive)


def test_who_goes_on_with_it_masks_alike_or_not_at_all(
    social: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, rules = social.copied(tmp_path / "world"), tmp_path / "mask.yaml"
    rules.write_text(RULES)
    monkeypatch.setenv("MIGRATOR_MASK_KEY", "a secret of one machine")
    with monkeypatch.context() as away:
        away.setattr(archiving, "snapshot", _lost)
        world.json("snapshot", world.plan, "--mask", rules, code=1)
    run = world.runs()[-1]["run_id"]
    monkeypatch.setenv("MIGRATOR_MASK_KEY", "a secret of another machine")
    refused = world.json("runs", "resume", run, code=2)
    assert "another masking key" in refused["error"] and "MIGRATOR_MASK_KEY" in refused["next"]
    assert (world.archives(), world.runs()[-1]["state"]) == ([], "failed")
    monkeypatch.setenv("MIGRATOR_MASK_KEY", "a secret of one machine")
    resumed, (told,) = world.json("runs", "resume", run), world.archives()
    assert world.json("archive", "show", told)["masked"]["key_fingerprint"] == resumed["masked"]["key_fingerprint"]


def _lost(*_: object, **__: object) -> None:
    raise Fault("the connection was lost", where="source", next="look whether the server runs")


def test_a_person_reads_what_was_masked_and_what_was_not_and_the_secret_is_nowhere(
    social: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, secret = social.copied(tmp_path / "world"), "a secret of many words"
    monkeypatch.setenv("MIGRATOR_MASK_KEY", secret)
    rules = tmp_path / "mask.yaml"
    rules.write_text(RULES)
    answer = world.migrator("snapshot", world.plan, "--mask", rules)
    assert answer.code == 0
    said = " ".join(answer.stderr.split())
    assert "masked: members.email as email" in said
    assert "masked: comments.author_id as code, along with members.id" in said
    assert "NOT masked, though they may hold words: " in said
    assert "members.job_title" in said
    kept = [path for folder in (world.store, world.home) for path in folder.rglob("*") if path.is_file()]
    assert not (world.home / "keys" / "mask.key").exists()
    assert [path for path in kept if secret.encode() in path.read_bytes()] == []


def test_rules_that_are_not_there_are_refused_before_anything_is_read(social: World, tmp_path: Path) -> None:
    refused = social.json("snapshot", social.plan, "--mask", tmp_path / "none.yaml", code=2)
    assert refused["where"] == str(tmp_path / "none.yaml")


# ── on servers ──────────────────────────────────────────────────────────────────────────────────────────────
PLATFORMS: dict[str, Any] = {"postgres": PostgresPlatform, "mariadb": MysqlPlatform}
PLAN = """\
plan: everything
tenant: everybody
source: {url: "${SOURCE_URL}", scope: {root: database}}
store: ${STORE_URL}
"""
DDL = {
    "postgres": """
CREATE TABLE people (
    id uuid PRIMARY KEY, code varchar(8) NOT NULL UNIQUE, small smallint UNIQUE, big bigint, email varchar(60),
    full_name varchar(40), born date, seen timestamptz, prefs jsonb, photo bytea, fee numeric(9, 0), letters char(6),
    work char(60) NOT NULL UNIQUE, until date);
CREATE TABLE visits (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person uuid NOT NULL REFERENCES people,
    by_code varchar(20) REFERENCES people (code), small smallint REFERENCES people (small), note text);
INSERT INTO people SELECT
    gen_random_uuid(), 'K-' || n, n + 32000, n * 1000000007::bigint, 'Zebra' || n || '@zoo.fr',
    'Zebra Zoo', date '1950-01-01' + n, timestamptz '2020-01-01 10:00+02' + n * interval '1 day',
    '{{"zebra": 1}}', 'zebra', n * 10, 'z' || n, 'Zebra' || n || '@work.fr', CASE n WHEN 1 THEN 'infinity'::date END
FROM generate_series(1, 300) n;
INSERT INTO visits (person, by_code, small, note) SELECT id, code, small, 'zebra' FROM people, generate_series(1, 3);
""",
    "mariadb": """
CREATE TABLE people (
    id uuid PRIMARY KEY, code varchar(8) NOT NULL UNIQUE, small smallint UNIQUE, big bigint, email varchar(60),
    full_name varchar(40), born date, seen timestamp NULL, prefs json, photo blob, fee numeric(9, 0), letters char(6));
CREATE TABLE visits (
    id int AUTO_INCREMENT PRIMARY KEY, person uuid NOT NULL REFERENCES people (id),
    by_code varchar(8) REFERENCES people (code), small smallint REFERENCES people (small), note text);
INSERT INTO people SELECT
    uuid(), concat('K-', seq), seq + 32000, seq * 1000000007, concat('Zebra', seq, '@zoo.fr'),
    'Zebra Zoo', date '1950-01-01' + INTERVAL seq DAY, timestamp '2020-01-01 10:00:00' + INTERVAL seq DAY,
    '{{"zebra": 1}}', 'zebra', seq * 10, concat('z', seq)
FROM seq_1_to_300;
INSERT INTO visits (person, by_code, small, note) SELECT id, lower(code), small, 'zebra' FROM people, seq_1_to_3;
""",
}
SERVER_RULES = """
columns:
  people.id: code
  people.code: code
  people.small: code
  people.big: code
  people.email: email
  people.full_name: name
  people.born: date
  people.seen: date
  people.prefs: removed
  people.photo: removed
  people.fee: code
  people.letters: code
  visits.note: removed
strict: true
"""
JOINED = """
SELECT count(*), count(DISTINCT p.id), count(DISTINCT p.code), min(p.small), max(p.small) FROM visits v
JOIN people p ON p.id = v.person AND p.code = v.by_code AND p.small = v.small
"""


def test_a_date_beyond_every_calendar_is_red_and_stays_where_it_is(postgres_url: str, tmp_path: Path) -> None:
    source = PostgresPlatform(postgres_url)
    source.run(
        "CREATE TABLE t (id int PRIMARY KEY, day date); INSERT INTO t VALUES (1, '2020-02-03'), (2, '20000-01-01');"
    )
    world = World(folder=tmp_path, source=tmp_path, target=tmp_path, source_url=source.url)
    world.plan.write_text(PLAN)
    (tmp_path / "mask.yaml").write_text("columns: {t.day: date}")
    refused = world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml", code=3)
    assert "t.day" in refused["where"]
    assert "20000" not in str(refused)
    assert world.archives() == []


def test_a_reference_that_only_the_source_follows_is_red_once_masked(mariadb_url: str, tmp_path: Path) -> None:
    source = MysqlPlatform(mariadb_url)
    source.run(
        "CREATE TABLE people (login varchar(20) PRIMARY KEY) COLLATE utf8mb4_general_ci;"
        "CREATE TABLE notes (id int PRIMARY KEY, who varchar(20), FOREIGN KEY (who) REFERENCES people (login))"
        " COLLATE utf8mb4_general_ci;"
        "INSERT INTO people VALUES ('jose'), ('ana'); INSERT INTO notes VALUES (1, 'JOSE '), (2, 'Ana');"
    )
    world = World(folder=tmp_path, source=tmp_path, target=tmp_path, source_url=source.url)
    world.plan.write_text(PLAN)
    (tmp_path / "mask.yaml").write_text("columns: {people.login: code}")
    world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml")
    source.run("INSERT INTO notes VALUES (3, 'José');")
    refused = world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml", code=3)
    assert "spellings" in refused["error"]
    assert (refused["problems"][0]["where"], refused["problems"][0]["count"]) == ("notes.who → people.login", 1)
    assert len(world.archives()) == 1


def test_codes_that_the_columns_collation_calls_one_are_red(
    mariadb_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATOR_MASK_KEY", "one by which two of these meet")
    source = MysqlPlatform(mariadb_url)
    source.run(
        "CREATE TABLE blind (code varchar(1) COLLATE utf8mb4_unicode_ci PRIMARY KEY);"
        "CREATE TABLE exact (code varchar(1) COLLATE utf8mb4_bin PRIMARY KEY);"
        "INSERT INTO blind SELECT char(96 + seq USING utf8mb4) FROM seq_1_to_26;"
        "INSERT INTO blind VALUES ('þ'), ('ð'); INSERT INTO exact SELECT * FROM blind; INSERT INTO exact VALUES ('é');"
    )
    world = World(folder=tmp_path, source=tmp_path, target=tmp_path, source_url=source.url)
    world.plan.write_text(PLAN)
    (tmp_path / "mask.yaml").write_text("columns: {blind.code: code, exact.code: code}")
    refused = world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml", code=3)
    assert [problem["where"] for problem in refused["problems"]] == ["blind.code"]
    assert world.archives() == []


SAID_EVERYWHERE = {
    "postgres": """
CREATE SEQUENCE numbers; CREATE TYPE person AS (name text, code int);
CREATE TABLE firms (id int PRIMARY KEY DEFAULT 739185264, name varchar(40) DEFAULT 'zebra' NOT NULL);
CREATE TABLE people (
    id bigint GENERATED BY DEFAULT AS IDENTITY, firm int NOT NULL DEFAULT 739185264 REFERENCES firms,
    email varchar(60) COLLATE "C", born date, who person, tags text[], net inet, seen timestamptz,
    PRIMARY KEY (firm, id)
) PARTITION BY LIST (firm);
CREATE TABLE people_of_zebra PARTITION OF people FOR VALUES IN (739185264);
CREATE TABLE people_of_others PARTITION OF people FOR VALUES IN (1);
INSERT INTO firms VALUES (739185264, 'zebra'), (1, 'others');
INSERT INTO people SELECT
    739185264000 + n, 739185264, 'zebra' || n || '@zoo.fr', '1950-01-01', row('zebra', 739185264)::person,
    '{{zebra,zoo.fr}}', '10.73.91.85', '1950-01-01' FROM generate_series(1, 300) n;
SELECT setval('numbers', 739185264), setval(pg_get_serial_sequence('people', 'id'), 739185264999);
""",
    "mariadb": """
CREATE SEQUENCE numbers; SELECT setval(numbers, 739185264);
CREATE TABLE firms (id int PRIMARY KEY DEFAULT 739185264, name varchar(40) DEFAULT 'zebra' NOT NULL);
CREATE TABLE people (
    id bigint AUTO_INCREMENT, firm int NOT NULL DEFAULT 739185264, email varchar(60), born date, who text, tags json,
    net inet6, seen timestamp NULL, PRIMARY KEY (firm, id), KEY (id)
) AUTO_INCREMENT 739185264999 PARTITION BY LIST (firm) (
    PARTITION people_of_zebra VALUES IN (739185264), PARTITION people_of_others VALUES IN (1));
INSERT INTO firms VALUES (739185264, 'zebra'), (1, 'others');
INSERT INTO people SELECT
    739185264000 + seq, 739185264, concat('zebra', seq, '@zoo.fr'), '1950-01-01', 'zebra 739185264',
    '["zebra","zoo.fr"]', '::73:9185', '1990-01-01' FROM seq_1_to_300;
""",
}
OF_EVERYTHING = """
columns:
  firms.id: code
  firms.name: name
  people.id: code
  people.email: email
  people.born: date
  people.who: null
  people.tags: removed
  people.net: removed
  people.seen: date
strict: true
"""


@pytest.mark.parametrize("kind", PLATFORMS)
def test_no_masked_value_of_a_server_stands_anywhere_in_the_archive(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATOR_MASK_KEY", "one by which no day becomes itself")
    server = request.getfixturevalue(kind)
    source, target = PLATFORMS[kind](server.database()), PLATFORMS[kind](server.database())
    source.run(SAID_EVERYWHERE[kind])
    world = World(folder=tmp_path, source=tmp_path, target=tmp_path, source_url=source.url, target_url=target.url)
    scope = "{root: {table: firms, where: {id: 739185264}}, references: [{table: people, column: firm, to: firms.id}]}"
    world.plan.write_text(PLAN.replace("{root: database}", scope))
    (tmp_path / "mask.yaml").write_text(OF_EVERYTHING)
    archive = Path(world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml")["archive"])
    assert world.json("restore", archive, target.url)["verdict"] == "green"
    said = [path.read_bytes().lower() for path in archive.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    rows = [str(target.rows(f"SELECT * FROM {name}")).lower().encode() for name in ("firms", "people")]
    assert len(rows[1]) > 10_000
    for value in (b"739185264", b"zebra", b"zoo.fr", b"1950-01-01", b"10.73.91", b"73:9185", b"people_of"):
        assert [place for place in (*said, *rows) if value in place] == [], value
    for url in (source.url, target.url):
        server.drop(url)


@pytest.mark.parametrize("kind", PLATFORMS)
def test_a_masked_archive_of_a_server_is_a_database_again(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue(kind)
    source, target = PLATFORMS[kind](server.database()), PLATFORMS[kind](server.database())
    source.run(DDL[kind])
    world = World(folder=tmp_path, source=tmp_path, target=tmp_path, source_url=source.url, target_url=target.url)
    world.plan.write_text(PLAN)
    of_postgres = "  people.work: email\n  people.until: date\n" if kind == "postgres" else ""
    (tmp_path / "mask.yaml").write_text(SERVER_RULES.replace("strict", f"{of_postgres}strict"))
    archive = world.json("snapshot", world.plan, "--mask", tmp_path / "mask.yaml")["archive"]
    assert world.json("restore", archive, target.url)["verdict"] == "green"
    ((rows, people, codes, least, greatest),) = target.rows(JOINED)
    assert (rows, people, codes) == (900, 300, 300)
    assert 10_000 <= least < greatest <= 32_767
    assert target.rows("SELECT count(*) FROM people WHERE email LIKE '%@example.org'") == [(300,)]
    shared = {row[0] for row in source.rows("SELECT id FROM people")} & {
        row[0] for row in target.rows("SELECT id FROM people")
    }
    assert shared == set()
    for url in (source.url, target.url):
        server.drop(url)
