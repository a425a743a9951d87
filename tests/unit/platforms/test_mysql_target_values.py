"""MariaDB as a target: every value arrives as it is and goes back as it was; what does not fit is red."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import Fault, Red
from storage.schema import Kind, Type
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import Rows, merged
from tests.servers.mariadb import Mariadb
from tests.support_mysql_target import Typed, goes_and_comes_back, lenient

LITERAL, UNSIGNED = Type(kind=Kind.LITERAL), Type(kind=Kind.DECIMAL, precision=20, scale=0)


@pytest.fixture
def platform(mariadb_url: str) -> MysqlPlatform:
    return MysqlPlatform(mariadb_url)


@pytest.fixture(params=["lines", "inserts"])
def way(request: pytest.FixtureRequest, mariadb: Mariadb) -> Iterator[str]:
    """How rows are staged: LOAD DATA, or INSERT where the server allows no files."""
    mariadb.admin(f"SET GLOBAL local_infile = {int(request.param == 'lines')}")
    yield request.param
    mariadb.admin("SET GLOBAL local_infile = 1")


def staged_and_read(platform: MysqlPlatform, rows: Rows) -> list[Any]:
    """The values of column `v` as staging holds them, by id."""
    target = platform.target()
    with target.staging("r1") as staging:
        staging.stage(rows.staged(target), [rows.batch(target)])
        found = [row for batch in staging.scan(rows.staged(target)) for row in batch.to_pylist()]
    return [row["v"] for row in sorted(found, key=lambda row: row["id"])]


POINT = bytes.fromhex("000000000101000000000000000000f03f0000000000000040")
# MariaDB keeps no -0.0: it makes 0 of one however it is given
VALUES: list[tuple[str, Type | None, list[Any]]] = [
    ("LONGTEXT", None, ["", " ", "NULL", "\\N", "\\", "'", '"', '""', "a\r\nb", "\r", "\t", "\x1a", "😀", ","]),
    ("VARCHAR(9) CHARACTER SET latin1", None, ["é", "É", "e", "€", "ÿ", ""]),
    ("VARCHAR(9) COLLATE utf8mb4_general_ci", None, ["é", "E", "e", "e ", "e\u0301"]),
    ("CHAR(9) COLLATE utf8mb4_bin", None, ["é", " a", ""]),
    ("LONGBLOB", None, [b"", b"\0", b"NULL", b"\\N", b'"\r\n\'', bytes(range(256)), b"\x1a"]),
    ("BINARY(4)", None, [b"\0\0\0\0", b"a\0\0\0", b"\xff\xfe\xfd\xfc"]),
    ("VARBINARY(4)", None, [b"", b" ", b"\0\0"]),
    ("ENUM('1','0','é','it''s',',')", None, ["1", "0", "é", "it's", ","]),
    ("ENUM('a\\b','a\\\\b')", None, ["a\\b", "a\\\\b"]),
    ("SET('a','b','c d')", None, ["", "a", "a,c d", "a,b,c d"]),
    ("BIT(1)", None, [0, 1]),
    ("BIT(64)", None, [Decimal(2**64 - 1), Decimal(0), Decimal(2**63)]),
    ("TINYINT(1)", None, [-128, 127]),
    ("BIGINT", None, [-(2**63), 2**63 - 1]),
    ("BIGINT UNSIGNED", UNSIGNED, [Decimal(2**64 - 1), Decimal(0)]),
    ("YEAR", None, [0, 1901, 2000, 2155]),
    ("TIME(6)", None, [dt.time(0), dt.time(23, 59, 59, 999999)]),
    ("TIME(3)", LITERAL, ["838:59:59.000", "-838:59:59.000", "-00:00:00.001"]),
    ("DATE", None, [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    ("DATETIME(6)", None, [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999)]),
    ("TIMESTAMP(6)", None, [dt.datetime(1970, 1, 1, 0, 0, 1, 0, dt.UTC), dt.datetime(2038, 1, 9, 3, 14, 7, 9, dt.UTC)]),
    ("DECIMAL(65,30)", None, [Decimal("-" + "9" * 35 + "." + "9" * 30), Decimal("0." + "0" * 29 + "1"), Decimal(0)]),
    ("FLOAT", None, [0.10000000149011612, 16777216.0, 0.0, 3.4028234663852886e38, 1.401298464324817e-45]),
    ("DOUBLE", None, [0.1, 0.0, 5e-324, 1.7976931348623157e308, 1e15, 0.1 + 0.2]),
    ("JSON", None, ['{"b": 1, "a": [1.0, "\\u00e9"], "b": 2}', "null", '"\\""']),
    ("UUID", None, ["00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]),
    ("INET6", None, ["::", "2001:db8::1", "::ffff:1.2.3.4"]),
    ("POINT", None, [POINT]),
]  # fmt: skip


@pytest.mark.parametrize(("native", "type_", "values"), VALUES, ids=[native for native, _, _ in VALUES])
def test_every_value_arrives_and_goes(
    platform: MysqlPlatform, way: str, native: str, type_: Type | None, values: list[Any]
) -> None:
    platform.run(f"CREATE TABLE t (id INT PRIMARY KEY, v {native}); INSERT INTO t (id) VALUES (-1), (-2);")
    types = {"v": type_} if type_ else {}
    created = [*enumerate(values), (len(values), None)]
    create = Typed("t", ("id", "v"), ("id",), create=created, types=types)
    assert staged_and_read(platform, create) == [value for _, value in created]
    # loaded, then each overwritten by its neighbour, which may be equal to it for the server; then back
    merged(platform.target(), create, run="r0")
    turned = [(number, created[number - 1][1]) for number, _ in created]
    goes_and_comes_back(
        platform, Typed("t", ("id", "v"), ("id",), overwrite=turned, create=[(99, values[0])], types=types)
    )
    platform.target().undo("r0")
    assert platform.rows("SELECT count(*) FROM t WHERE v IS NOT NULL") == [(0,)]


def test_rows_without_a_key_hold_any_value(platform: MysqlPlatform) -> None:
    columns = {f"c{number}": case for number, case in enumerate(VALUES)}
    platform.run(f"CREATE TABLE t ({', '.join(f'{name} {case[0]}' for name, case in columns.items())});")
    types = {name: case[1] for name, case in columns.items() if case[1]}
    rows = [tuple(case[2][number % len(case[2])] for case in VALUES) for number in range(20)]
    rows += [tuple(None for _ in VALUES), rows[0], rows[1]]
    merged(platform.target(), Typed("t", tuple(columns), (), create=rows[:5], types=types), run="r0")
    goes_and_comes_back(platform, Typed("t", tuple(columns), (), create=rows, types=types))


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(TEXT | st.none(), st.binary(max_size=40) | st.none()), max_size=30))
def test_any_text_and_any_bytes(platform: MysqlPlatform, way: str, rows: list[tuple[str | None, bytes | None]]) -> None:
    platform.run("CREATE TABLE IF NOT EXISTS t (id INT PRIMARY KEY, v LONGTEXT, b LONGBLOB);")
    given_rows = [(number, *row) for number, row in enumerate(rows)]
    merged(platform.target(), Rows("t", ("id", "v", "b"), ("id",), create=given_rows))
    assert platform.rows("SELECT * FROM t ORDER BY id") == given_rows
    platform.target().undo("r1")


# ── what stood there ────────────────────────────────────────────────────────────────────────────────────────
OLD = [
    ("DATE NOT NULL", "'0000-00-00'", dt.date(2020, 1, 1)),
    ("DATE", "'2024-02-00'", None),
    ("DATE", "'2023-02-31'", dt.date(2023, 2, 28)),
    ("DATETIME(6)", "'0000-00-00 00:00:00.000000'", dt.datetime(2020, 1, 1)),
    ("TIMESTAMP NOT NULL DEFAULT 0", "0", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    ("TIME(6)", "'-838:59:59.999999'", dt.time(1)),
    ("YEAR", "'0000'", 2020),
    ("ENUM('a','b') NOT NULL", "'not one of them'", "a"),
    ("BIGINT UNSIGNED", "18446744073709551615", 1),
    ("DOUBLE", "-0e0", 0.0),
    ("FLOAT", "1.17549435e-38", 0.5),
    ("VARCHAR(9) CHARACTER SET latin1", "X'81e9'", "é"),
    ("VARCHAR(9)", "CONCAT('a', X'00', 'b')", "ab"),
    ("VARCHAR(9) COLLATE utf8mb4_general_ci", "'É  '", "e"),
    ("DECIMAL(9,2) UNSIGNED", "1.10", Decimal("1.1")),
    ("CHAR(5)", "'a'", "A"),
]


@pytest.mark.parametrize(("native", "old", "new"), OLD, ids=[f"{native} {old}" for native, old, _ in OLD])
@pytest.mark.parametrize("filled", [True, False], ids=["overwritten", "left alone"])
def test_what_stood_there_comes_back(platform: MysqlPlatform, native: str, old: str, new: Any, filled: bool) -> None:
    with lenient(platform) as cursor:
        cursor.execute(f"CREATE TABLE t (id INT PRIMARY KEY, n INT, v {native})")
        cursor.execute(f"INSERT INTO t VALUES (1, 1, {old}), (2, 2, {old})")
    if filled:
        goes_and_comes_back(platform, Rows("t", ("id", "n", "v"), ("id",), overwrite=[(1, 9, new)]))
    else:
        goes_and_comes_back(platform, Rows("t", ("id", "n"), ("id",), overwrite=[(1, 9)]))


def test_equal_for_the_server_is_not_the_same(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9) COLLATE utf8mb4_general_ci UNIQUE);")
    platform.run("INSERT INTO t VALUES (1, 'é'); CREATE TRIGGER flat BEFORE INSERT ON t FOR EACH ROW SET NEW.v = 'x';")
    between = goes_and_comes_back(platform, Rows("t", ("id", "v"), ("id",), overwrite=[(1, "E")]))
    assert between["t"] == ["('1', 'E')"]
    notes: list[object] = []
    for value in ("X", "x "):
        rows = Rows("t", ("id", "v"), ("id",), create=[(2, value)])
        staged = rows.staged(platform.target())
        merged(platform.target(), rows, commit=False, inside=lambda merge, one=staged: notes.extend(merge.compare(one)))
    assert len(notes) == 2


# ── what does not fit ───────────────────────────────────────────────────────────────────────────────────────
MISFITS = [
    ("VARCHAR(2)", "abc"),
    ("VARCHAR(2)", "ab "),
    ("ENUM('a')", "b"),
    ("SET('a')", "a,b"),
    ("TINYINT", 300),
    ("TINYINT UNSIGNED", -1),
    ("VARCHAR(9) CHARACTER SET latin1", "😀"),
    ("UUID", "x"),
    ("VARBINARY(2)", b"abc"),
    ("BIT(2)", 4),
    ("FLOAT", 1e300),
    ("TIMESTAMP", dt.datetime(1960, 1, 1, tzinfo=dt.UTC)),
]


@pytest.mark.parametrize(("native", "value"), MISFITS, ids=[f"{native} {value}" for native, value in MISFITS])
def test_what_would_be_cut_off_is_red(platform: MysqlPlatform, way: str, native: str, value: Any) -> None:
    platform.run(f"CREATE TABLE t (id INT PRIMARY KEY, v {native});")
    before = platform.dump()
    with pytest.raises(Red) as red:
        merged(platform.target(), Rows("t", ("id", "v"), ("id",), create=[(1, value)]))
    assert red.value.where == "t" and "v" in red.value.what
    assert platform.dump() == before


def test_digits_are_not_dropped_where_the_server_tells_nobody(
    mariadb: Mariadb, platform: MysqlPlatform, way: str
) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v DECIMAL(5,2));")
    types = {"v": Type(kind=Kind.DECIMAL, precision=5, scale=3)}
    mariadb.admin("SET GLOBAL sql_notes = 0, max_error_count = 0")
    try:
        with pytest.raises(Red, match="'v'"):
            staged_and_read(platform, Typed("t", ("id", "v"), ("id",), create=[(1, Decimal("1.234"))], types=types))
    finally:
        mariadb.admin("SET GLOBAL sql_notes = 1, max_error_count = 64")


# ── size ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_value_near_what_one_packet_holds(platform: MysqlPlatform) -> None:
    packet = platform.rows("SELECT @@max_allowed_packet")[0][0]
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB, x LONGTEXT);")
    blob, text = bytes(range(256)) * (packet // 256 - 16), "é" * (packet // 2 - 4_096)
    goes_and_comes_back(platform, Rows("t", ("id", "v", "x"), ("id",), create=[(1, blob, None), (2, None, text)]))


def test_a_value_no_packet_holds_says_so(mariadb: Mariadb, platform: MysqlPlatform, way: str) -> None:
    platform.run("CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB);")
    before = platform.dump()
    packet = platform.rows("SELECT @@max_allowed_packet")[0][0]
    with pytest.raises((Red, Fault), match="max_allowed_packet"):
        merged(platform.target(), Rows("t", ("id", "v"), ("id",), create=[(1, bytes(packet + 1))]))
    with platform.target().staging("r2"):
        pass
    assert platform.dump() == before


STAGING = """
import resource, sys
import pyarrow as pa
from migrator.contracts import ACTION, EDGE, Staged

from migrator.platforms.mysql.target import MysqlTarget

target = MysqlTarget(sys.argv[1])
staged = Staged(table=target.describe().table("t"), columns=("id", "v"), key=())
rows = [(number, "x" * 1000, "create", 0) for number in range(1000)]
batch = pa.record_batch(list(map(pa.array, zip(*rows))), ["id", "v", ACTION, EDGE])
batch = batch.cast(pa.schema([("id", pa.int64()), ("v", pa.string()), (ACTION, pa.string()), (EDGE, pa.int32())]))
with target.staging("r1") as staging:
    staging.stage(staged, [batch])
    first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = staging.stage(staged, (batch for _ in range(300)))
    seen = sum(one.num_rows for one in staging.scan(staged))
print(count, seen, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first) // 1024)
"""


def test_memory_stays_flat(platform: MysqlPlatform) -> None:
    platform.run("CREATE TABLE t (id BIGINT, v LONGTEXT);")
    done = subprocess.run([sys.executable, "-c", STAGING, platform.url], capture_output=True, text=True, check=True)
    count, seen, grown = map(int, done.stdout.split())
    assert (count, seen) == (300_000, 300_000)
    assert grown < 60, f"{grown} MiB more for 300 MB than for 1"
