"""What does not fit a real target: `map check` finds every value of it, and whoever goes past the check is stopped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pytest

from migrator.contracts import ACTION, CREATE, EDGE, Staged, Staging
from migrator.engine.compare import Compared, compare
from migrator.engine.workbench import Workbench, workbench
from storage.archive import Archive
from storage.errors import MigratorError
from storage.schema import Kind, Table
from storage.types import arrow_schema, arrow_type, from_text
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform, SqlitePlatform
from tests.unit.engine.support import checked, taken


@dataclass(frozen=True, kw_only=True)
class Case:
    """A column of the target, how it is filled from a source column, values that fit and one that does not."""

    native: str
    fit: Sequence[object]
    unfit: object
    says: str
    shown: str | None = None  # the example, where it is not the value
    chain: str = "{column}"
    at_the_merge: bool = False  # a CHECK of the live table refuses it, not its type


def cast(kind: str) -> str:
    return f"{{{{from: {{column}}, steps: [{{{{cast: {kind}}}}}]}}}}"


MOMENT, INSTANT, TIME, DATE = cast("timestamp"), cast("timestamptz"), cast("time"), cast("date")

POSTGRES = [
    Case(native="smallint", fit=(-32768, 32767), unfit=32768, says="at most 32767"),
    Case(native="integer", fit=(-(1 << 31),), unfit=-(1 << 31) - 1, says="at least -2147483648"),
    Case(native="numeric(5,2)", fit=("999.99", "-1.50"), unfit="1000", says="decimal(5,2)"),
    Case(native="numeric(4,2)", fit=("0.25",), unfit="0.255", says="decimal(4,2)"),
    Case(native="numeric", fit=("1.50", "NaN", "-0.001"), unfit="1e3", says="written as numeric"),
    Case(native="real", fit=(0.5, 3.0), unfit=0.1, says="4-byte"),
    Case(
        native="timestamp(0)",
        fit=("2024-02-29 10:00:00",),
        unfit="2024-02-29T10:00:00.5",
        chain=MOMENT,
        shown="2024-02-29 10:00:00.5",
        says="rounded",
    ),
    Case(
        native="timestamp(3)",
        fit=("2024-02-29 10:00:00.123",),
        unfit="2024-02-29T10:00:00.1234",
        chain=MOMENT,
        shown="2024-02-29 10:00:00.1234",
        says="rounded",
    ),
    Case(
        native="timestamptz(0)",
        fit=("1960-01-01T00:00:00Z",),
        unfit="1960-01-01T00:00:00.000001Z",
        chain=INSTANT,
        shown="1960-01-01 00:00:00.000001+00",
        says="rounded",
    ),
    Case(native="time(0)", fit=("10:00:00",), unfit="10:00:00.1", chain=TIME, says="rounded"),
    Case(native="date", fit=("0001-01-01", "9999-12-31"), unfit="12024-01-01", chain=DATE, says="cast to date"),
    Case(native="varchar(3)", fit=("ééé",), unfit="abcd", says="longer than 3"),
    Case(native="character(3)", fit=("abc", "   "), unfit="ab", says="filled up"),
    Case(native="name", fit=("é" * 31,), unfit="é" * 32, says="longer than 63 bytes"),
    Case(
        native="text",
        fit=("", "😀"),
        unfit="x",
        shown="x\0",
        says="NUL",
        chain="{{sql: \"CASE {column} WHEN 'x' THEN 'x' || chr(0) ELSE {column} END\"}}",
    ),
    Case(native="uuid", fit=("6F9619FF-8B86-D011-B42D-00C04FC964FF",), unfit="6F9619FF", says="uuid"),
    Case(native="json", fit=('{"b": 1, "a": [1, 1.50]}',), unfit="{'a': 1}", says="json"),
    Case(
        native="jsonb",
        fit=('{"a": [1.50, "\\u0001é\\n"], "bb": null}', "[]"),
        unfit='{"bb": 1, "a": 2}',
        says="rewritten",
    ),
    Case(native="jsonb", fit=("true",), unfit='{"a": 1, "a": 2}', says="rewritten"),
    Case(native="jsonb", fit=("1.0",), unfit='{"a":1}', says="rewritten"),
    Case(native="boolean", fit=(0, 1), unfit=2, says="boolean"),
    Case(native="mood", fit=("sad",), unfit="Sad", says="choices"),
    Case(native="positive", fit=(1, 32767), unfit=40000, says="at most 32767"),
]
MARIADB = [
    Case(native="tinyint", fit=(-128, 127), unfit=128, says="at most 127"),
    Case(native="tinyint unsigned", fit=(0, 255), unfit=-1, says="at least 0"),
    Case(native="mediumint", fit=(8388607,), unfit=8388608, says="at most 8388607"),
    Case(native="bigint unsigned", fit=((1 << 63) - 1,), unfit=-1, says="at least 0"),
    Case(native="year", fit=(0, 1901, 2155), unfit=24, says="takes 0, or at least 1901"),
    Case(
        native="uuid",
        fit=("6f9619ff-8b86-d011-b42d-00c04fc964ff", "f613efb8-630e-ae45-8428-277a1033ab50"),
        unfit="f613efb8-630e-ae45-1428-277a1033ab50",
        says="written as uuid",
    ),
    Case(native="bit(3)", fit=(7,), unfit=8, says="at most 7"),
    Case(native="decimal(5,2) unsigned", fit=("999.99",), unfit="-1", shown="-1.00", says="at least 0"),
    Case(native="decimal(4,2)", fit=("0.25",), unfit="0.255", says="decimal(4,2)"),
    Case(native="float", fit=(0.5, 16777216.0), unfit=16777217.0, says="4-byte"),
    Case(native="double", fit=("0.1", "1e308", "0"), unfit="NaN", shown="nan", says="NaN"),
    Case(native="double", fit=("0", "-1e-300"), unfit="-0", shown="-0.0", says="-0"),
    Case(
        native="datetime",
        fit=("0001-01-01T00:00:00",),
        unfit="2024-02-29T10:00:00.5",
        chain=MOMENT,
        shown="2024-02-29 10:00:00.5",
        says="rounded",
    ),
    Case(
        native="datetime(3)",
        fit=("2024-02-29 10:00:00.123",),
        unfit="2024-02-29T10:00:00.1234",
        chain=MOMENT,
        shown="2024-02-29 10:00:00.1234",
        says="rounded",
    ),
    Case(
        native="timestamp(6) null",
        fit=("1970-01-01T00:00:01Z", "2038-01-19T03:14:07Z"),
        unfit="2107-01-01T00:00:00Z",
        chain=INSTANT,
        shown="2107-01-01 00:00:00+00",
        says="at most 2",
    ),
    Case(
        native="timestamp(6) null",
        fit=("2024-01-01T00:00:00.123456Z",),
        unfit="1970-01-01T00:00:00Z",
        chain=INSTANT,
        shown="1970-01-01 00:00:00+00",
        says="at least 1970",
    ),
    Case(native="time", fit=("10:00:00",), unfit="10:00:00.1", chain=TIME, says="rounded"),
    Case(native="varchar(3)", fit=("ééé",), unfit="abcd", says="longer than 3"),
    Case(native="char(3)", fit=("ab", " ab"), unfit="ab ", says="blanks"),
    Case(native="varchar(9) character set utf8mb3", fit=("é\uffee",), unfit="a😀", says="character"),
    Case(native="varchar(9) character set latin1", fit=("é€",), unfit="Ω", says="character"),
    Case(native="varchar(9) character set latin7", fit=("ąž",), unfit="é☃", says="character"),
    Case(native="varchar(9) character set ascii", fit=("ab",), unfit="é", says="character"),
    Case(native="tinytext character set utf8mb4", fit=("é" * 127,), unfit="é" * 128, shown="é" * 80, says="255 bytes"),
    Case(
        native="tinytext character set latin1",
        fit=("é" * 255,),
        unfit="é" * 256,
        shown="é" * 80,
        says="longer than 255",
    ),
    Case(native="text", fit=("a" * 65535,), unfit="a" * 65536, shown="a" * 80, says="65535 bytes"),
    Case(native="varbinary(3)", fit=(b"\0\1\2",), unfit=b"\0\1\2\3", shown=r"\x00\x01\x02\x03", says="3 bytes"),
    Case(native="binary(3)", fit=(b"\0\1\2",), unfit=b"\0\1", shown=r"\x00\x01", says="filled up"),
    Case(native="tinyblob", fit=(b"a" * 255,), unfit=b"a" * 256, shown="a" * 80, says="255 bytes"),
    Case(native="json", fit=('{"b": 1, "a": 1}',), unfit="{'a': 1}", says="json", at_the_merge=True),
    Case(native="uuid", fit=("6f9619ff-8b86-d011-b42d-00c04fc964ff",), unfit="6F9619FF", says="uuid"),
    Case(native="enum('s','it''s')", fit=("it's",), unfit="S", says="choices"),
    Case(native="set('a','b.','c')", fit=("", "a,c", "b."), unfit="c,a", says="written as set"),
    Case(native="boolean", fit=(0, 1), unfit=200, says="at most 127"),
]
SETUP = {
    "postgresql": "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS smallint CHECK (VALUE > 0);",
    "mysql": "",
}


@pytest.fixture(params=["postgresql", "mysql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Platform, list[Case]]:
    """An empty database of each kind of server, with a table of one column for every case."""
    is_postgres = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url" if is_postgres else "mariadb_url")
    platform: Platform = PostgresPlatform(url) if is_postgres else MysqlPlatform(url)
    cases = POSTGRES if is_postgres else MARIADB
    columns = ", ".join(f"c{i} {case.native}" for i, case in enumerate(cases))
    platform.run(f"{SETUP[request.param]}CREATE TABLE made (id integer PRIMARY KEY, {columns});")
    return platform, cases


def archived(cases: Sequence[Case], path: Path, *, misfits: bool) -> Archive:
    """A column for every case; what fits in the first rows, what does not in the last two."""
    source = SqlitePlatform(path)
    source.run(f"CREATE TABLE things (id INTEGER PRIMARY KEY, {', '.join(f'c{i}' for i, _ in enumerate(cases))});")
    most = max(len(case.fit) for case in cases)
    rows = [[n, *(case.fit[min(n, len(case.fit) - 1)] for case in cases)] for n in range(most)]
    source.insert("things", rows + [[most + n, *(case.unfit for case in cases)] for n in range(2) if misfits])
    return taken(source, "root: database")[1]


def mapping(cases: Sequence[Case]) -> str:
    lines = [f"          c{i}: {case.chain.format(column=f'c{i}')}" for i, case in enumerate(cases)]
    head = "mapping: m\nversion: 1\ntables:\n  made:\n    edges:\n      - from: things\n        columns:\n"
    return "\n".join([head + "          id: id", *lines])


def test_every_misfit_is_red_with_its_values(world: tuple[Platform, list[Case]], tmp_path: Path) -> None:
    platform, cases = world
    before = platform.dump()
    with workbench() as bench:
        found = checked(bench, archived(cases, tmp_path / "s.db", misfits=True), mapping(cases), platform)
    told = {problem.where.rpartition(" ")[2]: problem for problem in found.problems}
    wrong = []
    for i, case in enumerate(cases):
        problem = told.pop(f"made.c{i}", None)
        example = str(case.unfit) if case.shown is None else case.shown
        if not problem or case.says not in problem.what or (problem.count, problem.examples) != (2, (example,)):
            wrong.append((case.native, case.unfit, problem))
        assert problem is None or problem.next
    assert (wrong, told) == ([], {})
    assert platform.dump() == before


def test_what_fits_is_staged_as_it_is(world: tuple[Platform, list[Case]], tmp_path: Path) -> None:
    """The check is no stricter than the server: what it lets through arrives unchanged."""
    platform, cases = world
    with workbench() as bench:
        found = checked(bench, archived(cases, tmp_path / "s.db", misfits=False), mapping(cases), platform)
        assert found.problems == () and found.prepared is not None
        (staged,) = found.prepared.tables
        with platform.target().staging("r1") as staging:
            staging.stage(staged, bench.batches(found.prepared.rows(staged, to_stage=True)))
            compared = _compared(bench, staged, staging, found.prepared.rows(staged))
    assert compared.differences == ()


def _compared(bench: Workbench, staged: Staged, staging: Staging, expected: str) -> Compared:
    """As a load compares what it staged."""

    def actual(table: Table) -> Iterator[pa.RecordBatch]:
        own = {column.name: column for column in table.columns}
        columns = tuple(own.get(column.name, column) for column in staged.table.columns)
        for batch in staging.scan(replace(staged, table=replace(staged.table, columns=columns))):
            yield batch.select(list(staged.columns))

    return compare(bench, staged, expected, actual)


def test_the_driver_refuses_what_the_check_would_have_found(world: tuple[Platform, list[Case]], tmp_path: Path) -> None:
    """Whoever goes past the check is stopped by the server, or by what was staged not being what was sent."""
    platform, cases = world
    before = platform.dump()
    passed = []
    with workbench() as bench, platform.target().staging("r1") as staging:
        table = platform.target().describe().table("made")
        for case, column in zip(cases, table.columns[1:], strict=True):
            staged = Staged(
                table=replace(table, columns=(table.columns[0], column)), columns=("id", column.name), key=("id",)
            )
            if not _refused(bench, staged, staging, case):
                passed.append(case)
    assert [case for case in passed if not case.at_the_merge] == []
    assert platform.dump() == before


def _refused(bench: Workbench, staged: Staged, staging: Staging, case: Case) -> bool:
    """Whether the misfit, sent as the text or the number that it is, is refused or differs afterwards."""
    column = staged.table.columns[1]
    raw = "x\0" if case.native == "text" and case.unfit == "x" else case.unfit
    try:
        value = from_text(pa.array([raw]), column.type) if isinstance(raw, str) else pa.array([raw])
        value = value.cast(arrow_type(column.type))
        if column.type.kind is Kind.BOOLEAN:
            return True  # of which 2 is none
    except (pa.ArrowInvalid, ValueError):
        return True  # no value of the class at all: the mapping's own conversion refuses it
    schema = arrow_schema(staged.table)
    batch = pa.RecordBatch.from_arrays([pa.array([1]), value], schema=schema)
    outgoing = batch.append_column(ACTION, pa.array([CREATE])).append_column(EDGE, pa.array([0], pa.int64()))
    try:
        staging.stage(staged, [outgoing])
    except MigratorError as red:
        return bool(red.where and red.next)
    bench.schema("src")
    bench.ingest("src", "sent", [batch], schema)
    return _compared(bench, staged, staging, "SELECT * FROM src.sent").comparison.different == 1
