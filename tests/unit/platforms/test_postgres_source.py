"""PostgreSQL as a source: what its catalog says, what its values are, and who may read how much of it at once."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from migrator.contracts import Among, AnyOf, Keys, Matching, Predicate, Reading, ReadLimits, Whole
from migrator.platforms.postgres import rows, splits
from migrator.platforms.postgres.connect import Session, connect, connect_arrow, place, translated
from migrator.platforms.postgres.relation import Relation
from migrator.platforms.postgres.source import PostgresSource
from storage.errors import Fault, MigratorError, Misuse, Recast, Red
from storage.schema import Fidelity, Kind, Table, Type, UniqueKey
from storage.types import arrow_schema
from tests.conformance.platforms import TEXT, KeyList, integers, texts
from tests.conformance.sources import selected
from tests.servers.postgres import Postgres

UUID_A, UUID_B = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b1eebc99-9c0b-4ef8-bb6d-6bb9bd380a22"


def run(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


@contextmanager
def reading(url: str, script: str = "", **limits: int) -> Iterator[Reading]:
    run(url, script)
    with PostgresSource(url, ReadLimits(**limits)).fence() as found:
        yield found


def table_of(url: str, script: str, name: str) -> Table:
    run(url, script)
    return PostgresSource(url).describe().table(name)


def settled(found: Reading, name: str) -> tuple[Table, list[tuple[object, ...]]]:
    """The table as the census types it, and its rows read with those types."""
    table, _ = found.census(found.schema.table(name), Whole())
    batches = list(found.scan(table, Whole()))
    assert all(batch.schema.equals(arrow_schema(table)) for batch in batches)
    return table, [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


def administered(postgres: Postgres, url: str, script: str) -> None:
    """Run what only an administrator may, in the test's database."""
    run(urlsplit(postgres.admin_url)._replace(path=urlsplit(url).path).geturl(), script)


@pytest.fixture
def extensions(postgres: Postgres, postgres_url: str) -> str:
    """The test's database, with citext."""
    administered(postgres, postgres_url, "CREATE EXTENSION citext")
    return postgres_url


@pytest.fixture
def reader(postgres: Postgres, postgres_url: str) -> Iterator[str]:
    """The address of a role that may connect to the test's database, and nothing else yet."""
    database = urlsplit(postgres_url).path.removeprefix("/")
    role = f"reader_of_{database}"
    administered(postgres, postgres_url, f"CREATE ROLE {role} LOGIN PASSWORD 'read'")
    yield postgres.url(role, database, "read")
    administered(postgres, postgres_url, f"DROP OWNED BY {role}; DROP ROLE {role}")


def role_of(url: str) -> str:
    return urlsplit(url).username or ""


# ── what the catalog says ───────────────────────────────────────────────────────────────────────────────────────
def test_names_schemas_and_keys_across_them(postgres_url: str) -> None:
    script = """
    CREATE SCHEMA "Back Office";
    CREATE TABLE "Back Office"."Staff" (id int PRIMARY KEY, "E-Mail" varchar(40) UNIQUE);
    CREATE TABLE "Order" (id int PRIMARY KEY, "by" varchar(40)
        REFERENCES "Back Office"."Staff" ("E-Mail") ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE);
    """
    run(postgres_url, script)
    schema = PostgresSource(postgres_url).describe()
    assert schema.table_names == ("Back Office.Staff", "Order")
    staff, order = schema.tables
    assert (staff.schema, staff.local_name, order.schema) == ("Back Office", "Staff", None)
    assert staff.unique == (UniqueKey(name="Staff_E-Mail_key", columns=("E-Mail",)),)
    (key,) = order.foreign_keys
    assert (key.parent, key.parent_columns, key.on_update) == ("Back Office.Staff", ("E-Mail",), "CASCADE")
    assert (key.on_delete, key.deferrable) == ("SET NULL", True)
    assert '"E-Mail" character varying(40)' in (staff.ddl or "")


def test_columns_are_told_as_declared(extensions: str) -> None:
    script = """
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE DOMAIN email AS varchar(60);
    CREATE DOMAIN work_email AS email NOT NULL;
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (a serial, b int GENERATED ALWAYS AS IDENTITY, c int DEFAULT 7,
        d int GENERATED ALWAYS AS (c * 2) STORED, e mood, f work_email, g char(3), h text COLLATE loose,
        i text COLLATE "C", j citext, k numeric(12,2), l numeric, m numeric(80,2), n int[]);
    COMMENT ON TABLE t IS 'a table'; COMMENT ON COLUMN t.c IS 'a column';
    """
    table = table_of(extensions, script, "t")
    assert table.comment == "a table"
    column = {column.name: column for column in table.columns}
    assert [name for name in column if column[name].identity] == ["a", "b"]
    assert (column["c"].default, column["c"].comment, column["d"].generated) == ("7", "a column", True)
    assert column["e"].choices == ("sad", "ok", "happy")
    assert (column["f"].max_length, column["f"].nullable, column["f"].type.kind) == (60, False, Kind.TEXT)
    assert column["g"].max_length == 3
    assert [name for name in column if column[name].collation] == ["h", "j"], "only those that fold"
    assert column["k"].type == Type(kind=Kind.DECIMAL, precision=12, scale=2)
    assert [name for name in column if column[name].fidelity is Fidelity.TEXT] == ["l", "m", "n"]


def test_tables_called_nearly_as_ours_are_somebody_s(postgres_url: str) -> None:
    run(
        postgres_url,
        """
        CREATE SCHEMA migrator; CREATE SCHEMA migrator_app; CREATE SCHEMA "migrator_stage:r1";
        CREATE TABLE migrator_users (id int); CREATE TABLE migrator_app.t (id int);
        CREATE TABLE migrator.people (id int);
        CREATE TABLE migrator.migrator_loads (id int); CREATE TABLE migrator."migrator_journal:r1:t" (id int);
        CREATE TABLE "migrator_stage:r1".t (id int);
        """,
    )
    described = PostgresSource(postgres_url).describe()
    assert described.table_names == ("migrator.people", "migrator_app.t", "migrator_users")


def test_partitions_are_read_through_their_parent_and_heirs_by_themselves(postgres_url: str) -> None:
    script = """
    CREATE TABLE log (day int, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
    CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM (10) TO (20);
    CREATE TABLE note (day int, id int, FOREIGN KEY (day, id) REFERENCES log);
    CREATE TABLE loose (v int) PARTITION BY LIST (v); CREATE TABLE loose_1 PARTITION OF loose DEFAULT;
    CREATE TABLE base (id int PRIMARY KEY); CREATE TABLE heir (more text) INHERITS (base);
    INSERT INTO log VALUES (15, 1), (3, 2), (3, 1); INSERT INTO base VALUES (1); INSERT INTO heir VALUES (2, 'x');
    INSERT INTO loose VALUES (1), (1);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER seen BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f();
    """
    with reading(postgres_url, script) as found:
        assert found.schema.table_names == ("base", "heir", "log", "loose", "note")
        assert [key.parent for key in found.schema.table("note").foreign_keys] == ["log"]
        assert found.schema.table("log").triggers == ("seen",)
        assert selected(found, "log", Whole()) == [(3, 1), (3, 2), (15, 1)]
        assert selected(found, "base", Whole()) == [(1,)]
        assert selected(found, "heir", Whole()) == [(2, "x")]
        assert selected(found, "loose", Among(columns=("v",), keys=integers(1))) == [(1,), (1,)]


def test_what_partitions_alone_point_at_is_told_apart_from_what_their_table_does(postgres_url: str) -> None:
    script = """
    CREATE TABLE firms (id int PRIMARY KEY); CREATE TABLE lands (id int PRIMARY KEY);
    CREATE TABLE log (id int PRIMARY KEY, firm int, land int REFERENCES lands) PARTITION BY HASH (id);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE log_2 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    ALTER TABLE log_1 ADD FOREIGN KEY (firm) REFERENCES firms;
    """
    with reading(postgres_url, script) as found:
        assert [key.parent for key in found.schema.table("log").foreign_keys] == ["lands"]
        assert [(name, key.columns, key.parent) for name, key in found.schema.of_partitions] == [
            ("log", ("firm",), "firms")
        ]


def test_only_whole_unique_indexes_are_keys(postgres_url: str) -> None:
    script = """
    CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text);
    CREATE UNIQUE INDEX whole ON t (a, b) INCLUDE (c);
    CREATE UNIQUE INDEX partial ON t (b) WHERE a IS NULL; CREATE UNIQUE INDEX expression ON t (lower(c));
    """
    assert table_of(postgres_url, script, "t").unique == (UniqueKey(name="whole", columns=("a", "b")),)


# ── what values are ─────────────────────────────────────────────────────────────────────────────────────────────
VALUES = [
    ("boolean", "true", True),
    ("smallint", "-32768", -32768),
    ("bigint", "9223372036854775807", 2**63 - 1),
    ("real", "0.1", 0.10000000149011612),
    ("double precision", "1e308", 1e308),
    ("numeric(10,2)", "-0.01", Decimal("-0.01")),
    ("numeric(76,40)", "0." + "1" * 40, Decimal("0." + "1" * 40)),
    ("numeric", "12.50", Decimal("12.50")),
    ("text", "é\u0301 \\N 😀", "é\u0301 \\N 😀"),
    ("character(4)", "ab", "ab  "),
    ("name", "n", "n"),
    ("citext", "Ça", "Ça"),
    ("bytea", "\\x00ff", b"\x00\xff"),
    ("uuid", UUID_A.upper(), UUID_A),
    ("json", '{"b":1, "a" :[ ], "b":2}', '{"b":1, "a" :[ ], "b":2}'),
    ("jsonb", '{"b":1,"a":2}', '{"a": 2, "b": 1}'),
    ("date", "0001-01-01", dt.date(1, 1, 1)),
    ("time", "23:59:59.999999", dt.time(23, 59, 59, 999999)),
    ("timestamp", "9999-12-31 23:59:59.999999", dt.datetime.max),
    ("timestamptz", "2024-01-01 00:00+02", dt.datetime(2023, 12, 31, 22, tzinfo=dt.UTC)),
    # no class of their own: the server's own text
    ("date", "infinity", "infinity"),
    ("date", "4713-01-01 BC", "4713-01-01 BC"),
    ("date", "5874897-12-31", "5874897-12-31"),
    ("timestamp", "-infinity", "-infinity"),
    ("timestamp", "294276-12-31 23:59:59.999999", "294276-12-31 23:59:59.999999"),
    ("timestamptz", "infinity", "infinity"),
    ("timestamptz", "10000-01-01 00:00Z", "10000-01-01 00:00:00+00"),
    ("time", "24:00:00", "24:00:00"),
    ("timetz", "12:00+02", "12:00:00+02"),
    ("numeric(10,2)", "NaN", "NaN"),
    ("numeric", "Infinity", "Infinity"),
    ("numeric", "1" * 80, "1" * 80),
    ("interval", "1 year 2 days -3 hours", "1 year 2 days -03:00:00"),
    ("money", "1234.50", "$1,234.50"),
    ("inet", "10.0.0.1/8", "10.0.0.1/8"),
    ("int[]", "[0:1]={1,NULL}", "[0:1]={1,NULL}"),
    ("text[]", '{{"a,b",c}}', '{{"a,b",c}}'),
    ("int4range", "[1,5)", "[1,5)"),
    ("bit(3)", "101", "101"),
    ("oid", "4294967295", "4294967295"),
    ("point", "(0.1,2)", "(0.1,2)"),
    ("tsvector", "'a':1", "'a':1"),
    ("xml", "<a/>", "<a/>"),
    ('"char"', "x", "x"),
]
_LITERALS = 20


@pytest.mark.parametrize(("native", "written", "value"), VALUES, ids=lambda value: str(value)[:20])
def test_a_value_comes_out_exactly(extensions: str, native: str, written: str, value: object) -> None:
    run(extensions, f"CREATE TABLE t (id int PRIMARY KEY, v {native})")
    with psycopg.connect(extensions, autocommit=True) as connection:
        connection.execute(f"INSERT INTO t VALUES (1, %s::text::{native}), (2, NULL)".encode(), (written,))
    with reading(extensions) as found:
        table, held = settled(found, "t")
    assert held == [(1, value), (2, None)]
    is_literal = (native, written, value) in VALUES[_LITERALS:]
    assert (table.column("v").type.kind is Kind.LITERAL) == is_literal
    assert table.column("v").fidelity is (Fidelity.TEXT if is_literal else Fidelity.EXACT)


def test_not_a_number_is_a_float(postgres_url: str) -> None:
    with reading(postgres_url, "CREATE TABLE t (v float8); INSERT INTO t VALUES ('NaN'), ('-Infinity')") as found:
        assert str(settled(found, "t")[1]) == "[(nan,), (-inf,)]"


@pytest.mark.parametrize(
    ("native", "value"),
    [
        ("date", "infinity"),
        ("date", "-infinity"),
        ("timestamp", "infinity"),
        ("timestamptz", "-infinity"),
        ("time", "24:00"),
        ("numeric(5,1)", "NaN"),
    ],
)
def test_without_a_census_a_value_that_does_not_fit_is_noticed(postgres_url: str, native: str, value: str) -> None:
    with reading(postgres_url, f"CREATE TABLE t (v {native}); INSERT INTO t VALUES ('{value}')") as found:
        with pytest.raises(Recast) as raised:
            list(found.scan(found.schema.table("t"), Whole()))
        assert raised.value.column.type.kind is Kind.LITERAL
        table = replace(found.schema.table("t"), columns=(raised.value.column,))
        assert [batch.to_pylist() for batch in found.scan(table, Whole())] == [
            [{"v": "24:00:00" if native == "time" else value}]
        ]


def test_the_census_looks_at_the_selected_rows_only(postgres_url: str) -> None:
    script = """
    CREATE TABLE t (id int PRIMARY KEY, owner int, n numeric, d date);
    INSERT INTO t VALUES (1, 1, 1.50, '2024-01-01'), (2, 1, 22.25, NULL), (3, 2, 1.5, 'infinity'),
        (4, 3, 1, NULL), (5, 3, 2.0, NULL);
    """
    with reading(postgres_url, script) as found:
        kinds = [
            [
                str(column.type)
                for column in found.census(found.schema.table("t"), Matching(columns=("owner",), values=(owner,)))[
                    0
                ].columns[2:]
            ]
            for owner in (1, 2, 3)
        ]
    assert kinds == [["decimal(38,2)", "date"], ["decimal(38,1)", "literal"], ["literal", "date"]]


# ── which rows ──────────────────────────────────────────────────────────────────────────────────────────────────
def ids(found: Reading, name: str, predicate: Predicate) -> list[object]:
    got = [row[0] for row in selected(found, name, predicate, columns=["id"])]
    assert found.count(found.schema.table(name), predicate) == len(got)
    return got


THINGS = f"""
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE things (id int PRIMARY KEY, whole bigint, word text, short varchar(3), padded char(4), mood mood, u uuid,
    amount numeric, day date, at timestamptz, raw bytea, yes boolean, folded citext, spot point);
INSERT INTO things VALUES
    (1, 42, '42', 'abc', 'ab', 'sad', '{UUID_A}', 1.50, '2024-02-29', '2024-01-01 00:00Z', '\\x00ff', true, 'Straße'),
    (2, 43, 'it''s "x", \\ {{}}', 'x', 'ab ', 'ok', '{UUID_B}', 1.5, '2024-03-01', '2024-01-01 00:00:01Z',
        '\\x', false, 'A');
"""


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("whole", 42, [1]),
        ("whole", "42", [1]),
        ("whole", 42.0, [1]),
        ("whole", 10**30, []),
        ("word", 42, [1]),
        ("word", 'it\'s "x", \\ {}', [2]),
        ("short", "abcd", []),
        ("padded", "ab", [1, 2]),
        ("mood", "ok", [2]),
        ("u", UUID_A.upper(), [1]),
        ("amount", 1.5, [1, 2]),
        ("day", "2024-02-29", [1]),
        ("at", "2024-01-01 01:00+01", [1]),
        ("raw", b"\x00\xff", [1]),
        ("yes", True, [1]),
        ("folded", "straße", [1]),
        ("whole", "abc", Misuse),
        ("whole", 1.5, Misuse),
        ("mood", "angry", Misuse),
        ("u", "no uuid", Misuse),
        ("day", "yesterdayish", Misuse),
        ("word", "a\0b", Misuse),
        ("spot", "(1,2)", Misuse),
    ],
)
def test_a_plan_s_value_selects_by_the_column_s_type(
    extensions: str, column: str, value: str | float, expected: Sequence[int] | type[Misuse]
) -> None:
    predicate = Matching(columns=(column,), values=(value,))
    with reading(extensions, THINGS) as found:
        if isinstance(expected, type):
            with pytest.raises(expected):
                ids(found, "things", predicate)
        else:
            assert ids(found, "things", predicate) == expected


UUID, DECIMAL, LITERAL = Type(kind=Kind.UUID), Type(kind=Kind.DECIMAL, precision=9, scale=2), Type(kind=Kind.LITERAL)


@pytest.mark.parametrize(
    ("column", "keys", "expected"),
    [
        ("whole", texts("42", "043", "4x", "9223372036854775808"), [1]),
        ("word", integers(42, 43), [1]),
        ("short", texts("abc", "abcd", "xyz"), [1]),
        ("padded", texts("ab", "ab "), [1, 2]),
        ("mood", texts("ok", "angry"), [2]),
        ("u", KeyList((UUID,), [(UUID_A,)]), [1]),
        ("u", texts(UUID_B, "no uuid"), [2]),
        ("amount", KeyList((LITERAL,), [("1.50",), ("1.5",)]), [1, 2]),
        ("amount", KeyList((DECIMAL,), [(Decimal("1.50"),)]), [1, 2]),
        ("amount", texts("1.5", "x"), [1, 2]),
        ("day", KeyList((Type(kind=Kind.DATE),), [(dt.date(2024, 3, 1),)]), [2]),
        ("day", texts("2024-03-01", "x"), [2]),
        ("at", KeyList((Type(kind=Kind.TIMESTAMPTZ),), [(dt.datetime(2024, 1, 1, 0, 0, 1, tzinfo=dt.UTC),)]), [2]),
        ("raw", KeyList((Type(kind=Kind.BINARY),), [(b"\x00\xff",)]), [1]),
        ("yes", KeyList((Type(kind=Kind.BOOLEAN),), [(False,)]), [2]),
        ("folded", texts("STRASSE", "STRAßE", "a", "A"), [1, 2]),
        ("word", texts('it\'s "x", \\ {}'), [2]),
        ("whole", KeyList((Type(kind=Kind.VARIANT),), [("i:42",), ("t:43",), ("b:QUE=",), ("t:x",)]), [1, 2]),
    ],
)
def test_keys_of_any_type_select_by_the_column_s(extensions: str, column: str, keys: Keys, expected: list[int]) -> None:
    with reading(extensions, THINGS) as found:
        assert ids(found, "things", Among(columns=(column,), keys=keys)) == expected


@pytest.mark.parametrize(
    ("child", "parent", "keys", "expected"),
    [
        ("int", "bigint", integers(1, 2), ["1", "2"]),
        ("bigint", "int", integers(1, 3), ["1", "3"]),
        ("varchar(5)", "text", texts("1", "2"), ["1", "2"]),
        ("text", "int", integers(1, 2), ["1", "2"]),
        ("int", "text", texts("1", "02"), ["1"]),
        ("int", "numeric", KeyList((LITERAL,), [("1.0",), ("2",)]), ["1", "2"]),
        ("citext", "citext", texts("1", "2"), ["1", "2"]),
        ("text", "citext", texts("1"), ["1"]),
        ("char(3)", "char(3)", texts("1  ", "2  "), ["1", "2"]),
    ],
)
def test_a_reference_compares_as_its_parent_does(
    extensions: str, child: str, parent: str, keys: Keys, expected: list[str]
) -> None:
    script = f"""
    CREATE TABLE p (k {parent} PRIMARY KEY); CREATE TABLE c (id text PRIMARY KEY, r {child});
    INSERT INTO c SELECT v::text, v::text::{child} FROM generate_series(1, 3) v;
    """
    with reading(extensions, script) as found:
        of = (found.schema.table("p").column("k"),)
        assert ids(found, "c", Among(columns=("r",), keys=keys, of=of)) == expected


def test_a_case_blind_parent_is_pointed_at_in_any_case(extensions: str) -> None:
    script = "CREATE TABLE p (k citext PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, r text, s citext);"
    with reading(
        extensions, f"{script} INSERT INTO c VALUES (1, 'FR', 'FR'), (2, 'fr', 'fr'), (3, 'de', 'de')"
    ) as found:
        of = (found.schema.table("p").column("k"),)
        for column in ("r", "s"):
            assert ids(found, "c", Among(columns=(column,), keys=texts("Fr"), of=of)) == [1, 2]


def test_keys_the_server_calls_equal_give_a_row_once_however_many_there_are(extensions: str) -> None:
    script = """CREATE TABLE t (id int PRIMARY KEY, v citext UNIQUE);
    INSERT INTO t SELECT v, 'x' || v FROM generate_series(1, 9) v"""
    keys = texts(*(f"x{number}" for number in range(9_000)), *(f"X{number}" for number in range(9_000)))
    with reading(extensions, script) as found:
        assert ids(found, "t", Among(columns=("v",), keys=keys)) == list(range(1, 10))


def test_keys_a_collation_calls_equal_give_a_row_once(postgres_url: str) -> None:
    script = """
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE lands (id text COLLATE loose, number text, PRIMARY KEY (id, number));
    INSERT INTO lands VALUES ('fr', '1'), ('de', '2');
    """
    pairs = KeyList((TEXT, TEXT), [("fr", "1"), ("FR", "1"), ("Fr", "1")])
    with reading(postgres_url, script) as found:
        assert found.count(found.schema.table("lands"), Among(columns=("id",), keys=texts("fr", "FR", "Fr"))) == 1
        assert selected(found, "lands", Among(columns=("id", "number"), keys=pairs)) == [("fr", "1")]


@given(keys=st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, unique=True))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_key(postgres_url: str, keys: list[str]) -> None:
    run(postgres_url, "DROP TABLE IF EXISTS t; CREATE TABLE t (id serial PRIMARY KEY, v text)")
    with psycopg.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO t (v) VALUES (%s)", [(key,) for key in keys])
    with reading(postgres_url) as found:
        assert len(ids(found, "t", Among(columns=("v",), keys=texts(*keys)))) == len(keys)
        assert ids(found, "t", Matching(columns=("v",), values=(keys[0],))) == [1]


@pytest.mark.parametrize("index", ["", "CREATE INDEX ON t (a); CREATE INDEX ON t (b)"])
@pytest.mark.parametrize(
    "ddl",
    [
        "CREATE TABLE t (a int, b text)",
        "CREATE TABLE t (a int, b text) PARTITION BY HASH (a);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
        "CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    ],
    ids=["plain", "partitioned"],
)
def test_rows_without_a_key_come_once_by_however_many_keys(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, ddl: str, index: str
) -> None:
    monkeypatch.setattr(rows, "KEYS_BY_INDEX", 100)
    script = f"{ddl}; {index}; INSERT INTO t SELECT v % 500, (v % 700)::text FROM generate_series(1, 3000) v"
    either = AnyOf(
        among=(
            Among(columns=("a",), keys=integers(*range(250))),
            Among(columns=("b",), keys=texts(*map(str, range(400)))),
            Matching(columns=("b",), values=("699",)),
        )
    )
    with reading(postgres_url, script, max_connections=2) as found:
        got = selected(found, "t", either)
        assert got == selected(found, "t", either)
        assert found.count(found.schema.table("t"), either) == len(got)
    expected = [(v % 500, str(v % 700)) for v in range(1, 3001) if v % 500 < 250 or v % 700 < 400 or v % 700 == 699]
    assert sorted(got) == sorted(expected)


def plan_of(url: str, found: Reading, name: str, predicate: Predicate) -> str:
    """How the server executes what selects these rows."""
    selection = found._selection(found.schema.table(name), predicate)  # type: ignore[attr-defined]
    with psycopg.connect(url) as connection:
        explained = [connection.execute(f"EXPLAIN {one}".encode()).fetchall() for one in selection.statements(["1"])]
    return "\n".join(line for rows in explained for (line,) in rows)


PAIRS = KeyList((Type(kind=Kind.INTEGER),) * 2, [(1, 1), (2, 2)])


@pytest.mark.parametrize(
    "predicate",
    [
        Matching(columns=("tenant",), values=(42,)),
        Among(columns=("tenant",), keys=integers(42, 44)),
        Among(columns=("id",), keys=integers(*range(0, 900, 3))),
        Among(columns=("a", "b"), keys=PAIRS),
        AnyOf(among=(Among(columns=("tenant",), keys=integers(1)), Among(columns=("a", "b"), keys=PAIRS))),
        Among(columns=("tenant",), keys=texts("42", "43")),
    ],
)
def test_a_small_tenant_is_found_by_indexes(postgres_url: str, predicate: Predicate) -> None:
    script = """
    CREATE TABLE t (id int PRIMARY KEY, tenant int, a int, b int, UNIQUE (a, b)); CREATE INDEX ON t (tenant);
    INSERT INTO t SELECT v, v / 10, v, v FROM generate_series(1, 50000) v; ANALYZE t"""
    with reading(postgres_url, script) as found:
        plan = plan_of(postgres_url, found, "t", predicate)
    assert "Index" in plan
    assert "Seq Scan" not in plan


# ── pieces, several readers, one point in time ──────────────────────────────────────────────────────────────────
def count_pieces(patch: pytest.MonkeyPatch) -> list[str]:
    """The conditions that tables are read by from here on."""
    pieces: list[str] = []

    def noted(relation: Relation, ask: rows.Ask) -> Iterator[str]:
        for piece in splits.ranges(relation, ask):
            pieces.append(piece)
            yield piece

    patch.setattr(rows, "ranges", noted)
    return pieces


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize(
    "key",
    ["id int", "id uuid", "id text", 'id text COLLATE "C"', "id numeric", "id char(40)", "id timestamptz", "id float8"],
)
def test_a_large_table_is_read_in_pieces_in_the_order_of_its_key(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, key: str, connections: int
) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 16 << 10)
    made = {
        "int": "v * 3",
        "uuid": "md5(v::text)::uuid",
        "numeric": "v / 7.0",
        "timestamptz": "'2024-01-01'::timestamptz + v * interval '1 hour'",
        "float8": "v / 7.0",
    }.get(key.split()[1], "md5(v::text) || ' ''\"\\'")
    script = (
        f"CREATE TABLE t ({key} PRIMARY KEY, v int); INSERT INTO t SELECT {made}, v FROM generate_series(1, 3000) v;"
    )
    run(postgres_url, f"{script} ANALYZE t")
    pieces = count_pieces(monkeypatch)
    with reading(postgres_url, max_connections=connections) as found:
        got = [row[0] for row in selected(found, "t", Whole(), columns=["v"])]
        assert found.count(found.schema.table("t"), Whole()) == 3000
    with psycopg.connect(postgres_url) as connection:
        assert got == [row[0] for row in connection.execute("SELECT v FROM t ORDER BY id")]
    assert len(pieces) > 5


def test_a_composite_key_is_cut_anywhere(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 16 << 10)
    script = """CREATE TABLE t (a int, b text, PRIMARY KEY (b, a));
    INSERT INTO t SELECT v, 'same' FROM generate_series(1, 3000) v;
    INSERT INTO t VALUES (1, 'a'), (1, 'z'); ANALYZE t"""
    with reading(postgres_url, script, max_connections=3) as found:
        assert [row[0] for row in selected(found, "t", Whole())] == [1, *range(1, 3001), 1]


def test_several_readers_see_one_point_in_time(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 16 << 10)
    script = """
    CREATE TABLE account (id int PRIMARY KEY, balance int); CREATE TABLE moved (id serial PRIMARY KEY, cents int);
    INSERT INTO account SELECT v, 100 FROM generate_series(1, 3000) v; ANALYZE account;"""
    run(postgres_url, script)
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            number = 0
            while not stop.is_set():
                number = number % 3000 + 1
                with connection.transaction():
                    connection.execute("UPDATE account SET balance = balance - 1 WHERE id = %s", (number,))
                    connection.execute("INSERT INTO moved (cents) VALUES (1)")
                    if number % 5 == 0:
                        connection.execute("INSERT INTO account SELECT max(id) + 1, 100 FROM account")
                        connection.execute("INSERT INTO moved (cents) VALUES (-100)")
                started.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert started.wait(20)
        for _ in range(3):
            with reading(postgres_url, max_connections=3) as found:
                assert found.fence.readers == 3
                balances = [row[1] for row in selected(found, "account", Whole())]
                moved = [row[1] for row in selected(found, "moved", Whole())]
            assert sum(balances) + sum(moved) == 300_000  # type: ignore[arg-type]
            assert len(balances) >= 3000
    finally:
        stop.set()
        writer.join()


def connections_of(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name ^@ 'migrator' AND datname = current_database()"
        ).fetchone()
    assert found
    return int(found[0])


def test_a_scan_left_half_way_or_broken_ends_its_threads(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 16 << 10)
    script = """CREATE TABLE t (id int PRIMARY KEY, d date);
    INSERT INTO t SELECT v, '2024-01-01' FROM generate_series(1, 5000) v; ANALYZE t"""
    before = threading.active_count()
    with reading(postgres_url, script, max_connections=3) as found:
        scan = found.scan(found.schema.table("t"), Whole())
        next(scan)
        scan.close()  # type: ignore[attr-defined]
        assert threading.active_count() == before
        assert len(selected(found, "t", Whole())) == 5000
    run(postgres_url, "UPDATE t SET d = 'infinity' WHERE id = 4000")
    with reading(postgres_url, max_connections=3) as found:
        with pytest.raises(Recast):
            list(found.scan(found.schema.table("t"), Whole()))
        assert threading.active_count() == before
        assert settled(found, "t")[1][3999] == (4000, "infinity")


def test_at_most_so_many_connections_and_none_afterwards(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 16 << 10)
    script = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT v FROM generate_series(1, 9000) v; ANALYZE t"
    with reading(postgres_url, script, max_connections=3) as found:
        scan = found.scan(found.schema.table("t"), Whole())
        next(scan)
        assert 2 <= connections_of(postgres_url) <= 4
        scan.close()  # type: ignore[attr-defined]
    for _ in range(100):  # the server notices a closed connection a moment later
        if connections_of(postgres_url) == 0:
            return
        threading.Event().wait(0.05)
    pytest.fail("connections stay open after the fence")


MOVING = """
CREATE TABLE t (id int, year int, n int, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
CREATE TABLE t3 (id int NOT NULL, year int NOT NULL, n int, PRIMARY KEY (id, year));
INSERT INTO t VALUES (1, 1, 1), (2, 2, 2); INSERT INTO t3 VALUES (3, 3, 3);
"""


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE t2",
        "ALTER TABLE t ALTER n TYPE bigint",
        "DROP TABLE t2",
        "ALTER TABLE t DETACH PARTITION t2",
        "ALTER TABLE t ATTACH PARTITION t3 FOR VALUES IN (3)",
    ],
)
def test_what_no_snapshot_protects_against_is_a_fault_and_never_fewer_rows(postgres_url: str, statement: str) -> None:
    with reading(postgres_url, MOVING) as found:
        table = found.schema.table("t")
        run(postgres_url, statement)
        for read in (
            lambda: list(found.scan(table, Whole())),
            lambda: found.count(table, Whole()),
            lambda: found.census(table, Whole()),
        ):
            with pytest.raises(Fault, match="while it was read") as fault:
                read()
            assert fault.value.where == "t"


VIEWS = f"""
{MOVING}
CREATE TABLE old (id int); CREATE TABLE heir () INHERITS (old); INSERT INTO heir VALUES (4);
CREATE VIEW inner_view AS SELECT id FROM t UNION ALL SELECT id FROM old; CREATE VIEW v AS SELECT id FROM inner_view;
CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE UNIQUE INDEX m_id ON m (id);
CREATE VIEW of_m AS SELECT id FROM m; CREATE VIEW of_catalog AS SELECT oid FROM pg_class;
"""


@pytest.mark.parametrize(
    ("view", "statement"),
    [
        ("v", "TRUNCATE t2"),
        ("v", "TRUNCATE heir"),
        ("v", "DROP TABLE t2"),
        ("m", "REFRESH MATERIALIZED VIEW m"),
        ("of_m", "REFRESH MATERIALIZED VIEW m"),
    ],
)
def test_what_no_snapshot_protects_against_is_a_fault_of_a_view_too(
    postgres_url: str, view: str, statement: str
) -> None:
    with reading(postgres_url, VIEWS) as found:
        views = {table.name: table for table in found.schema.views}
        run(postgres_url, statement)
        for read in (
            lambda: list(found.scan(views[view], Whole())),
            lambda: found.count(views[view], Whole()),
            lambda: found.census(views[view], Whole()),
        ):
            with pytest.raises(Fault, match="while it was read") as fault:
                read()
            assert fault.value.where == view
        assert found.count(views["of_catalog"], Whole())


def test_views_of_every_kind_are_read_as_of_the_fence(postgres_url: str) -> None:
    with reading(postgres_url, VIEWS) as found:
        views = {table.name: table for table in found.schema.views}
        assert {name: view.kind for name, view in views.items()} == {
            "inner_view": "view",
            "m": "materialized view",
            "of_catalog": "view",
            "of_m": "view",
            "v": "view",
        }
        assert all((view.primary_key, view.unique) == ((), ()) for view in views.values())
        run(postgres_url, "INSERT INTO t VALUES (5, 1, 5); INSERT INTO old VALUES (6);")
        keys = integers(*range(2, 10_000))  # more than one condition takes
        either = AnyOf(among=(Among(columns=("id",), keys=keys), Among(columns=("id",), keys=integers(1))))
        for name, rows in (("v", [1, 2, 4]), ("m", [1, 2]), ("of_m", [1, 2])):
            for predicate in (Whole(), either):
                batches = list(found.scan(views[name], predicate))
                assert sorted(row["id"] for batch in batches for row in batch.to_pylist()) == rows
                assert found.count(views[name], predicate) == len(rows)


def test_what_a_view_reads_on_another_server_is_of_no_fence(postgres: Postgres, postgres_url: str) -> None:
    administered(
        postgres,
        postgres_url,
        "CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;"
        "CREATE FOREIGN TABLE far (id int) SERVER files OPTIONS (filename '/dev/null'); CREATE TABLE near (id int);"
        "CREATE VIEW v AS SELECT id FROM near UNION ALL SELECT id FROM far; GRANT SELECT ON v TO PUBLIC;",
    )
    with reading(postgres_url) as found, pytest.raises(Red, match="far, which lies on another server") as red:
        found.count(found.schema.views[0], Whole())
    assert red.value.where == "v"


def test_rows_that_a_policy_beneath_a_view_would_hide_are_a_fault(postgres: Postgres, postgres_url: str) -> None:
    script = """CREATE TABLE t (owner name); INSERT INTO t VALUES ('you');
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
    CREATE POLICY mine ON t USING (owner = 'me'); CREATE VIEW v AS SELECT owner FROM t;"""
    with reading(postgres_url, script) as found, pytest.raises(Fault, match="hidden from this user"):
        found.count(found.schema.views[0], Whole())


def test_what_others_do_to_a_table_they_share_disturbs_no_reading(postgres_url: str) -> None:
    with reading(postgres_url, MOVING) as found:
        run(
            postgres_url,
            """
            INSERT INTO t VALUES (4, 1, 4); CREATE INDEX ON t (n); ALTER TABLE t ADD more int DEFAULT 7; ANALYZE t;
            CREATE TABLE t4 PARTITION OF t FOR VALUES IN (4); INSERT INTO t VALUES (5, 4, 4);
            """,
        )
        assert found.count(found.schema.table("t"), Whole()) == 2


def test_the_fence_says_where_in_the_log_it_stands(postgres_url: str) -> None:
    with reading(postgres_url) as found:
        assert found.fence.kind == "postgresql-exported-snapshot"
        assert re.fullmatch(r"[0-9A-F]+/[0-9A-F]+", found.fence.position or "")
        assert re.fullmatch(r"[0-9A-F-]+", found.fence.token)


def kill(postgres: Postgres, url: str) -> None:
    database = sql.Literal(urlsplit(url).path.removeprefix("/"))
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ^@ 'migrator' AND datname = {}"
    )
    postgres.admin(sql.SQL(query).format(database))


def test_a_lost_fence_is_a_fault_that_starts_anew(postgres: Postgres, postgres_url: str) -> None:
    with reading(postgres_url, "CREATE TABLE t (id int PRIMARY KEY)") as found:
        kill(postgres, postgres_url)
        with pytest.raises(Fault, match="anew"):
            selected(found, "t", Whole())


def test_a_lost_reader_is_a_fault_that_starts_anew(postgres: Postgres, postgres_url: str) -> None:
    with reading(postgres_url, "CREATE TABLE t (id int PRIMARY KEY)") as found:
        selected(found, "t", Whole())
        kill(postgres, postgres_url)
        with pytest.raises(Fault, match="anew"):
            selected(found, "t", Whole())


@pytest.mark.parametrize("connections", [1, 3])
def test_a_server_that_dies_during_a_scan_is_a_fault(private_postgres: Postgres, connections: int) -> None:
    url = private_postgres.database()
    script = """CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT v, repeat('x', 500) FROM generate_series(1, 100000) v; ANALYZE t"""
    with pytest.raises(Fault, match=r"anew|reach"), reading(url, script, max_connections=connections) as found:
        scan = found.scan(found.schema.table("t"), Whole())
        next(scan)
        private_postgres.kill()
        list(scan)


# ── who may read ────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_role_with_select_alone_reads_everything(postgres_url: str, reader: str) -> None:
    run(postgres_url, "CREATE TABLE t (id int PRIMARY KEY, customers text); INSERT INTO t VALUES (1, 'x')")
    run(postgres_url, f"GRANT SELECT ON t TO {role_of(reader)}")
    with reading(reader, max_connections=2) as found:
        assert settled(found, "t")[1] == [(1, "x")]
    assert {finding.verdict for finding in PostgresSource(reader).examine().findings} == {"ok"}


def test_a_missing_grant_is_a_fault_that_names_the_table_and_doctor_prints_the_script(
    postgres_url: str, reader: str
) -> None:
    script = 'CREATE SCHEMA "S"; CREATE TABLE "S"."Secret" (id int PRIMARY KEY); CREATE TABLE other (id int)'
    run(postgres_url, script)
    run(postgres_url, f"GRANT SELECT ON other TO {role_of(reader)}")
    with reading(reader) as found, pytest.raises(Fault, match=r"Secret|schema S"):
        selected(found, "S.Secret", Whole())
    examined = PostgresSource(reader).examine()
    assert [finding.where for finding in examined.findings if finding.verdict == "red"] == ["S.Secret"]
    assert examined.user == role_of(reader)
    run(postgres_url, examined.grants)
    assert not PostgresSource(reader).examine().grants
    with reading(reader) as found:
        assert selected(found, "S.Secret", Whole()) == []


def test_rows_a_policy_hides_are_a_fault_never_silence(postgres_url: str, reader: str) -> None:
    script = f"""CREATE TABLE t (id int PRIMARY KEY, owner text); INSERT INTO t VALUES (1, 'me'), (2, 'you');
    GRANT SELECT ON t TO {role_of(reader)};
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (owner = 'me');"""
    run(postgres_url, script)
    with reading(reader) as found, pytest.raises(Fault, match="hidden") as raised:
        selected(found, "t", Whole())
    assert "BYPASSRLS" in raised.value.next
    (red,) = (finding for finding in PostgresSource(reader).examine().findings if finding.verdict == "red")
    assert (red.what, red.where) == ("row-level security", "t")
    with reading(postgres_url) as found:
        assert len(selected(found, "t", Whole())) == 2, "the owner sees them all"


def test_nothing_can_be_written_through_a_source_s_connection(postgres_url: str) -> None:
    session = Session(read_only=True)
    with connect(postgres_url, session) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("CREATE TABLE t ()")


def test_a_statement_that_takes_too_long_is_given_up(postgres_url: str) -> None:
    run(postgres_url, "CREATE TABLE t (id int)")
    source = PostgresSource(postgres_url, ReadLimits(statement_timeout_s=1))
    with source.fence() as found, psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Fault, match="statement timeout"):
            selected(found, "t", Whole())


def test_statements_that_nobody_waits_for_are_cancelled_on_the_server(postgres_url: str) -> None:
    with reading(postgres_url, max_connections=3) as found:
        readers = found._readers  # type: ignore[attr-defined]
        queries = iter(["SELECT 1", "SELECT 2 FROM pg_sleep(60)", "SELECT 3 FROM pg_sleep(60)"])
        results = readers.in_order(queries, lambda batch: iter([batch]))
        assert next(results).num_rows == 1
        results.close()  # without a cancel it would wait a minute
        with psycopg.connect(postgres_url) as other:
            query = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'FROM pg_sleep' AND pid <> pg_backend_pid()"
            assert other.execute(f"{query} AND state = 'active'".encode()).fetchone() == (0,)


def test_sizes_come_from_the_server_s_statistics(postgres_url: str) -> None:
    run(postgres_url, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 1000); ANALYZE t")
    (size,) = PostgresSource(postgres_url).examine().sizes
    assert (size.table, size.rows) == ("t", 1000)
    assert size.bytes >= 1000 * 4


def test_too_few_free_connections_are_red(postgres_url: str) -> None:
    findings = PostgresSource(postgres_url, ReadLimits(max_connections=10_000)).examine().findings
    assert [finding.what for finding in findings if finding.verdict == "red"] == ["connections"]


def test_tenants_are_the_tables_others_point_at(postgres_url: str) -> None:
    script = """
    CREATE TABLE company (id int PRIMARY KEY); CREATE TABLE person (id int, company_id int REFERENCES company);
    INSERT INTO company SELECT generate_series(1, 12)"""
    run(postgres_url, script)
    (candidate,) = PostgresSource(postgres_url).tenants(lambda name: name == "company")
    assert (candidate.table, candidate.tenants, candidate.examples) == ("company", 12, ("1", "2", "3"))
    assert candidate.referencing_tables == 1


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("opened", [connect, connect_arrow])
@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"password": "wrong"}, Misuse, "password"),
        ({"database": "nowhere"}, Misuse, "does not exist"),
        ({"host": "no-such-host.invalid"}, Misuse, "host"),
        ({"port": "1"}, Fault, "reach"),
        ({"query": "?sslmode=require"}, Misuse, "SSL"),
        ({"query": "?no_such=1"}, Misuse, "address"),
    ],
)
def test_a_wrong_address_says_what_is_wrong_and_never_the_password(
    postgres_url: str, opened: object, changed: dict[str, str], error: type[MigratorError], says: str
) -> None:
    parts = urlsplit(postgres_url)
    given = {"password": parts.password or "", "database": parts.path[1:], "host": parts.hostname or "", "query": ""}
    given = {**given, "port": str(parts.port), **changed}
    url = (
        f"postgresql://{parts.username}:{given['password']}@{given['host']}:{given['port']}"
        f"/{given['database']}{given['query']}"
    )
    with pytest.raises(error) as raised:
        opened(url, Session())  # type: ignore[operator]
    assert says in raised.value.what
    assert f":{given['password']}@" not in str(raised.value)
    assert raised.value.next


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("FATAL:  authentification par mot de passe échouée pour l'utilisateur « me »", Misuse),
        ('ВАЖНО:  база данных "app" не существует', Misuse),
        ("FATAL:  désolé, trop de clients sont déjà connectés", Fault),
    ],
)
def test_a_server_may_refuse_in_its_own_language(said: str, error: type[MigratorError]) -> None:
    """No server of the tests has another language; without its SQLSTATE, the names it repeats are what is known."""
    with pytest.raises(error, match=said.partition(":  ")[2][:20]), translated("the server", ("me", "app")):
        raise psycopg.OperationalError(f'connection failed: connection to server at "h", port 5432 failed: {said}')


@pytest.mark.parametrize(
    "password",
    ["s3cr3t", "p/s3cr3t", "12/s3cr3t", "s3c#s3cr3t", "a:s3cr3t", "a@s3cr3t", "[s3cr3t", "%s3cr3t", "?s3cr3t"],
)
def test_a_password_is_never_shown_however_it_is_written(password: str) -> None:
    try:
        shown = place(f"postgresql://person:{password}@server/name")
    except Misuse as refused:
        shown = str(refused)
        assert "%40" in refused.next
    assert "s3cr3t" not in shown


def test_an_address_is_shown_without_its_password() -> None:
    shown = place("postgresql://me:s3cret@db.example:5433/app?sslmode=require&options=-csearch_path%3Dx")
    assert shown == "postgresql://me@db.example:5433/app"


def test_the_address_may_choose_the_schema(postgres_url: str) -> None:
    run(postgres_url, "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY); INSERT INTO s.t VALUES (7)")
    with reading(f"{postgres_url}?options=-csearch_path%3Ds") as found:
        assert selected(found, "t", Whole()) == [(7,)]
