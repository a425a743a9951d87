"""MariaDB as a source: every value exact or refused, equality the server's own, one point in time, least rights."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator.contracts import Among, AnyOf, Matching, Reading, ReadLimits, Whole
from migrator.platforms.mysql import conditions
from migrator.platforms.mysql.address import address_of
from migrator.platforms.mysql.source import MysqlSource
from storage.errors import Fault, Misuse, Recast, Red, TransientFault
from storage.schema import Column, Fidelity, Kind, Type, UniqueKey
from storage.types import Variant
from tests.conformance.platforms import INTEGER, TEXT, VARIANT, KeyList, integers, texts
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.sources import selected
from tests.servers.mariadb import Mariadb


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    return MysqlPlatform(mariadb_url)


@contextmanager
def lenient(platform: MysqlPlatform) -> Iterator[Any]:
    """A session as old applications have it: dates that are none are taken."""
    with closing(platform.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES', time_zone = '+00:00'")
        yield cursor


def settled(reading: Reading, name: str) -> tuple[dict[str, Column], list[dict[str, Any]]]:
    """The table's columns by its census, and its rows."""
    table, _ = reading.census(reading.schema.table(name), Whole())
    rows = [row for batch in reading.scan(table, Whole()) for row in batch.to_pylist()]
    return {column.name: column for column in table.columns}, rows


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────
_EDGES: list[tuple[str, Kind, list[tuple[str, object]]]] = [
    ("TINYINT(1)", Kind.INTEGER, [("-128", -128), ("127", 127), ("2", 2)]),
    ("BIGINT", Kind.INTEGER, [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)]),
    ("BIGINT UNSIGNED", Kind.INTEGER, [("9223372036854775807", 2**63 - 1), ("0", 0)]),
    ("BIGINT UNSIGNED", Kind.DECIMAL, [("18446744073709551615", Decimal(2**64 - 1)), ("1", Decimal(1))]),
    ("INT(8) ZEROFILL", Kind.INTEGER, [("42", 42)]),
    ("DECIMAL(65,30)", Kind.DECIMAL, [("-" + "9" * 35 + "." + "9" * 30, Decimal("-" + "9" * 35 + "." + "9" * 30))]),
    ("DECIMAL(5,2)", Kind.DECIMAL, [("-0.01", Decimal("-0.01")), ("999.99", Decimal("999.99"))]),
    ("FLOAT", Kind.FLOAT, [("0.1", 0.10000000149011612), ("16777217", 16777216.0), ("-1e-38", -9.999999350456404e-39)]),
    ("DOUBLE", Kind.FLOAT, [("0.1e0", 0.1), ("5e-324", 5e-324), ("1.7976931348623157e308", 1.7976931348623157e308)]),
    ("BIT(1)", Kind.INTEGER, [("b'1'", 1), ("b'0'", 0)]),
    ("BIT(63)", Kind.INTEGER, [(f"b'{'1' * 63}'", 2**63 - 1)]),
    ("BIT(64)", Kind.DECIMAL, [(f"b'{'1' * 64}'", Decimal(2**64 - 1))]),
    ("YEAR", Kind.INTEGER, [("2155", 2155), ("'0000'", 0)]),
    ("CHAR(4)", Kind.TEXT, [("'a '", "a"), ("''", ""), ("'😀é'", "😀é")]),
    ("VARCHAR(9)", Kind.TEXT, [("'a  '", "a  "), ("'\\N'", "\\N"), ("'it''s'", "it's")]),
    ("VARCHAR(9) CHARACTER SET latin1", Kind.TEXT, [("'é€ÿ'", "é€ÿ")]),
    ("VARCHAR(9) CHARACTER SET utf16", Kind.TEXT, [("'é😀'", "é😀")]),
    ("ENUM('a','it''s','x,y')", Kind.TEXT, [("'x,y'", "x,y"), ("'it''s'", "it's")]),
    ("SET('a','b')", Kind.TEXT, [("'b,a'", "a,b"), ("''", "")]),
    ("BINARY(3)", Kind.BINARY, [("X'00'", b"\0\0\0"), ("X'ff0a5c'", b"\xff\n\\")]),
    ("VARBINARY(3)", Kind.BINARY, [("X''", b""), ("X'00ff'", b"\0\xff")]),
    ("LONGBLOB", Kind.BINARY, [("X'fffe00'", b"\xff\xfe\0")]),
    ("DATE", Kind.DATE, [("'0001-01-01'", dt.date.min), ("'9999-12-31'", dt.date.max)]),
    ("DATE", Kind.LITERAL, [("'0000-00-00'", "0000-00-00"), ("'2024-02-00'", "2024-02-00"), ("'2024-02-31'",) * 2]),
    ("DATETIME(6)", Kind.TIMESTAMP, [("'9999-12-31 23:59:59.999999'", dt.datetime.max)]),
    ("DATETIME", Kind.LITERAL, [("'0000-00-00 00:00:00'", "0000-00-00 00:00:00")]),
    (
        "TIMESTAMP(3)",
        Kind.TIMESTAMPTZ,
        [("'2024-03-31 01:30:00.125'", dt.datetime(2024, 3, 31, 1, 30, 0, 125000, dt.UTC))],
    ),
    ("TIMESTAMP", Kind.LITERAL, [("0", "0000-00-00 00:00:00")]),
    ("TIME(6)", Kind.TIME, [("'23:59:59.999999'", dt.time.max), ("'00:00:00'", dt.time.min)]),
    ("TIME", Kind.LITERAL, [("'838:59:59'", "838:59:59"), ("'-00:00:01'", "-00:00:01"), ("'24:00:00'", "24:00:00")]),
    ("JSON", Kind.JSON, [("""'{"b": 1,  "a": 1, "a": 2}'""", '{"b": 1,  "a": 1, "a": 2}')]),
    ("UUID", Kind.UUID, [("'6CCD780C-BABA-1026-9564-5B8C656024DB'", "6ccd780c-baba-1026-9564-5b8c656024db")]),
    ("INET6", Kind.LITERAL, [("'::1'", "::1")]),
    ("POINT", Kind.BINARY, [("POINT(1, 2)", bytes.fromhex("000000000101000000000000000000f03f0000000000000040"))]),
]


@pytest.mark.parametrize(("native", "kind", "values"), _EDGES, ids=[f"{native}-{kind}" for native, kind, _ in _EDGES])
def test_every_type_comes_out_exact_at_its_edges(
    platform: MysqlPlatform, native: str, kind: Kind, values: list[tuple[str, object]]
) -> None:
    with lenient(platform) as cursor:
        cursor.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {native} NULL)")
        for i, (written, _) in enumerate(values):
            cursor.execute(f"INSERT INTO t VALUES ({i}, {written})")
        cursor.execute("INSERT INTO t VALUES (99, NULL)")
    with platform.source().fence() as reading:
        columns, rows = settled(reading, "t")
        (_, census) = reading.census(reading.schema.table("t"), Whole())[1]
    assert columns["v"].type.kind is kind
    expected = [value.strip("'") if value == written else value for written, value in values]  # type: ignore[union-attr]
    assert [row["v"] for row in rows] == [*expected, None]
    assert census.nulls == 1
    assert columns["v"].fidelity is (Fidelity.TEXT if kind is Kind.LITERAL else Fidelity.EXACT)


@pytest.mark.parametrize(
    ("native", "written", "kind"),
    [
        ("DATE", "'0000-00-00'", Kind.LITERAL),
        ("TIME", "'-1:00:00'", Kind.LITERAL),
        ("BIGINT UNSIGNED", "18446744073709551615", Kind.DECIMAL),
        ("TEXT", "CONCAT('a', CHAR(0))", Kind.VARIANT),
    ],
)
def test_a_value_its_declaration_does_not_hold_asks_for_another_type(
    platform: MysqlPlatform, native: str, written: str, kind: Kind
) -> None:
    with lenient(platform) as cursor:
        cursor.execute(f"CREATE TABLE t (id INT PRIMARY KEY, v {native})")
        cursor.execute(f"INSERT INTO t VALUES (1, {written})")
    with platform.source().fence() as reading:
        with pytest.raises(Recast) as recast:
            selected(reading, "t", Whole())
        assert recast.value.column.type.kind is kind
        assert reading.count(reading.schema.table("t"), Whole()) == 1  # the reading goes on after a refusal


def test_text_with_nul_is_tagged_and_found_again(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO t VALUES (1, CONCAT('é', CHAR(0)));")
    cell = Variant.encode_text("é\0".encode())
    with platform.source().fence() as reading:
        with pytest.raises(Recast) as recast:
            selected(reading, "t", Whole())
        table = reading.schema.table("t")
        table = type(table)(name="t", columns=(table.columns[0], recast.value.column), primary_key=("id",))
        (batch,) = reading.scan(table, Among(columns=("v",), keys=KeyList((VARIANT,), [(cell,)])))
        assert batch.to_pylist() == [{"id": 1, "v": cell}]


def test_text_the_server_could_not_give_back_comes_as_its_bytes(platform: MysqlPlatform) -> None:
    with lenient(platform) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9) CHARACTER SET cp1250)")
        cursor.execute("INSERT INTO t VALUES (1, CAST(X'81' AS CHAR CHARACTER SET cp1250)), (2, 'ž')")
        cursor.execute("SELECT HEX(v) FROM t")
        stored = [bytes.fromhex(row[0]) for row in cursor.fetchall()]
    with platform.source().fence() as reading:
        columns, rows = settled(reading, "t")
    kept = columns["v"].type.kind
    assert [row["v"] for row in rows] == (stored if kept is Kind.BINARY else [s.decode("cp1250") for s in stored])


_VALUES = st.fixed_dictionaries(
    {
        "i": st.integers(-(2**63), 2**63 - 1),
        "d": st.floats(allow_nan=False, allow_infinity=False),
        "f": st.floats(width=32, allow_nan=False, allow_infinity=False),
        "t": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
        "b": st.binary(max_size=8),
        "n": st.decimals(-(10**12), 10**12, places=4),
        "m": st.datetimes(dt.datetime(1000, 1, 1)),
    }
)


@given(st.lists(st.one_of(st.none(), _VALUES), max_size=20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back_as_they_were_written(platform: MysqlPlatform, values: list[dict[str, Any] | None]) -> None:
    platform.run(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (id INT PRIMARY KEY, i BIGINT, d DOUBLE, f FLOAT, t LONGTEXT,"
        " b LONGBLOB, n DECIMAL(20,4), m DATETIME(6));"
    )
    rows = [dict.fromkeys("idftbnm") if value is None else value for value in values]
    platform.insert("t", [(i, *(_written(row[name]) for name in "idftbnm")) for i, row in enumerate(rows)])
    with platform.source().fence() as reading:
        found = [dict(zip("idftbnm", row[1:], strict=True)) for row in selected(reading, "t", Whole())]
    assert found == rows


def _written(value: Any) -> Any:
    """A float with all its digits: the client would write fifteen."""
    return repr(value) if isinstance(value, float) else value


# ── which rows ──────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def small_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three keys, or a few hundred bytes, are a statement's worth."""
    monkeypatch.setattr(conditions, "MOST_KEYS", 3)
    monkeypatch.setattr(conditions, "MOST_BYTES", 60)


@pytest.mark.usefixtures("small_statements")
def test_keys_that_the_collation_calls_one_select_a_row_once(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(9) COLLATE utf8mb4_general_ci);")
    platform.insert("t", [(1, "FR"), (2, "fr "), (3, "de"), (4, "Été"), (5, "x")])
    wanted = Among(columns=("code",), keys=texts("DE", "ETE", "FR", "a", "b", "c", "fR", "fr"))
    with platform.source().fence() as reading:
        assert sorted(row[0] for row in selected(reading, "t", wanted)) == [1, 2, 3, 4]  # type: ignore[type-var]
        assert reading.count(reading.schema.table("t"), wanted) == 4
        (_, census) = reading.census(reading.schema.table("t"), wanted)[1]
        assert census.nulls == 0


@pytest.mark.usefixtures("small_statements")
@pytest.mark.parametrize("keys", [("0a", "0b", "1c", "2d", "3e"), ("0A", "0B", "0a", "0b", "1C", "2D", "3E")])
def test_ids_of_one_case_or_of_two_select_a_row_once(platform: MysqlPlatform, keys: tuple[str, ...]) -> None:
    platform.run("CREATE TABLE t (id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY);")
    platform.insert("t", [("0A",), ("0b",), ("1c",), ("2d",), ("9f",)])
    with platform.source().fence() as reading:
        rows = selected(reading, "t", Among(columns=("id",), keys=texts(*keys)))
    assert rows == [("0A",), ("0b",), ("1c",), ("2d",)]


@pytest.mark.usefixtures("small_statements")
def test_rows_without_a_key_that_several_statements_reach_come_once_each(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (a INT, b VARCHAR(9));")
    rows = [(number % 7, f"name {number % 5}") for number in range(100)] + [(None, "name 0"), (None, None)]
    platform.insert("t", rows)
    wanted = AnyOf(
        among=(
            Among(columns=("a",), keys=integers(0, 1, 2, 3, 4)),
            Among(columns=("b",), keys=texts("NAME 0", "name 0", "name 1", "name 2")),
            Matching(columns=("b",), values=(None,)),
        )
    )
    expected = [row for row in rows if row[0] in range(5) or row[1] in ("name 0", "name 1", "name 2", None)]
    with platform.source().fence() as reading:
        found = selected(reading, "t", wanted)
        assert reading.count(reading.schema.table("t"), wanted) == len(expected)
        assert sorted(map(repr, found)) == sorted(map(repr, expected))
        distinct = selected(reading, "t", wanted, distinct=True)
        assert sorted(map(repr, distinct)) == sorted(map(repr, set(expected)))
        (nulls, _) = (column.nulls for column in reading.census(reading.schema.table("t"), wanted)[1])
        assert nulls == 2


@pytest.mark.parametrize(("second", "type_"), [("BIGINT", INTEGER), ("VARCHAR(30) COLLATE utf8mb4_general_ci", TEXT)])
def test_keys_of_several_columns_select_their_rows_by_the_thousand(
    platform: MysqlPlatform, second: str, type_: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "MOST_KEYS", 1_500)
    platform.run(f"CREATE TABLE t (a INT, b {second}, c INT, PRIMARY KEY (a, b));")
    rows = [(a, 2**63 - 1 - a if a % 5 == 0 else -a, a % 3) for a in range(5_000)]
    platform.insert("t", rows)
    keys = [(a, b if type_ is INTEGER else str(b)) for a, b, _ in rows[::2]]
    wanted = Among(columns=("a", "b"), keys=KeyList((INTEGER, type_), keys))
    either = AnyOf(among=(wanted, Among(columns=("a",), keys=integers(1, 2)), Matching(columns=("c",), values=(0,))))
    with platform.source().fence() as reading:
        table = reading.schema.table("t")
        assert [row[0] for row in selected(reading, "t", wanted)] == [a for a, *_ in rows[::2]]
        assert reading.count(table, wanted) == len(keys)
        assert reading.count(table, either) == sum(a % 2 == 0 or a in (1, 2) or c == 0 for a, _, c in rows)


@pytest.mark.parametrize(
    ("child", "parent", "keys", "ids"),
    [
        ("VARCHAR(9)", Column(name="p", type=INTEGER, native="int(11)"), integers(42, 7), [1, 2]),
        (
            "INT",
            Column(name="p", type=TEXT, native="varchar(9)", collation="utf8mb4_general_ci"),
            texts("42", "x"),
            [1],
        ),
        ("BIGINT UNSIGNED", Column(name="p", type=INTEGER, native="int(11)"), integers(42), [1]),
        (
            "VARCHAR(9) COLLATE utf8mb4_bin",
            Column(name="p", type=TEXT, native="varchar(9)", collation="utf8mb4_general_ci"),
            texts("ABC"),
            [4],
        ),
        (
            "VARCHAR(9) COLLATE utf8mb4_general_ci",
            Column(name="p", type=TEXT, native="varchar(9)", collation="utf8mb4_bin"),
            texts("ABC", "42"),
            [1],
        ),
    ],
)
def test_a_reference_compares_as_its_parent_does(
    platform: MysqlPlatform, child: str, parent: Column, keys: KeyList, ids: list[int]
) -> None:
    platform.run(f"CREATE TABLE t (id INT PRIMARY KEY, c {child});")
    values = ["42", "7", "042", "abc", "42abc", None] if "VARCHAR" in child else [42, 8, 420, 9, 10, None]
    platform.insert("t", enumerate(values, 1))
    with platform.source().fence() as reading:
        wanted = Among(columns=("c",), keys=keys, of=(parent,))
        assert [row[0] for row in selected(reading, "t", wanted)] == ids
        assert reading.count(reading.schema.table("t"), wanted) == len(ids)


@pytest.mark.parametrize(
    ("column", "value", "ids"),
    [
        ("n", "42", [1]),
        ("n", 42, [1]),
        ("n", True, [2]),
        ("n", "none", []),  # the server itself would make 0 of it, and 42 of the next
        ("n", "42abc", []),
        ("s", 42, [1]),
        ("d", "2024-01-02", [1]),
        ("d", "yesterday", []),
        ("s", "it's \\ \" % 😀", [3]),
        ("l", "😀", []),
        ("l", "é", [1]),
    ],
)
def test_a_value_is_compared_as_what_it_says(
    platform: MysqlPlatform, column: str, value: str | int, ids: list[int]
) -> None:
    with lenient(platform) as cursor:
        cursor.execute(
            "CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(30), d DATE, l CHAR(9) CHARACTER SET latin1)"
        )
        cursor.execute("INSERT INTO t VALUES (1, 42, '42', '2024-01-02', 'é'), (2, 1, '42abc', NULL, 'a')")
        cursor.execute("INSERT INTO t VALUES (3, 0, %s, '0000-00-00', '')", ("it's \\ \" % 😀",))
    with platform.source().fence() as reading:
        found = selected(reading, "t", Matching(columns=(column,), values=(value,)), columns=["id"])
        among = selected(
            reading,
            "t",
            Among(columns=(column,), keys=texts(str(int(value) if value is True else value))),
            columns=["id"],
        )
    assert [row[0] for row in found] == [row[0] for row in among] == ids


def test_a_date_of_zeros_is_no_null(platform: MysqlPlatform) -> None:
    with lenient(platform) as cursor:
        cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, d DATE NOT NULL, e DATETIME, ts DATETIME(3) NOT NULL)")
        cursor.execute("INSERT INTO t VALUES (1, '0000-00-00', NULL, '0000-00-00'), (2, '2024-01-02', '0000-00-00', 0)")
    with platform.source().fence() as reading:
        for column, ids in (("d", []), ("e", [1]), ("ts", [])):
            empty = Matching(columns=(column,), values=(None,))
            assert [row[0] for row in selected(reading, "t", empty, columns=["id"])] == ids
            assert reading.count(reading.schema.table("t"), empty) == len(ids)


def test_pages_of_a_composite_key_lose_no_row(platform: MysqlPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrator.platforms.mysql import rows

    monkeypatch.setattr(rows, "PAGE_ROWS", 7)
    platform.run(
        "CREATE TABLE t (a VARCHAR(9), b VARBINARY(4), c DECIMAL(9,2), PRIMARY KEY (a, b, c));"
        "CREATE TABLE e (k ENUM('z','a') PRIMARY KEY); INSERT INTO e VALUES ('a'), ('z');"
    )
    keys = [
        (a, bytes([b]), Decimal(c) / 4) for a in ("a", "B", "é 'x'", "") for b in (0, 39, 255) for c in range(-4, 5)
    ]
    platform.insert("t", keys)
    with platform.source().fence() as reading:
        assert sorted(selected(reading, "t", Whole()), key=repr) == sorted(keys, key=repr)
        assert selected(reading, "e", Whole()) == [("z",), ("a",)]


# ── what is declared ────────────────────────────────────────────────────────────────────────────────────────
def test_declarations_a_copy_must_not_lose(platform: MysqlPlatform) -> None:
    platform.run(
        'CREATE TABLE "Parent" ("Id" INT AUTO_INCREMENT PRIMARY KEY, code VARCHAR(9), long_text TEXT,'
        " UNIQUE KEY codes (code), UNIQUE KEY starts (long_text(4))) COMMENT 'it''s one';"
        "CREATE TABLE child (id INT PRIMARY KEY, c VARCHAR(9), hidden INT INVISIBLE DEFAULT 3,"
        " total INT AS (hidden * 2) VIRTUAL, size ENUM('s','it''s'), doc JSON,"
        ' CONSTRAINT "by code" FOREIGN KEY (c) REFERENCES "Parent" (code) ON DELETE SET NULL ON UPDATE CASCADE);'
        "CREATE TABLE kept (a INT) WITH SYSTEM VERSIONING; CREATE SEQUENCE s;"
        "CREATE TABLE migrator_x (a INT); CREATE TABLE migrator_loads (a INT);"
        "CREATE VIEW v AS SELECT 1; CREATE TRIGGER told BEFORE INSERT ON child FOR EACH ROW SET NEW.c = NEW.c;"
    )
    schema = platform.source().describe()
    assert schema.platform == "mysql" and "MariaDB" in schema.version
    assert schema.table_names == ("Parent", "child", "kept", "migrator_x")
    parent, child = schema.table("Parent"), schema.table("child")
    assert parent.column("Id").identity and parent.comment == "it's one"
    assert parent.unique == (UniqueKey(name="codes", columns=("code",)),)
    (key,) = child.foreign_keys
    assert (key.name, key.parent, key.parent_columns) == ("by code", "Parent", ("code",))
    assert (key.on_delete, key.on_update) == ("SET NULL", "CASCADE")
    assert child.column("hidden").default == "3" and child.column("total").generated
    assert child.column("size").choices == ("s", "it's")
    assert child.column("doc").type == Type(kind=Kind.JSON)
    assert child.triggers == ("told",)
    assert child.ddl and "by code" in child.ddl


# ── one point in time ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("readers", [1, 3])
def test_writers_break_no_invariant(mariadb: Mariadb, platform: MysqlPlatform, readers: int) -> None:
    """Money moves between rows all the time and is never lost, whichever reader looks, while scans are interleaved."""
    platform.run("CREATE TABLE a (id INT PRIMARY KEY, n INT); CREATE TABLE b (id INT PRIMARY KEY, n INT);")
    for name in ("a", "b"):
        platform.insert(name, [(number, 100) for number in range(2_000)])
    mariadb.grant(platform.url, "RELOAD")
    source = MysqlSource(platform.url, ReadLimits(max_connections=readers, allow_brief_lock=True))
    stop = threading.Event()

    def write(number: int) -> None:
        with closing(platform.connect()) as connection, connection.cursor() as cursor:
            while not stop.is_set():
                connection.begin()
                cursor.execute("UPDATE a SET n = n - 1 WHERE id = %s", (number,))
                cursor.execute("UPDATE b SET n = n + 1 WHERE id = %s", (number + 1,))
                connection.commit()
                number = (number + 97) % 1_999

    writers = [threading.Thread(target=write, args=(number,)) for number in (0, 700, 1_400)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(5):
            with source.fence() as reading:
                assert reading.fence.readers == readers
                assert reading.fence.position and ":" in reading.fence.position
                streams = [reading.scan(reading.schema.table(name), Whole()) for name in ("a", "b", "a", "b")]
                rows = [row for stream in streams for row in next(stream).to_pylist()]
                rows += [row for stream in streams for batch in stream for row in batch.to_pylist()]
                assert sum(row["n"] for row in rows) == 2 * 2 * 2_000 * 100
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def test_several_readers_need_the_lock_the_plan_allows(platform: MysqlPlatform) -> None:
    with MysqlSource(platform.url, ReadLimits(max_connections=3)).fence() as reading:
        assert reading.fence.readers == 1
    with (
        pytest.raises(Fault, match="RELOAD"),
        MysqlSource(platform.url, ReadLimits(max_connections=3, allow_brief_lock=True)).fence(),
    ):
        pass


def test_a_table_altered_since_the_fence_is_told(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);")
    with platform.source().fence() as reading:
        platform.run("ALTER TABLE t ADD COLUMN more INT, FORCE;")
        with pytest.raises(Fault, match="changed"):
            selected(reading, "t", Whole())


def test_a_table_without_transactions_is_red_when_it_is_read(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE old (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE t (id INT PRIMARY KEY);")
    with platform.source().fence() as reading:
        assert selected(reading, "t", Whole()) == []
        with pytest.raises(Red, match="MyISAM") as refused:
            selected(reading, "old", Whole())
    assert "InnoDB" in refused.value.next
    (finding,) = [one for one in platform.source().examine().findings if one.verdict == "red"]
    assert (finding.what, finding.where) == ("engine", "old")


def test_a_statement_that_takes_too_long_is_given_up(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY);")
    source = MysqlSource(platform.url, ReadLimits(statement_timeout_s=1))
    with source.fence() as reading, closing(platform.connect()) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLES t WRITE")
        with pytest.raises(Fault, match="longer"):
            selected(reading, "t", Whole())


# ── rights and addresses ────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def reader_url(mariadb: Mariadb, platform: MysqlPlatform) -> Iterator[str]:
    """A user who may SELECT, and nothing else."""
    platform.run(
        "CREATE TABLE p (id INT PRIMARY KEY);"
        "CREATE TABLE c (id INT PRIMARY KEY, p INT REFERENCES p (id) ON DELETE CASCADE);"
        "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1);"
    )
    database = address_of(platform.url).database
    mariadb.admin(
        "CREATE USER only_reads@'127.0.0.1' IDENTIFIED BY 'se:cr/et@'",
        f"GRANT SELECT ON `{database}`.* TO only_reads@'127.0.0.1'",
    )
    yield mariadb.url("only_reads", database, "se:cr/et@")
    mariadb.admin("DROP USER only_reads@'127.0.0.1'")


def test_select_alone_is_enough_and_sees_every_key(reader_url: str) -> None:
    source = MysqlSource(reader_url)
    (key,) = source.describe().table("c").foreign_keys
    assert (key.parent, key.on_delete) == ("p", "CASCADE")
    with source.fence() as reading:
        assert selected(reading, "c", Among(columns=("p",), keys=integers(1))) == [(1, 1)]
    examination = source.examine()
    assert [one.what for one in examination.findings if one.verdict != "ok"] == []
    assert [size.table for size in examination.sizes] == ["c", "p"]
    assert examination.clock and examination.clock.endswith("Z")
    assert examination.grants.startswith("GRANT SELECT ON")


def test_what_is_granted_table_by_table_may_hide_others(
    mariadb: Mariadb, platform: MysqlPlatform, reader_url: str
) -> None:
    database = address_of(platform.url).database
    mariadb.admin(
        f"REVOKE SELECT ON `{database}`.* FROM only_reads@'127.0.0.1'",
        f"GRANT SELECT ON `{database}`.c TO only_reads@'127.0.0.1'",
    )
    source = MysqlSource(reader_url)
    assert source.describe().table_names == ("c",)  # nothing says that there is another one
    with pytest.raises(Fault, match="hides") as refused, source.fence():
        pass
    pattern = database.replace("_", "\\_")
    assert f"GRANT SELECT ON `{pattern}`.* TO 'only_reads'@'127.0.0.1';" in refused.value.next
    assert ("grants", "red") in [(one.what, one.verdict) for one in source.examine().findings]


def test_a_view_is_as_still_as_the_tables_it_shows(mariadb: Mariadb, platform: MysqlPlatform, reader_url: str) -> None:
    platform.run(
        "CREATE TABLE old (id INT PRIMARY KEY) ENGINE = MyISAM; INSERT INTO old VALUES (1);"
        "CREATE TABLE still (id INT PRIMARY KEY); INSERT INTO still VALUES (2);"
        'CREATE VIEW shows_still AS SELECT id FROM still; CREATE VIEW shows_old AS SELECT id AS "Old" FROM old;'
        "CREATE VIEW shows_view AS SELECT s.id FROM shows_old o JOIN shows_still s;"
    )
    with platform.source().fence() as reading:
        views = {view.name: view for view in reading.schema.views}
        assert [row for batch in reading.scan(views["shows_still"], Whole()) for row in batch.to_pylist()] == [
            {"id": 2}
        ]
        for name in ("shows_old", "shows_view"):
            with pytest.raises(Red, match="MyISAM of old knows no transactions") as refused:
                list(reading.scan(views[name], Whole()))
            assert refused.value.where == name
            assert refused.value.next == "ALTER TABLE `old` ENGINE = InnoDB"  # any session of a person's takes that
    with MysqlSource(reader_url).fence() as reading, pytest.raises(Red, match="no transactions"):
        list(reading.scan(reading.schema.views[1], Whole()))  # who sees no view's text cannot tell what it shows
    platform.run("ALTER TABLE old ENGINE = InnoDB;")
    with MysqlSource(reader_url).fence() as reading:
        assert reading.schema.views[1].name == "shows_still"
        assert reading.count(reading.schema.views[1], Whole()) == 1
        assert sum(batch.num_rows for batch in reading.scan(reading.schema.views[1], Whole())) == 1


def test_nothing_is_written_with_a_source(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY);")
    with platform.source().fence() as reading, pytest.raises(Fault, match="READ ONLY"):
        reading._readers[0].row("INSERT INTO t VALUES (1)")  # type: ignore[attr-defined]


def test_an_address_that_leads_nowhere_says_why_without_the_password(mariadb: Mariadb, platform: MysqlPlatform) -> None:
    database = address_of(platform.url).database
    secret = "se:cr/e#t?@"  # noqa: S105
    wrong = [
        (mariadb.url(database, database, secret), Misuse, "password"),
        (f"mysql://{database}:{secret}@127.0.0.1:{mariadb.port}/{database}", Misuse, "password"),
        (f"mysql://u:{secret}@host.invalid/d", Misuse, "host"),
        (f"mysql://u:{secret}@127.0.0.1:1/d", Fault, "answer"),
        (f"mysql://u:{secret}@127.0.0.1/d?ssl=yes", Misuse, "option"),
        (f"mysql://u:{secret}@127.0.0.1", Misuse, "address"),
    ]
    for url, error, word in wrong:
        with pytest.raises(error, match=word) as refused:
            MysqlSource(url).describe()
        assert refused.value.where and refused.value.next
        assert secret not in str(refused.value) and "cr/e#t" not in repr(refused.value)
    assert secret not in repr(address_of(wrong[1][0]))


def test_a_connection_lost_in_the_middle_of_a_scan_is_said_to_be_lost(
    mariadb: Mariadb, platform: MysqlPlatform
) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(1000));")
    platform.run("INSERT INTO t SELECT seq, repeat('v', 1000) FROM seq_1_to_60000;")  # more than the wire holds
    with platform.source().fence() as reading:
        batches = reading.scan(reading.schema.table("t"), Whole())
        next(batches)
        mariadb.admin(f"KILL {reading.fence.token.split()[1]}")
        with pytest.raises(TransientFault, match="connection to the server was lost") as fault:
            list(batches)
        assert "repeat" in fault.value.next
        with pytest.raises(TransientFault, match="connection to the server was lost"):
            reading.count(reading.schema.table("t"), Whole())
