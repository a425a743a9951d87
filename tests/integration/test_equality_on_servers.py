"""What a server calls equal leaves with the tenant and is proven, whatever both sides are typed and however spelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.engine.workbench import workbench
from storage.archive import Archive
from storage.errors import Red
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.conformance.platforms.firebird import FirebirdPlatform
from tests.unit.engine.support import checked, rows_of, taken

CI = "VARCHAR(20) COLLATE utf8mb4_general_ci"


def snapshot_of(platform: Platform, scope: str) -> Archive:
    found, archive = taken(platform, scope)
    assert not found.proof.problems
    return archive


# ── values of the plan ──────────────────────────────────────────────────────────────────────────────────────
POSTGRES_VALUES = [
    ("boolean", "true", "false", "true"),
    ("boolean", "true", "false", "1"),
    ("integer", "42", "43", "'042'"),
    ("numeric(10,2)", "42", "43", "42"),
    ("numeric", "42.10", "NaN", "42.1"),
    ("double precision", "1e20", "2", "100000000000000000000.0"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
     "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
    ("date", "2024-02-03", "2024-02-04", "2024-02-03"),
    ("timestamp", "2024-02-03 00:00", "2024-02-04", "'2024-02-03'"),
    ("timestamptz", "2024-02-03 10:00Z", "2024-02-04", "'2024-02-03T12:00:00+02'"),
    ("time", "10:00", "11:00", "'10:00'"),
    ("mood", "sad", "glad", "sad"),
    ("character(6)", "ab", "abc", "ab"),
    ("citext", "Acme", "Other", "aCME"),
    ("inet", "10.0.0.1", "10.0.0.2", "10.0.0.1/32"),
    ("bytea", "ab", "ac", "ab"),
    ("text", "10", "010", "'10'"),
]  # fmt: skip


@pytest.mark.parametrize("root", ["{{table: firms, where: {{ref: {0}}}}}", "{{column: ref, value: {0}}}"])
@pytest.mark.parametrize(("type_", "ours", "theirs", "said"), POSTGRES_VALUES)
def test_a_root_of_postgresql_by_a_value_of_any_type(
    postgres_url: str, type_: str, ours: str, theirs: str, said: str, root: str
) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(
        "CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'glad');"
        f"CREATE TABLE firms (id int PRIMARY KEY, ref {type_});"
        "CREATE TABLE notes (id int PRIMARY KEY, firm int NOT NULL REFERENCES firms);"
        f"INSERT INTO firms VALUES (1, '{ours}'), (2, '{theirs}'), (3, NULL);"
        "INSERT INTO notes VALUES (10, 1), (20, 2), (30, 3);"
    )
    archive = snapshot_of(platform, f"root: {root.format(said)}")
    assert [row[0] for row in rows_of(archive, "firms")] == [1]
    assert rows_of(archive, "notes") == [(10, 1)]


def test_a_root_spelled_as_the_source_does_not_show_it_is_red_and_says_how_it_does(postgres_url: str) -> None:
    """What has no class of its own is compared as it is written."""
    platform = PostgresPlatform(postgres_url)
    platform.run("CREATE TABLE firms (ref inet PRIMARY KEY); INSERT INTO firms VALUES ('10.0.0.1'), ('10.0.0.2');")
    with pytest.raises(Red, match="not written as the source shows it") as red:
        taken(platform, "root: {table: firms, where: {ref: 10.0.0.1}}")
    assert red.value.problems[0].examples == ("10.0.0.1/32",)
    assert "plan.yaml:6" in red.value.where


MARIADB_VALUES = [
    ("BOOLEAN", "1", "0", "true"),
    ("INT UNSIGNED", "42", "43", "42.0"),
    ("DECIMAL(10,2)", "42", "43", "42"),
    ("DOUBLE", "0.1", "0.2", "0.1"),
    ("DATE", "2024-02-03", "2024-02-04", "2024-02-03"),
    ("DATETIME(3)", "2024-02-03 10:00:00", "2024-02-04", "'2024-02-03 10:00:00'"),
    ("UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
     "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
    ("ENUM('sad', 'glad') COLLATE utf8mb4_general_ci", "sad", "glad", "SAD"),
    (CI, "Acme", "Other", "acmé"),
    ("CHAR(9) COLLATE utf8mb4_bin", "ab", "AB", "'ab '"),
    ("VARBINARY(9)", "ab", "AB", "ab"),
]  # fmt: skip


@pytest.mark.parametrize("root", ["{{table: firms, where: {{ref: {0}}}}}", "{{column: ref, value: {0}}}"])
@pytest.mark.parametrize(("type_", "ours", "theirs", "said"), MARIADB_VALUES)
def test_a_root_of_mariadb_by_a_value_of_any_type(
    mariadb_url: str, type_: str, ours: str, theirs: str, said: str, root: str
) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run(
        f"CREATE TABLE firms (id int PRIMARY KEY, ref {type_});"
        "CREATE TABLE notes (id int PRIMARY KEY, firm int NOT NULL, FOREIGN KEY (firm) REFERENCES firms (id));"
        f"INSERT INTO firms VALUES (1, '{ours}'), (2, '{theirs}'), (3, NULL);"
        "INSERT INTO notes VALUES (10, 1), (20, 2), (30, 3);"
    )
    archive = snapshot_of(platform, f"root: {root.format(said)}")
    assert [row[0] for row in rows_of(archive, "firms")] == [1]
    assert rows_of(archive, "notes") == [(10, 1)]


# ── references ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("parent", "child", "ours", "theirs"),
    [
        ("numeric", "int", "42", "43"),
        ("numeric(10,2)", "bigint", "42", "43"),
        ("numeric(20,4)", "numeric(10,2)", "42.5", "43"),
        ("double precision", "int", "42", "43"),
        ("bigint", "smallint", "42", "43"),
        ("numeric(50,0)", "bigint", "42", "43"),
        ("character(4)", "character(6)", "ab", "b"),
        ("character(4)", "varchar(9)", "ab", "b"),
        ("varchar(9)", "character(6)", "ab", "b"),
        ("text", "character(6)", "ab", "b"),
        ("citext", "citext", "Ab", "b"),
        ("timestamp", "date", "2024-02-03", "2024-02-04"),
    ],
)
def test_a_child_of_another_type_points_as_postgresql_says(
    postgres_url: str, parent: str, child: str, ours: str, theirs: str
) -> None:
    """Downwards to what is the tenant's, upwards to what is shared, and out of what is neither."""
    platform = PostgresPlatform(postgres_url)
    spelled = ours.upper() if parent == "citext" else ours
    platform.run(
        "CREATE EXTENSION citext;"
        f"CREATE TABLE lands (code {parent} PRIMARY KEY);"
        f"CREATE TABLE firms (ref {parent} PRIMARY KEY, land {child} NOT NULL REFERENCES lands);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm {child} NOT NULL REFERENCES firms,"
        f" other {child} REFERENCES firms);"
        f"INSERT INTO lands VALUES ('{ours}'), ('{theirs}');"
        f"INSERT INTO firms VALUES ('{ours}', '{spelled}'), ('{theirs}', '{theirs}');"
        f"INSERT INTO notes VALUES (10, '{spelled}', '{theirs}'), (11, '{ours}', '{spelled}'), (20, '{theirs}', NULL);"
    )
    scope = f"root: {{table: firms, where: {{ref: '{ours}'}}}}\nshared: [lands]\npaths: {{notes: [firm]}}"
    archive = snapshot_of(platform, f"{scope}\nforeign: {{notes.other: null}}")
    assert [len(rows_of(archive, name)) for name in ("lands", "firms", "notes")] == [1, 1, 2]
    assert [row[2] is None for row in rows_of(archive, "notes")] == [True, False]
    archive = snapshot_of(platform, f"{scope}\nforeign: {{notes.other: carry}}")
    assert [len(rows_of(archive, name)) for name in ("lands", "firms", "notes")] == [2, 2, 2]


LETTERS = "ref VARCHAR(20) CHARACTER SET utf8mb4 COLLATE {}"
SPELLED = [
    ("mariadb", LETTERS.format("utf8mb4_uca1400_ai_ci"), "straße", "STRASSE"),
    ("mariadb", LETTERS.format("utf8mb4_general_ci"), "maß", "MAS "),
    ("mariadb", LETTERS.format("utf8mb4_unicode_ci"), "œuvre", "OEUVRE"),
    ("mariadb", LETTERS.format("utf8mb4_uca1400_ai_ci"), "Øre", "ore"),
    ("mariadb", LETTERS.format("utf8mb4_turkish_ci"), "ılık", "ILIK"),
    ("mariadb", LETTERS.format("utf8mb4_unicode_nopad_ci"), "ÀDA", "ada"),
    ("postgresql", "ref text COLLATE figures", "Acme", "ACME"),
    ("postgresql", "ref text COLLATE blind", "Zoé", "ZOE"),
    ("postgresql", "ref varchar(9) COLLATE blind", "strasse", "straße"),
    ("postgresql", "ref citext", "Éva", "éVA"),
]  # fmt: skip
ICU = "CREATE EXTENSION citext;" + "".join(
    f"CREATE COLLATION {name} (provider = icu, locale = 'und-u-ks-level{level}', deterministic = false);"
    for name, level in (("blind", 1), ("figures", 2))
)


def _spelled(request: pytest.FixtureRequest, kind: str, declared: str, ours: str, spelled: str, other: str) -> Platform:
    """Firms, and notes that name theirs and another one each in a spelling of their own."""
    if kind == "postgresql":
        platform: Platform = PostgresPlatform(request.getfixturevalue("postgres_url"))
        platform.run(ICU)
    else:
        platform = MysqlPlatform(request.getfixturevalue("mariadb_url"))
    column = declared.removeprefix("ref ")
    platform.run(
        f"CREATE TABLE firms (id int PRIMARY KEY, {declared} NOT NULL UNIQUE);"
        f"CREATE TABLE notes (id int PRIMARY KEY, firm {column} NOT NULL, other {column},"
        " FOREIGN KEY (firm) REFERENCES firms (ref), FOREIGN KEY (other) REFERENCES firms (ref));"
    )
    platform.insert("firms", [(1, ours), (2, other)])
    platform.insert("notes", [(10, spelled, other), (11, ours, spelled), (12, spelled, None), (20, other, None)])
    return platform


@pytest.mark.parametrize(("kind", "declared", "ours", "spelled"), SPELLED)
def test_what_only_the_server_calls_equal_is_followed(
    request: pytest.FixtureRequest, kind: str, declared: str, ours: str, spelled: str
) -> None:
    platform = _spelled(request, kind, declared, ours, spelled, "другой")
    whole = snapshot_of(platform, "root: database")
    assert rows_of(whole, "notes")[0][1:] == (spelled, "другой")
    scope = "root: {table: firms, where: {id: 1}}\npaths: {notes: [firm]}\nforeign: {notes.other: "
    archive = snapshot_of(platform, scope + "null}")
    assert rows_of(archive, "notes") == [(10, spelled, None), (11, ours, spelled), (12, spelled, None)]
    assert [row[0] for row in rows_of(snapshot_of(platform, scope + "carry}"), "firms")] == [1, 2]
    shared = "root: {table: notes, where: {id: 12}}\nshared: [firms]"
    assert [row[0] for row in rows_of(snapshot_of(platform, shared), "firms")] == [1]


@pytest.mark.parametrize(("kind", "declared", "ours", "spelled"), SPELLED[5:8])
def test_what_only_the_server_calls_equal_leads_rows_that_bear_no_mark(
    request: pytest.FixtureRequest, kind: str, declared: str, ours: str, spelled: str
) -> None:
    platform = _spelled(request, kind, declared, ours, spelled, "другой")
    for table in ("firms", "notes"):
        platform.run(f"ALTER TABLE {table} ADD tenant int; UPDATE {table} SET tenant = 1 WHERE id IN (1, 11)")
    archive = snapshot_of(
        platform, "root: {column: tenant, value: 1}\npaths: {notes: [firm]}\nforeign: {notes.other: null}"
    )
    assert sorted(row[0] for row in rows_of(archive, "notes")) == [10, 11, 12]


def test_what_only_firebird_calls_equal_is_followed(firebird_url: str) -> None:
    platform = FirebirdPlatform(firebird_url)
    letters = "varchar(20) CHARACTER SET utf8 NOT NULL {} COLLATE unicode_ci_ai"
    platform.run(
        f"CREATE TABLE firms (id int NOT NULL PRIMARY KEY, ref {letters.format('UNIQUE')});"
        f"CREATE TABLE notes (id int NOT NULL PRIMARY KEY, firm {letters.format('REFERENCES firms (ref)')});"
        "INSERT INTO firms VALUES (1, 'Acme'); INSERT INTO firms VALUES (2, 'b');"
        "INSERT INTO notes VALUES (10, 'ACMÉ'); INSERT INTO notes VALUES (20, 'b');"
    )
    assert rows_of(snapshot_of(platform, "root: database"), "notes") == [(10, "ACMÉ"), (20, "b")]
    assert rows_of(snapshot_of(platform, "root: {table: firms, where: {id: 1}}"), "notes") == [(10, "ACMÉ")]


@pytest.mark.parametrize(
    ("kind", "declared", "ours", "theirs"),
    [
        ("mariadb", LETTERS.format("utf8mb4_uca1400_ai_ci"), "май", "маи"),
        ("mariadb", LETTERS.format("utf8mb4_turkish_ci"), "ilk", "ILK"),
        ("postgresql", "ref text COLLATE figures", "Zoé", "Zoe"),
        ("postgresql", "ref citext", "Zoé", "Zoe"),
    ],
)
def test_what_the_server_tells_apart_belongs_to_another_tenant(
    request: pytest.FixtureRequest, kind: str, declared: str, ours: str, theirs: str
) -> None:
    platform = _spelled(request, kind, declared, ours, ours, theirs)
    with pytest.raises(Red, match="another tenant"):
        taken(platform, "root: {table: firms, where: {id: 1}}\npaths: {notes: [firm]}")


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_type_column_says_the_type_in_any_case(request: pytest.FixtureRequest, kind: str) -> None:
    if kind == "postgresql":
        platform: Platform = PostgresPlatform(request.getfixturevalue("postgres_url"))
        platform.run("CREATE EXTENSION citext;")
        type_ = "citext"
    else:
        platform, type_ = MysqlPlatform(request.getfixturevalue("mariadb_url")), CI
    platform.run(
        "CREATE TABLE firms (id int PRIMARY KEY, head int); CREATE TABLE people (id int PRIMARY KEY, firm int);"
        f"CREATE TABLE notes (id int PRIMARY KEY, kind {type_}, what int);"
        "INSERT INTO firms VALUES (1, 7), (2, 8); INSERT INTO people VALUES (1, 2), (7, 1), (8, 2);"
        "INSERT INTO notes VALUES (10, 'FIRM', 1), (11, 'Person', 7), (12, 'person', 1), (13, 'firm', 2);"
    )
    scope = (
        "root: {table: firms, where: {id: 1}}\nreferences:\n"
        "  - {table: people, column: firm, to: firms.id}\n"
        "  - {table: notes, column: what, type_column: kind, types: {firm: firms, person: people}}"
    )
    assert [row[0] for row in rows_of(snapshot_of(platform, scope), "notes")] == [10, 11]


@pytest.mark.parametrize(
    ("parent", "child", "ours", "theirs", "how"),
    [
        ("timestamp", "date", "2024-02-03", "2024-02-04", "{from: land, steps: [{cast: date}]}"),
        ("numeric(10,2)", "int", "42", "43", "{from: land, steps: [{cast: integer}]}"),
        ("text", "character(4)", "ab  ", "b   ", "land"),
    ],
)
def test_a_row_to_load_finds_its_live_parent_of_another_type(
    postgres_url: str, tmp_path: Path, parent: str, child: str, ours: str, theirs: str, how: str
) -> None:
    target = PostgresPlatform(postgres_url)
    target.run(
        f"CREATE TABLE lands (code {parent} PRIMARY KEY); INSERT INTO lands VALUES ('{ours.strip()}');"
        f"CREATE TABLE notes (id int PRIMARY KEY, land {child} NOT NULL REFERENCES lands);"
    )
    source = SqlitePlatform(tmp_path / "source.db")
    source.run(f"CREATE TABLE notes (id INTEGER PRIMARY KEY, land TEXT); INSERT INTO notes VALUES (1, '{ours}');")
    mapping = (
        f"mapping: m\nversion: 1\ntables: {{notes: {{edges: [{{from: notes, columns: {{id: id, land: {how}}}}}]}}}}"
    )
    with workbench() as bench:
        assert checked(bench, taken(source, "root: database")[1], mapping, target).problems == ()
    source.run(f"INSERT INTO notes VALUES (2, '{theirs}');")
    with workbench() as bench:
        [orphan] = checked(bench, taken(source, "root: database")[1], mapping, target).problems
    assert (orphan.where, orphan.examples) == ("notes.land", (theirs,))


# ── stubs ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_stub_of_postgresql_says_nothing_and_loads_back(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    kinds = {
        "bool": "true", "int": "7", "real": "7", "numeric(9,2)": "7", "numeric": "7", "text": "secret",
        "varchar(4)": "7", "char(4)": "7", "bytea": "7", "date": "2024-01-01", "time": "10:00", "timetz": "10:00Z",
        "timestamp": "2024-01-01", "timestamptz": "infinity", "interval": "7 days", "uuid": f"{'7' * 32}",
        "jsonb": "7", "mood": "glad", "inet": "7.7.7.7", "cidr": "7.0.0.0/8", "macaddr": "07:07:07:07:07:07",
        "bit(3)": "111", "varbit": "111", "int[]": "{{7}}", "text[]": "{{7}}", "int4range": "[7,8)", "point": "(7,7)",
        "tsvector": "seven", "xml": "<a>7</a>",
    }  # fmt: skip
    columns = ", ".join(f"c{i} {kind} NOT NULL" for i, kind in enumerate(kinds))
    values = ", ".join(f"'{value}'" for value in kinds.values())
    platform.run(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');"
        "CREATE TABLE firms"
        f" (id int PRIMARY KEY, code varchar(9) NOT NULL UNIQUE, mark uuid NOT NULL UNIQUE, {columns});"
        "CREATE TABLE notes (id int PRIMARY KEY, firm int REFERENCES firms, other int REFERENCES firms);"
        f"INSERT INTO firms SELECT n, n, gen_random_uuid(), {values} FROM unnest(ARRAY[1, 22222, 33333]) n;"
        "INSERT INTO notes VALUES (10, 1, 22222), (11, 1, 33333);"
        "CREATE TABLE back (LIKE firms INCLUDING ALL);"
    )
    scope = "root: {table: firms, where: {id: 1}}\npaths: {notes: [firm]}\nforeign: {notes.other: stub}"
    archive = snapshot_of(platform, f"{scope}\nexcluded: {{back: empty}}")
    own, *stubs = rows_of(archive, "firms")
    assert len(stubs) == 2
    assert all(stub[3 + i] != own[3 + i] for stub in stubs for i in range(len(kinds)))
    platform.insert("back", [[_copied(value) for value in stub] for stub in stubs])
    assert len(platform.rows("SELECT * FROM back")) == 2


def _copied(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def test_a_stub_that_no_value_is_blank_in_is_red(postgres_url: str) -> None:
    platform = PostgresPlatform(postgres_url)
    platform.run(
        "CREATE TYPE pair AS (a int, b int); CREATE TABLE firms (id int PRIMARY KEY, both_ pair NOT NULL);"
        "CREATE TABLE notes (id int PRIMARY KEY, firm int REFERENCES firms, other int REFERENCES firms);"
        "INSERT INTO firms VALUES (1, '(1,2)'), (2, '(3,4)'); INSERT INTO notes VALUES (10, 1, 2);"
    )
    with pytest.raises(Red, match="a stub of this table must hold something") as red:
        taken(platform, "root: {table: firms, where: {id: 1}}\npaths: {notes: [firm]}\nforeign: {notes.other: stub}")
    assert red.value.where == "firms.both_"
