"""What PostgreSQL keeps is what was staged, to the last digit, and what stood there before comes back the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Context, Decimal
from operator import itemgetter

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.contracts import Among, Merge, Predicate, Whole
from migrator.platforms.postgres import splits
from storage.errors import Red
from storage.types import arrow_type
from tests.conformance.platforms import PostgresPlatform, integers, texts
from tests.conformance.targets import Rows, merged
from tests.servers.postgres import Postgres
from tests.support_postgres_target import administered, loaded, taken_back, there_and_back

TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
CREATE TYPE spot AS (x int, "the y" text);
CREATE DOMAIN email AS varchar(60) CHECK (VALUE LIKE '%@%');
CREATE DOMAIN price AS numeric(12,2) NOT NULL DEFAULT 9.99 CHECK (VALUE >= 0);
CREATE DOMAIN gross AS price CHECK (VALUE < 1000000);
CREATE DOMAIN filled AS text NOT NULL CHECK (VALUE <> '');
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
"""


@pytest.fixture
def platform(postgres: Postgres, postgres_url: str) -> PostgresPlatform:
    administered(postgres, postgres_url, "CREATE EXTENSION citext; CREATE EXTENSION hstore")
    platform = PostgresPlatform(postgres_url)
    platform.run(TYPES)
    return platform


BY_SERVER = [
    ("boolean", ["true", "false"]),
    ("smallint", ["-32768", "32767"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807"]),
    ("real", ["-0", "NaN", "Infinity", "-Infinity", "3.4028235e+38", "1e-45", "0.1"]),
    ("double precision", ["-0", "NaN", "Infinity", "-Infinity", "1.7976931348623157e+308", "5e-324", "0.1"]),
    ("numeric", ["1.0", "1.00", "0.000", "NaN", "Infinity", "-1e-300", "9" * 100 + "." + "9" * 100]),
    ("numeric(12,2)", ["-0.01", "9999999999.99", "0"]),
    ("numeric(76,10)", ["9" * 66 + ".1234567890", "-1"]),
    ("numeric(38,0)", ["9" * 38, "-" + "9" * 38]),
    ("numeric(100,50)", ["1." + "7" * 50]),
    ("numeric(4,-2)", ["999900"]),
    ("text", ["", " ", "\\N", "a\tb\r\nc", "😀", "'"]),
    ("varchar(5)", ["12345", "é", ""]),
    ("char(5)", ["ab", ""]),
    ('"char"', ["x"]),
    ("name", ["a name"]),
    ("citext", ["MiXed"]),
    ("bytea", ["\\x", "\\x00ff5c"]),
    ("date", ["0001-01-01", "9999-12-31", "2024-02-29"]),
    ("time", ["00:00:00", "23:59:59.999999"]),
    ("timestamp", ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"]),
    ("timestamptz", ["0001-01-01 00:00:00+00", "2024-10-27 02:30:00+02", "2024-10-27 02:30:00+01"]),
    ("timestamptz(0)", ["2024-10-27 02:30:00+02"]),
    ("timetz", ["12:00:00+02", "24:00:00-15:59:59"]),
    ("interval", ["1 mon -1 days +00:00:00.000001", "-178000000 years"]),
    ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("json", ['{"b":1, "a": 1.0, "b":2}', "null", "[ ]"]),
    ("jsonb", ['{"a": 1.00, "b": [null, "\\n"]}', "null", '"\\\\N"']),
    ("inet", ["10.0.0.1/8", "::1", "10.0.0.1"]),
    ("cidr", ["10.0.0.0/8"]),
    ("macaddr8", ["08:00:2b:01:02:03:04:05"]),
    ("bit(3)", ["101"]),
    ("bit varying", ["", "1"]),
    ("int4range", ["empty", "[1,5)", "(,)"]),
    ("tstzmultirange", ["{}", '{["2020-01-01 00:00:00+00",)}']),
    ("int[]", ["{}", "{1,NULL,3}", "[0:1][5:5]={{1},{2}}"]),
    ("text[]", ['{"",NULL,"NULL","a\\"b","\\\\N"}']),
    ("mood", ["so so"]),
    ("mood[]", ['{sad,"so so"}']),
    ("spot", ['(1,"a,b")', "(,)"]),
    ("email", ["a@b"]),
    ("price", ["0.00", "12.30"]),
    ("gross", ["12.30"]),
    ("filled", ["x"]),
    ("hstore", ['"a"=>NULL, "b"=>"\\"x"']),
    ("point", ["(0.1,-0)"]),
    ("tsvector", ["'a':1A 'b'"]),
    ("xml", ["<a b='1'/>"]),
    ("money", ["$1.23"]),
    ("text COLLATE loose", ["Straße", "STRASSE"]),
    ('text COLLATE "C"', ["a", "B"]),
    ("oid", ["4294967295"]),
    ("pg_lsn", ["16/B374D848"]),
]


def as_staged(text: str, type_: pa.DataType) -> object:
    """A value in the type its column is staged in, from the server's text."""
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return bytes.fromhex(text.removeprefix("\\x"))
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return text
    if pa.types.is_decimal(type_):
        return Decimal(text).quantize(Decimal(1).scaleb(-type_.scale), context=_WIDE)
    if pa.types.is_boolean(type_):
        return text == "true"
    if pa.types.is_integer(type_):
        return int(text)
    if pa.types.is_floating(type_):
        return float(text)
    if pa.types.is_date(type_):
        return dt.date.fromisoformat(text)
    if pa.types.is_time(type_):
        return dt.time.fromisoformat(text)
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if type_.tz else dt.datetime.fromisoformat(text)


_WIDE = Context(prec=200)


@pytest.mark.parametrize(("native", "values"), BY_SERVER, ids=[native for native, _ in BY_SERVER])
def test_every_type_is_created_overwritten_and_restored_exactly(
    platform: PostgresPlatform, native: str, values: list[str]
) -> None:
    platform.run(f"CREATE TABLE given (n int PRIMARY KEY, v {native}); CREATE TABLE t (n int PRIMARY KEY, v {native});")
    bare = native.partition(" COLLATE")[0]
    with platform.connect() as connection:
        for number, value in enumerate(values):
            statement = f"INSERT INTO given VALUES ({number}, %s::{bare})"
            connection.execute(statement.encode(), (value,))
            connection.execute(b"INSERT INTO t SELECT n + 100, v FROM given WHERE n = %s", (number,))
    before, target = platform.dump(), platform.target()
    type_ = arrow_type(target.describe().table("t").column("v").type)
    created = [(number, as_staged(value, type_)) for number, value in enumerate(values)]
    swapped = [(100 + number, value) for number, (_, value) in enumerate(reversed(created))]
    loaded(target, Rows("t", ("n", "v"), ("n",), create=created, overwrite=swapped))
    exact = f'SELECT n, v::text COLLATE "C" FROM {"{}"} ORDER BY n'
    expected = platform.rows(exact.format("given"))
    assert platform.rows(exact.format("t WHERE n < 100")) == expected
    back = [(100 + number, value) for number, (_, value) in enumerate(reversed(expected))]
    assert platform.rows(exact.format("t WHERE n >= 100")) == back
    taken_back(target)
    assert platform.dump() == before


def test_what_only_the_server_can_hold_comes_back_when_it_was_overwritten(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE TABLE t (n int PRIMARY KEY, a date, b timestamptz, c timestamp, d numeric(12,2), e time, f interval,
            g price);
        INSERT INTO t VALUES (1, 'infinity', '-infinity', '294276-12-31', 'NaN', '24:00', '-1 year', 0.00);
        INSERT INTO t VALUES (2, '4713-01-01 BC', 'infinity', '4713-01-01 BC', -0.00, '00:00', '13 months', 5.10);
    """)
    there_and_back(
        platform,
        Rows(
            "t",
            ("n", "a", "b", "c", "d", "e", "f", "g"),
            ("n",),
            overwrite=[(number, None, None, None, None, None, None, Decimal("7.00")) for number in (1, 2)],
        ),
    )


def test_nothing_that_only_looks_the_same_passes_as_the_same(platform: PostgresPlatform) -> None:
    """The comparison inside the transaction: a trigger changes what equality would not see."""
    platform.run(
        """
        CREATE TABLE t (n int PRIMARY KEY, a numeric, b float8, c text COLLATE loose, d citext, e jsonb, f int[]);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
            IF new.n = 1 THEN new.a = 1.00; ELSIF new.n = 2 THEN new.b = '-0'; ELSIF new.n = 3 THEN new.c = 'X';
            ELSIF new.n = 4 THEN new.d = 'X'; ELSIF new.n = 5 THEN new.e = '1.0';
            ELSIF new.n = 6 THEN new.f = '[0:0]={1}'; END IF; RETURN new; END$$;
        CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    """.replace("{1}", "{{1}}")
    )
    target = platform.target()
    rows = [(number, "1.0", 0.0, "x", "x", "1", "{1}") for number in range(7)]
    story = Rows("t", ("n", "a", "b", "c", "d", "e", "f"), ("n",), create=rows)
    found: list[str] = []

    def inside(merge: Merge) -> None:
        found.extend(note.key["n"] for note in merge.compare(story.staged(target)))

    merged(target, story, commit=False, inside=inside)
    assert sorted(found) == ["1", "2", "3", "4", "5", "6"]


# ── keys that equality treats in its own way ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "native", ['text COLLATE "C"', "text COLLATE loose", 'varchar(20) COLLATE "en-x-icu"', "citext", "char(9)", "email"]
)
def test_keys_of_any_collation_match(platform: PostgresPlatform, native: str) -> None:
    platform.run(f"CREATE TABLE t (k {native} PRIMARY KEY, v int);")
    platform.run(f"CREATE TABLE child (k {native} REFERENCES t, n int PRIMARY KEY);")
    platform.insert("t", [("a@x", 1), ("b@x", 2), ("c@x", 3)])
    platform.insert("child", [("a@x", 1)])
    there_and_back(
        platform,
        Rows("t", ("k", "v"), ("k",), create=[("z@x", 9)], overwrite=[("a@x", 8)], keep=[("b@x", 0)]),
        Rows("child", ("k", "n"), ("n",), create=[("z@x", 2)], overwrite=[("z@x", 1)]),
    )


@pytest.mark.parametrize(
    ("native", "keys"),
    [
        ("numeric", ["1.0", "2.50", "3"]),
        ("timestamptz", [dt.datetime(2020, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]),
        ("bytea", [b"", b"\0", b"\xff"]),
        ("mood", ["sad", "so so", "happy"]),
        ("int4range", ["[1,2)", "empty", "(,)"]),
        ("int[]", ["{1}", "{}", "{NULL}"]),
        ("inet", ["10.0.0.1", "10.0.0.0/8", "::1"]),
        ("uuid", [f"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1{last}" for last in "123"]),
        ("float8", [-1.5, 0.1, float("inf")]),
        ("interval", ["1 day", "1 mon", "00:00:01"]),
    ],
)
def test_keys_of_any_type_match(platform: PostgresPlatform, native: str, keys: list[object]) -> None:
    platform.run(f"CREATE TABLE t (k {native} PRIMARY KEY, v int);")
    first, second, third = keys
    platform.insert("t", [(second, 1), (third, 2)])
    there_and_back(
        platform, Rows("t", ("k", "v"), ("k",), create=[(first, 9)], overwrite=[(second, 8)], keep=[(third, 0)])
    )


# ── values the target refuses ───────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("native", "value", "said"),
    [
        ("mood", "angry", "mood"),
        ("email", "nobody", "email"),
        ("varchar(3)", "four", "too long"),
        ("inet", "10.0.0.300", "inet"),
        ("smallint", 40_000, "40000"),
        ("real", 1e300, "beyond its range"),
        ("name", "é" * 32, "too long"),
        ("uuid", "none", "none"),
        ("int[]", "{1", "array"),
        ("text", "a\0b", "NUL"),
    ],
)
def test_a_value_that_does_not_fit_is_red_and_names_its_column(
    platform: PostgresPlatform, native: str, value: object, said: str
) -> None:
    platform.run(f"CREATE TABLE t (n int PRIMARY KEY, before text, v {native}, after inet);")
    before, rows = platform.dump(), [(1, "x", None, "::1"), (2, "x", value, "::1")]
    with pytest.raises(Red, match=said) as red:
        loaded(platform.target(), Rows("t", ("n", "before", "v", "after"), ("n",), create=rows))
    assert "t.v" in red.value.where
    assert platform.dump() == before


def test_a_row_to_keep_need_not_fit(platform: PostgresPlatform) -> None:
    """What is never written may break the target's constraints: a kept row's staged values are beside the point."""
    platform.run("CREATE TABLE t (n int PRIMARY KEY, v price, w email); INSERT INTO t VALUES (1, 5.00, 'a@x');")
    there_and_back(platform, Rows("t", ("n", "v", "w"), ("n",), keep=[(1, None, "none")]))


# ── defaults, generated columns ─────────────────────────────────────────────────────────────────────────────────
def test_what_the_mapping_leaves_out_is_the_server_s(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE TABLE t (n int PRIMARY KEY, name text NOT NULL, made timestamptz NOT NULL DEFAULT now(),
            loud text GENERATED ALWAYS AS (upper(name)) STORED UNIQUE, cost price, number serial);
        INSERT INTO t (n, name) VALUES (1, 'one');
    """)
    there_and_back(platform, Rows("t", ("n", "name"), ("n",), create=[(2, "two")], overwrite=[(1, "eins")]))
    loaded(platform.target(), Rows("t", ("n", "name"), ("n",), create=[(2, "two")], overwrite=[(1, "eins")]))
    assert platform.rows("SELECT loud, cost FROM t ORDER BY n") == [("EINS", Decimal("9.99")), ("TWO", Decimal("9.99"))]


def test_given_keys_go_into_generated_always(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, v int);
        INSERT INTO t (code, v) VALUES ('a', 1), ('b', 2), ('c', 3);
    """)
    there_and_back(
        platform,
        Rows("t", ("id", "code", "v"), ("id",), create=[(7, "z", 0)], overwrite=[(1, "A", 9)], keep=[(2, "b", 0)]),
    )


def test_a_match_by_another_key_leaves_generated_always_alone(platform: PostgresPlatform) -> None:
    platform.run("""
        CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, v int);
        INSERT INTO t (code, v) VALUES ('a', 1), ('b', 2);
    """)
    there_and_back(platform, Rows("t", ("code", "v"), ("code",), create=[("z", 0)], overwrite=[("a", 9)]))
    there_and_back(platform, Rows("t", ("id", "code", "v"), ("code",), create=[(9, "z", 0)], overwrite=[(1, "a", 9)]))
    there_and_back(platform, Rows("t", ("id", "code"), ("code",), overwrite=[(1, "a")]))
    before = platform.dump()
    with pytest.raises(Red, match="nobody overwrite them") as red:
        loaded(platform.target(), Rows("t", ("id", "code", "v"), ("code",), overwrite=[(77, "a", 9)]))
    assert red.value.where == "t.id"
    assert platform.dump() == before


# ── rows the transaction itself sees ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("whole", [False, True], ids=["by keys", "whole, in pieces"])
def test_the_transaction_reads_its_own_rows_as_everybody_will(
    platform: PostgresPlatform, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(splits, "SPLIT_BYTES", 1)
    columns = ", ".join(f"c{i} {native}" for i, (native, _) in enumerate(BY_SERVER))
    platform.run(f"CREATE TABLE t (n int PRIMARY KEY, {columns});")
    longest = max(len(values) for _, values in BY_SERVER)
    with platform.connect() as connection:
        for number in range(longest):
            values = [values[number % len(values)] for _, values in BY_SERVER]
            marks = ", ".join(f"%s::{native.partition(' COLLATE')[0]}" for native, _ in BY_SERVER)
            connection.execute(f"INSERT INTO t VALUES ({number}, {marks})".encode(), values)
    platform.run("CREATE TABLE other (n int PRIMARY KEY);")
    target, seen = platform.target(), []
    table = target.describe().table("t")
    predicate: Predicate = Whole() if whole else Among(columns=("n",), keys=integers(*range(longest)))

    def inside(merge: Merge) -> None:
        seen.extend(pa.Table.from_batches(merge.scan(table, predicate)).to_pylist())

    merged(target, Rows("other", ("n",), ("n",), create=[(1,)]), commit=False, inside=inside)
    with target.scan(table, predicate) as batches:
        later = pa.Table.from_batches(batches).to_pylist()
    seen.sort(key=itemgetter("n"))
    assert len(seen) == longest
    for one, other in zip(seen, sorted(later, key=itemgetter("n")), strict=True):
        differing = {name: (value, other[name]) for name, value in one.items() if repr(value) != repr(other[name])}
        assert differing == {}


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[PostgresPlatform]:
    url = postgres.database()
    platform = PostgresPlatform(url)
    platform.run("CREATE TABLE t (k text PRIMARY KEY, a float8, b bytea, c numeric, d timestamptz, e jsonb, f bigint);")
    yield platform
    postgres.drop(url)


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
ROW = st.tuples(
    words,
    st.none() | st.floats(),
    st.none() | st.binary(max_size=20),
    st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.none() | st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.UTC)),
    st.none() | st.just("[1.50]"),
    st.none() | st.integers(-(2**63), 2**63 - 1),
)


@given(rows=st.lists(ROW, max_size=8, unique_by=lambda row: row[0]), cut=st.integers(0, 8))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_are_loaded_overwritten_and_taken_back(
    shared: PostgresPlatform, rows: list[tuple[object, ...]], cut: int
) -> None:
    columns = ("k", "a", "b", "c", "d", "e", "f")
    target, empty = shared.target(), shared.dump()
    loaded(target, Rows("t", columns, ("k",), create=rows[:cut]), run="r1")
    between = shared.dump()["t"]
    changed = [(key[0], *values[1:]) for key, values in zip(rows[:cut], reversed(rows[:cut]), strict=True)]
    loaded(target, Rows("t", columns, ("k",), create=rows[cut:], overwrite=changed), run="r2")
    with target.scan(target.describe().table("t"), Among(columns=("k",), keys=texts(*(row[0] for row in rows)))) as got:
        assert sum(batch.num_rows for batch in got) == len(rows)
    taken_back(target, "r2")
    assert shared.dump()["t"] == between
    taken_back(target, "r1")
    assert shared.dump() == empty
