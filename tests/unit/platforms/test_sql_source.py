"""What any SQL database is read like through SQLAlchemy, by the example of Firebird."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import registry

from migrator.contracts import Among, AnyOf, Matching, Predicate, ReadLimits, Whole
from migrator.platforms.sql.source import SqlReading, SqlSource
from migrator.platforms.sql.types import parameters
from migrator.wiring import open_source
from storage.errors import Fault, MigratorError, Misuse, Recast, Red
from storage.schema import Fidelity, Kind
from tests.conformance.platforms import INTEGER, TEXT, KeyList, integers, texts
from tests.conformance.platforms.firebird import FirebirdPlatform
from tests.servers.firebird import Firebird

MANY = 1_200  # keys: more than one statement takes


@pytest.fixture
def platform(firebird_url: str) -> FirebirdPlatform:
    return FirebirdPlatform(firebird_url)


def rows(reading: SqlReading, name: str, predicate: Predicate, **options: Any) -> list[tuple[Any, ...]]:
    batches = reading.scan(reading.schema.table(name), predicate, **options)
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────
EXACT = {
    "small": ("SMALLINT", -32768, -32768),
    "big": ("BIGINT", -(2**63), -(2**63)),
    "amount": ("NUMERIC(18, 4)", "-99999999999999.0001", Decimal("-99999999999999.0001")),
    "price": ("DECIMAL(9, 2)", "0.10", Decimal("0.10")),
    "single": ("FLOAT", 0.1, 0.10000000149011612),
    "twofold": ("DOUBLE PRECISION", 1.7976931348623157e308, 1.7976931348623157e308),
    "paid": ("BOOLEAN", True, True),
    "code": ("CHAR(5)", "ab", "ab   "),
    "name": ("VARCHAR(20)", " é😀 ", " é😀 "),
    "note": ("BLOB SUB_TYPE TEXT", "x" * 100_000, "x" * 100_000),
    "scan": ("BLOB", bytes(range(256)) * 400, bytes(range(256)) * 400),
    "token": ("VARCHAR(8) CHARACTER SET OCTETS", b"\x00\xff\x00", b"\x00\xff\x00"),
    "born": ("DATE", dt.date(1, 1, 1), dt.date(1, 1, 1)),
    "at": ("TIME", dt.time(23, 59, 59, 999900), dt.time(23, 59, 59, 999900)),
    "seen": ("TIMESTAMP", dt.datetime(9999, 12, 31, 23, 59, 59, 999900), dt.datetime(9999, 12, 31, 23, 59, 59, 999900)),
}


def test_every_type_comes_exactly(platform: FirebirdPlatform) -> None:
    declared = ", ".join(f'"{name}" {type_}' for name, (type_, *_) in EXACT.items())
    platform.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {declared});")
    platform.insert("t", [(1, *(given for _, given, _ in EXACT.values())), (2, *(None for _ in EXACT))])
    with platform.source().fence() as reading:
        table, census = reading.census(reading.schema.table("t"), Whole())
        assert {column.name: column.fidelity for column in table.columns if column.fidelity is not Fidelity.EXACT} == {}
        assert {column.nulls for column in census if column.column != "id"} == {1}
        first, second = (row for batch in reading.scan(table, Whole()) for row in batch.to_pylist())
    assert {name: first[name] for name in EXACT} == {name: expected for name, (*_, expected) in EXACT.items()}
    assert {second[name] for name in EXACT} == {None}


def test_a_text_with_nul_is_tagged_and_an_array_is_told_to_be_lossy(platform: FirebirdPlatform) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, note VARCHAR(9), list INTEGER[2]);")
    platform.insert("t", [(1, "a\0b", [1, 2])])
    with platform.source().fence() as reading:
        declared = reading.schema.table("t")
        table, _ = reading.census(declared, Whole())
        assert table.column("note").type.kind is Kind.VARIANT
        assert (table.column("list").type.kind, table.column("list").fidelity) == (Kind.LITERAL, Fidelity.LOSSY)
        with pytest.raises(Recast):
            list(reading.scan(declared, Whole()))
        (batch,) = reading.scan(table, Whole())
    assert batch.to_pylist() == [{"id": 1, "note": "x:YQBi", "list": "[1, 2]"}]


@pytest.mark.parametrize(
    ("text", "fidelity", "value"),
    [("BLOB SUB_TYPE TEXT", Fidelity.TEXT, "TRUE"), ("NO_SUCH_TYPE", Fidelity.UNSUPPORTED, None)],
)
def test_a_type_the_dialect_does_not_know_is_text_or_unsupported(
    platform: FirebirdPlatform, monkeypatch: pytest.MonkeyPatch, text: str, fidelity: Fidelity, value: str | None
) -> None:
    """A dialect older than its server: what it cannot name comes as the server's text, or else not unnoticed."""
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, paid BOOLEAN);")
    platform.insert("t", [(1, True)])
    known = registry.load("firebird.firebird")
    monkeypatch.setattr(known, "ischema_names", {**known.ischema_names, "BOOLEAN": None})
    monkeypatch.setattr(known.type_compiler_cls, "visit_TEXT", lambda *_, **__: text)
    with platform.source().fence() as reading:
        table, _ = reading.census(reading.schema.table("t"), Whole())
        (batch,) = reading.scan(table, Whole())
    assert table.column("paid").fidelity is fidelity
    assert batch.to_pylist() == [{"id": 1, "paid": value}]


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_names_in_quotes_are_read_and_twins_are_refused(platform: FirebirdPlatform) -> None:
    platform.run('CREATE TABLE "Mixed Case" ("Id" INTEGER PRIMARY KEY, "select" INTEGER);')
    platform.insert('"Mixed Case"', [(1, 2)])
    with platform.source().fence() as reading:
        assert rows(reading, "Mixed Case", Matching(columns=("select",), values=(2,))) == [(1, 2)]
    platform.run('CREATE TABLE t (i INTEGER); CREATE TABLE "t" (i INTEGER);')
    with pytest.raises(Red, match="two tables are named t"):
        platform.source().describe()


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def reading(platform: FirebirdPlatform) -> Iterator[SqlReading]:
    platform.run("""
        CREATE TABLE orders (id INTEGER PRIMARY KEY, shop INTEGER, price NUMERIC(9, 2), name VARCHAR(5), due DATE);
        CREATE TABLE visits (shop INTEGER, place INTEGER);
        """)
    platform.insert("orders", [(1, 1, "1.50", "a", dt.date(2024, 1, 31)), (2, 1, "2.00", "b", None)])
    platform.insert("visits", [(number % MANY, number % 2) for number in range(2 * MANY)])
    with platform.source().fence() as reading:
        yield reading


@pytest.mark.parametrize(
    ("column", "value", "ids"),
    [
        ("id", "1", [1]),
        ("id", 1.5, []),
        ("id", "one", []),
        ("id", 2**31, []),
        ("id", 2**70, []),
        ("price", 1.5, [1]),
        ("price", "1.504", []),
        ("price", "1e30", []),
        ("name", "a", [1]),
        ("name", "a longer one", []),
        ("due", "2024-01-31", [1]),
        ("due", "2024-02-31", []),
        ("due", None, [2]),
    ],
)
def test_a_value_the_column_cannot_hold_selects_nothing(
    reading: SqlReading, column: str, value: Any, ids: list[int]
) -> None:
    assert rows(reading, "orders", Matching(columns=(column,), values=(value,)), columns=["id"]) == [
        (id_,) for id_ in ids
    ]


def test_keys_the_column_cannot_hold_do_not_hide_the_others(reading: SqlReading) -> None:
    assert rows(reading, "orders", Among(columns=("id",), keys=texts("x", "2", "99999999999")), columns=["id"]) == [
        (2,)
    ]
    longer = Among(columns=("name",), keys=texts("a longer one", "b"))
    assert rows(reading, "orders", longer, columns=["id"]) == [(2,)]


@given(st.decimals(allow_infinity=True, allow_nan=True, places=None))
def test_a_number_is_sent_exactly_or_not_at_all(number: Decimal) -> None:
    """A database would round it to the column's digits, and find another's row."""
    declared = sa.Numeric(9, 2)
    (sent,) = parameters([str(number)], TEXT, declared)
    held = number.is_finite() and abs(number) < 10**7 and number == round(number, 2)
    assert sent == (number if held else None)


def test_many_keys_of_several_kinds_give_each_row_once_in_the_order_of_the_key(platform: FirebirdPlatform) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, shop INTEGER, place INTEGER);")
    platform.insert("t", [(number, -number, number % 2) for number in range(2 * MANY)])
    either = AnyOf(
        among=(
            Among(columns=("shop",), keys=integers(*range(1 - MANY, 1))),
            Among(columns=("id",), keys=integers(*range(MANY // 2, MANY + 1))),
            Among(columns=("place", "id"), keys=KeyList((INTEGER, INTEGER), [(n % 2, n) for n in range(MANY)])),
            Matching(columns=("id",), values=(2 * MANY - 1,)),
        )
    )
    with platform.source().fence() as reading:
        assert [id_ for (id_,) in rows(reading, "t", either, columns=["id"])] == [*range(MANY + 1), 2 * MANY - 1]
        assert reading.count(reading.schema.table("t"), either) == MANY + 2
        assert sorted(rows(reading, "t", either, columns=["place"], distinct=True)) == [(0,), (1,)]


def test_equal_rows_without_a_key_stay_as_often_as_they_are(reading: SqlReading) -> None:
    either = AnyOf(
        among=(
            Among(columns=("shop",), keys=integers(*range(MANY))),
            Among(columns=("place",), keys=integers(0)),
            Among(columns=("shop",), keys=integers(*range(0, 2 * MANY, 2))),
        )
    )
    found = rows(reading, "visits", either)
    assert sorted(found) == sorted((number % MANY, number % 2) for number in range(2 * MANY))
    assert reading.count(reading.schema.table("visits"), either) == 2 * MANY


def test_a_scan_set_aside_for_another_still_says_what_does_not_fit(platform: FirebirdPlatform) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY, note VARCHAR(9));")
    platform.insert("t", [(number, "a\0b" if number == 9_000 else "a") for number in range(9_001)])
    with platform.source().fence() as reading:
        table = reading.schema.table("t")
        first = iter(reading.scan(table, Whole()))
        assert next(first).num_rows == 8_192
        assert reading.count(table, Whole()) == 9_001, "who asks next is not told of the other's values"
        with pytest.raises(Recast):
            list(first)


# ── gentle ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_fence_says_what_it_is_and_cannot_write(platform: FirebirdPlatform) -> None:
    platform.run("CREATE TABLE t (id INTEGER PRIMARY KEY);")
    with platform.source().fence() as reading:
        assert (reading.fence.kind, reading.fence.isolation) == ("firebird-transaction", "snapshot, read only")
        assert reading.fence.token.isdigit() and reading.fence.readers == 1
        with pytest.raises(sa.exc.DBAPIError, match="read-only transaction"):
            reading._wire._connection.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_who_may_not_read_a_table_is_told_which_and_how_to_grant_it(
    firebird: Firebird, platform: FirebirdPlatform
) -> None:
    platform.run("CREATE TABLE ours (id INTEGER PRIMARY KEY); CREATE TABLE hidden (id INTEGER PRIMARY KEY);")
    url = firebird.guest(platform.url)
    guest = str(sa.make_url(url).username)
    platform.run(f"GRANT SELECT ON ours TO {guest};")
    source = SqlSource(url)
    examined = source.examine()
    (grants,) = [finding for finding in examined.findings if finding.what == "grants"]
    assert (grants.verdict, grants.found) == ("red", "no SELECT on hidden")
    assert (examined.user, examined.grants) == (guest, f"GRANT SELECT ON hidden TO {guest};")
    with source.fence() as reading:
        assert rows(reading, "ours", Whole()) == []
        with pytest.raises(Fault, match=r"(?i)no permission.*hidden"):
            rows(reading, "hidden", Whole())
    platform.run(examined.grants)
    assert {finding.verdict for finding in source.examine().findings} == {"ok"}


def test_a_limit_that_cannot_be_kept_is_refused(platform: FirebirdPlatform) -> None:
    source = SqlSource(platform.url, ReadLimits(statement_timeout_s=5))
    assert "red" in {finding.verdict for finding in source.examine().findings}
    with pytest.raises(Misuse, match="bound the time"), source.fence():
        pass


def test_tenants_are_found(platform: FirebirdPlatform) -> None:
    platform.run("""
        CREATE TABLE shops (id INTEGER PRIMARY KEY, name VARCHAR(9));
        CREATE TABLE orders (id INTEGER PRIMARY KEY, shop INTEGER REFERENCES shops (id));
        INSERT INTO shops VALUES (1, 'one'); INSERT INTO shops VALUES (2, 'two');
        """)
    (candidate,) = platform.source().tenants(lambda name: name == "shops")
    assert (candidate.table, candidate.tenants, candidate.examples) == ("shops", 2, ("1", "2"))


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("firebird+firebird://app:s3cr3t@{place}/{path}", Misuse, "user name and password"),
        ("firebird+firebird://{user}@{place}/{path}.gone", Misuse, "No such file"),
        ("firebird+firebird://app:s3cr3t@127.0.0.1:1/{path}", Fault, "127.0.0.1"),
        ("frobase+driver://app:s3cr3t@{place}/x", Misuse, "no SQLAlchemy dialect named frobase"),
        ("mssql+pyodbc://app:s3cr3t@{place}/x?password=s3cr3t", Misuse, "pip install pyodbc"),
        ("firebird+firebird://app:s3cr3t@127.0.0.1:port/x", Misuse, "not a database address"),
        ("firebird+firebird://app:a@s3cr3t@{place}/{path}", Misuse, "not a database address"),
        ("firebird+firebird://app:s3cr3t@{place}/{path}?no=option", Misuse, "does not take this address"),
        ("firebird+firebird://app:s3cr3t@{place}", Misuse, "does not take this address"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    firebird_url: str, url: str, error: type[MigratorError], says: str
) -> None:
    known = sa.make_url(firebird_url)
    user = firebird_url.partition("://")[2].rpartition("@")[0]
    written = url.format(place=f"{known.host}:{known.port}", path=known.database, user=user)
    with pytest.raises(error) as raised:
        open_source(written, ReadLimits()).describe()
    assert says in str(raised.value) and raised.value.next
    assert "s3cr3t" not in str(raised.value) and str(known.password) not in str(raised.value)


def test_a_database_that_cannot_be_read_as_of_one_moment_is_refused(tmp_path: Path) -> None:
    source = SqlSource(f"sqlite+pysqlite:///{tmp_path}/some.db")
    with pytest.raises(Red, match="as of one moment"), source.fence():
        pass
