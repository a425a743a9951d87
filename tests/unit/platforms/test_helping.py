"""Who helps a run to stage a table: what it noted is found, and whoever takes the table over is alone with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pytest

from migrator.contracts import ACTION, CREATE, EDGE, Staged, Target
from storage.errors import Fault
from storage.schema import Table
from storage.types import arrow_type
from tests.conformance.made import Made
from tests.conformance.platforms import Platform

DDL = "CREATE TABLE items (id INTEGER PRIMARY KEY, name VARCHAR(20));"


@pytest.fixture(params=["postgresql", "mariadb"])
def platform(request: pytest.FixtureRequest, made: Made) -> Platform:
    platform = made(request.param)
    platform.run(DDL)
    return platform


@pytest.fixture
def target(platform: Platform) -> Target:
    return platform.target()


@pytest.fixture
def items(target: Target) -> Table:
    return target.describe().table("items")


def staged(items: Table) -> Staged:
    return Staged(table=items, columns=items.column_names, key=("id",))


def rows(items: Table, *names: str) -> Iterator[pa.RecordBatch]:
    id_, name = (arrow_type(column.type) for column in items.columns)
    schema = pa.schema([("id", id_), ("name", name), (ACTION, pa.string()), (EDGE, pa.int64())])
    found = [{"id": number, "name": name, ACTION: CREATE, EDGE: 0} for number, name in enumerate(names)]
    yield pa.RecordBatch.from_pylist(found, schema=schema)


def names(staging: Any, one: Staged) -> list[str]:
    return sorted(name for batch in staging.scan(one) for name in batch.column(1).to_pylist())


def ours() -> None:
    """It is this helper's still."""


def lost() -> None:
    raise Fault("it is another's", where="share", next="")


def test_what_a_helper_noted_is_found_as_if_an_earlier_attempt_left_it(target: Target, items: Table) -> None:
    one = staged(items)
    with target.staging("r1", keep=True) as staging:
        with target.helping("r1", items, ours) as helping:
            assert helping.stage(one, rows(items, "a", "b")) == 2
            helping.note(one, "w1")
        assert (staging.noted(one), names(staging, one)) == ("w1", ["a", "b"])


def test_nobody_helps_where_nobody_stages_the_run(target: Target, platform: Platform, items: Table) -> None:
    before = platform.dump()
    with target.staging("other"), pytest.raises(Fault, match="nobody stages the run r1"), suppress(StopIteration):
        target.helping("r1", items, ours).__enter__()
    assert platform.dump() == before


def test_who_lost_the_table_touches_nothing_of_it(target: Target, items: Table) -> None:
    one = staged(items)
    answers = [ours, lost]
    with target.staging("r1", keep=True) as staging:
        staging.stage(one, rows(items, "a"))
        staging.note(one, "w1")
        with (
            pytest.raises(Fault, match="another's"),
            target.helping("r1", items, lambda: answers.pop(0)()) as helping,
        ):
            helping.stage(one, rows(items, "b"))
        assert (staging.noted(one), names(staging, one)) == ("w1", ["a"])


def test_what_a_helper_did_not_note_goes_with_it(target: Target, platform: Platform, items: Table) -> None:
    one = staged(items)
    with target.staging("r1", keep=True) as staging:
        before = platform.dump()
        with pytest.raises(Fault, match="full"), target.helping("r1", items, ours) as helping:
            helping.stage(one, rows(items, "a"))
            raise Fault("its disk is full", where="here", next="")
        assert platform.dump() == before
        assert staging.noted(one) is None


@pytest.mark.parametrize("by", ["run", "helper"])
def test_a_helper_that_hangs_while_it_reads_is_ended_by_who_takes_the_table_over(
    target: Target, items: Table, by: str
) -> None:
    one = staged(items)
    with target.staging("r1", keep=True) as staging:
        with pytest.raises(Fault), target.helping("r1", items, ours) as hanging:
            hanging.stage(one, rows(items, *map(str, range(50_000))))
            reading = hanging.scan(one)
            next(reading)
            if by == "run":
                staging.stage(one, rows(items, "a"))
                staging.note(one, "w1")
            else:
                with target.helping("r1", items, ours) as other:
                    other.stage(one, rows(items, "a"))
                    other.note(one, "w1")
            with suppress(Fault):  # what had come before may still be read
                list(reading)
            hanging.note(one, "w2")
        assert (staging.noted(one), names(staging, one)) == ("w1", ["a"])


def test_a_run_that_ends_leaves_no_helper_and_no_staging(target: Target, platform: Platform, items: Table) -> None:
    before = platform.dump()
    with pytest.raises(Fault):
        with target.staging("r1", keep=True):
            hanging = target.helping("r1", items, ours)
            helping = hanging.__enter__()
            helping.stage(staged(items), rows(items, "a"))
        assert platform.dump() == before
        try:
            helping.note(staged(items), "w1")
        finally:
            hanging.__exit__(None, None, None)
    assert platform.dump() == before


def test_a_run_that_is_swept_leaves_no_helper_and_no_staging(target: Target, platform: Platform, items: Table) -> None:
    before = platform.dump()
    one = staged(items)
    with suppress(KeyboardInterrupt), target.staging("r1", keep=True):
        hanging = target.helping("r1", items, ours)
        helping = hanging.__enter__()
        helping.stage(one, rows(items, "a"))
        raise KeyboardInterrupt
    assert target.sweep(["r1"]) == 1
    assert platform.dump() == before
    with pytest.raises(Fault):
        helping.note(one, "w1")
    hanging.__exit__(None, None, None)
    assert platform.dump() == before
