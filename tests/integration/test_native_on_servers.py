"""Moments and numbers beyond every class, from one server into another of its kind: red nowhere, exact everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from migrator.engine.check import MapCheck
from migrator.engine.load import Identity, load
from migrator.engine.prepare import materialise, prepare
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from storage.archive import Archive
from tests.conformance.platforms import MysqlPlatform, Platform, PostgresPlatform
from tests.unit.engine.support import checked, taken

IDENTITY = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A column's type, values its class has no room for, and what a live row of the target has there."""

    native: str
    values: Sequence[str]
    live: str


POSTGRES = [
    Case(native="date", values=("infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "5874897-12-31"),
         live="infinity"),
    Case(native="timestamp", values=("infinity", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999"),
         live="-infinity"),
    Case(native="timestamp(3)", values=("0001-12-31 23:59:59.999 BC", "10000-01-01 00:00:00"), live="infinity"),
    Case(native="timestamptz", values=("-infinity", "0044-03-15 12:00:00+00 BC", "294276-12-31 23:59:59+00"),
         live="infinity"),
    Case(native="time", values=("24:00:00", "23:59:59.999999"), live="24:00:00"),
    Case(native="numeric(6,2)", values=("NaN", "-0.10"), live="NaN"),
    Case(native="always", values=("infinity", "2024-02-29"), live="-infinity"),
]  # fmt: skip
MARIADB = [
    Case(native="date", values=("0000-00-00", "2024-00-00", "2024-02-00", "2024-02-31", "2024-02-29"),
         live="0000-00-00"),
    Case(native="datetime(3)", values=("0000-00-00 00:00:00.000", "2024-02-00 01:02:03.004"),
         live="2024-00-00 00:00:00"),
    Case(native="timestamp", values=("0000-00-00 00:00:00", "2024-02-29 10:00:00"), live="0000-00-00 00:00:00"),
    Case(native="time(2)", values=("-838:59:59.00", "838:59:59.00", "24:00:00.50"), live="99:00:00"),
    Case(native="bigint unsigned", values=("18446744073709551615", "0"), live="9223372036854775808"),
]  # fmt: skip
DOMAIN = "CREATE DOMAIN always AS date CHECK (VALUE <> '2024-01-01');"
KEYED = "CREATE TABLE days (id int PRIMARY KEY, at {0} NULL UNIQUE); CREATE TABLE marks (at {0} NULL, n int);"
MAPPING = """
mapping: m
version: 1
tables:
  days: {edges: [{from: days, columns: {id: id, at: at}}], match: [id]}
  marks: {edges: [{from: marks, columns: {at: AT, n: n}}]}
"""
CARRIED = """
mapping: m
version: 1
tables:
  days: {edges: [{from: days, columns: {at: at, n: n}}]}
  marks: {edges: [{from: marks, columns: {n: n, at: at}}]}
"""


@pytest.fixture(params=["postgresql", "mariadb"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Platform, Platform, list[Case]]]:
    """Two databases of one server, the case's values in the first, and rows of its own in the second."""
    if request.param == "postgresql":
        server, platform, cases = request.getfixturevalue("postgres"), PostgresPlatform, POSTGRES
    else:
        server, platform, cases = request.getfixturevalue("mariadb"), MysqlPlatform, MARIADB
    urls = [server.database(), server.database()]
    try:
        yield platform(urls[0]), platform(urls[1]), cases
    finally:
        for url in urls:
            server.drop(url)


def _filled(platform: Platform, case: Case) -> None:
    lenient = "SET sql_mode = 'ALLOW_INVALID_DATES';" if isinstance(platform, MysqlPlatform) else ""
    domain = "" if lenient else "DROP TABLE IF EXISTS days, marks; DROP DOMAIN IF EXISTS always;" + DOMAIN
    rows = "".join(
        f"INSERT INTO days VALUES ({i}, '{value}'); INSERT INTO marks VALUES ('{value}', {i});"
        for i, value in enumerate(case.values, start=1)
    )
    gone = "DROP TABLE IF EXISTS days; DROP TABLE IF EXISTS marks;" if lenient else ""
    platform.run(f"{lenient}{domain}{gone}{KEYED.format(case.native)}{rows}")


def _empty(platform: Platform, case: Case) -> None:
    _filled(platform, Case(native=case.native, values=(), live=case.live))
    lenient = "SET sql_mode = 'ALLOW_INVALID_DATES';" if isinstance(platform, MysqlPlatform) else ""
    platform.run(
        f"{lenient}DELETE FROM days; INSERT INTO days VALUES (1, '{case.live}'); INSERT INTO marks VALUES (NULL, 0);"
    )


def _verified(archive: Archive, check: MapCheck, target: Platform) -> Verdict:
    assert check.prepared is not None
    with workbench() as bench:
        anew = prepare(bench, archive, check.prepared.compiled.mapping, target.target().describe(), master=True)
        materialise(anew)
        return verify(anew, target.target(), read_from="csv").verdict


def test_what_only_the_server_holds_arrives_and_goes_again(pair: tuple[Platform, Platform, list[Case]]) -> None:
    source, target, cases = pair
    for case in cases:
        _filled(source, case)
        _empty(target, case)
        _, archive = taken(source, "root: database")
        before = target.dump()
        with workbench() as bench:
            check = checked(bench, archive, MAPPING.replace("AT", "at"), target, "overwrite")
            assert check.problems == ()
            assert check.prepared is not None
            outcome = load(check.prepared, target.target(), IDENTITY, rehearse=False, whole=True)
            assert outcome.verdict is Verdict.GREEN
            assert _verified(archive, check, target) is Verdict.GREEN
        for rows in ("id, CAST(at AS char(40)) FROM days", "n, CAST(at AS char(40)) FROM marks WHERE n > 0"):
            assert sorted(target.rows(f"SELECT {rows}")) == sorted(source.rows(f"SELECT {rows}"))
        undone = target.target().undo("r1", whole=True)
        assert (undone.failed, undone.kept, undone.digest_after) == (0, 0, outcome.digest_before)
        assert target.dump() == before


def test_what_the_mapping_converts_is_red(pair: tuple[Platform, Platform, list[Case]]) -> None:
    source, target, cases = pair
    converted = MAPPING.replace("AT", "{from: at, steps: [{cast: date}]}")
    for case in (one for one in cases if one.native == "date"):
        _filled(source, case)
        _empty(target, case)
        with workbench() as bench:
            problems = checked(bench, taken(source, "root: database")[1], converted, target, "overwrite").problems
        assert {problem.where.split()[-1] for problem in problems} == {"marks.at"}


def test_such_a_value_may_be_the_key_that_others_point_at(pair: tuple[Platform, Platform, list[Case]]) -> None:
    source, target, cases = pair
    (case,) = (one for one in cases if one.native == "date")
    for platform in (source, target):
        platform.run(
            "CREATE TABLE days (at date NOT NULL PRIMARY KEY, n int);"
            " CREATE TABLE marks (n int PRIMARY KEY, at date, CONSTRAINT marked FOREIGN KEY (at) REFERENCES days (at));"
        )
    lenient = "SET sql_mode = 'ALLOW_INVALID_DATES';" if isinstance(source, MysqlPlatform) else ""
    rows = (f"INSERT INTO days VALUES ('{at}', 0); INSERT INTO marks VALUES ({n}, '{at}');"
            for n, at in enumerate(case.values))  # fmt: skip
    source.run(lenient + "".join(rows))
    before, archive = target.dump(), taken(source, "root: database")[1]
    with workbench() as bench:
        check = checked(bench, archive, CARRIED, target)
        assert check.prepared is not None
        assert load(check.prepared, target.target(), IDENTITY, rehearse=True).verdict is Verdict.GREEN
        assert load(check.prepared, target.target(), IDENTITY, rehearse=False).verdict is Verdict.GREEN
    given, kept = source.dump(), target.dump()
    assert [kept[table] for table in ("days", "marks")] == [given[table] for table in ("days", "marks")]
    undone = target.target().undo("r1")
    assert (undone.failed, undone.kept, target.dump()) == (0, 0, before)
