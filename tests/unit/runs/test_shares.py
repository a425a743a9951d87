"""Steps that workers share: each is one process's at a time, and the largest first; who is silent loses his."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from migrator.runs.catalog import Catalog
from migrator.runs.liveness.helper import Helper
from migrator.runs.records import Clock, RunRecord
from migrator.runs.shares import Share, Shares
from storage.errors import Fault

SIZES = {"small": 10, "large": 1_000, "medium": 100}
HANDED = {name: {"archive": "a-1", "handle": name} for name in SIZES}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def catalog(url: str) -> Iterator[Catalog]:
    with closing(Catalog.open(url)) as opened:
        yield opened


@pytest.fixture
def run(catalog: Catalog) -> RunRecord:
    return catalog.start(kind="snapshot", plan="a", tenant="acme")


@pytest.fixture
def shares(catalog: Catalog, run: RunRecord) -> Shares:
    opened = catalog.shares(60)
    opened.offer(run.run_id, run.attempt, SIZES, HANDED, most=2)
    return opened


def taken(shares: Shares, worker: str) -> str | None:
    share = shares.next(worker)
    return share.name if share else None


def hasty(shares: Shares) -> Shares:
    """The same with little patience, and a server that runs for longer: who could not beat is not silent."""
    patience = 1.0
    while (clock := _clock(shares)).now - clock.since <= timedelta(seconds=patience):
        time.sleep(0.05)
    return replace(shares, silence_s=patience)


def _clock(shares: Shares) -> Clock:
    with shares.database.transaction() as connection:
        return shares.database.clock(connection)


def forget_beats(shares: Shares) -> None:
    with shares.database.transaction() as connection:
        connection.execute(text("UPDATE shares SET beat_at = '2001-01-01T00:00:00.000000Z' WHERE beat_at IS NOT NULL"))


def beat_of_large(shares: Shares) -> str:
    with shares.database.transaction() as connection:
        return str(connection.execute(text("SELECT beat_at FROM shares WHERE name = 'large'")).scalar())


def test_helpers_take_the_largest_and_no_more_of_them_than_the_run_can_do_with(shares: Shares, run: RunRecord) -> None:
    first = shares.next("one")
    assert first == Share(run_id=run.run_id, attempt=1, name="large", handed=HANDED["large"])
    assert (taken(shares, "two"), taken(shares, "three")) == ("medium", None)
    assert shares.end(first, "one", state="done")
    assert taken(shares, "three") == "small"
    assert shares.is_done(run.run_id, 1, "large") and not shares.is_done(run.run_id, 1, "medium")


def test_who_performs_the_run_gets_what_nobody_has(shares: Shares, run: RunRecord) -> None:
    helped = shares.next("one")
    assert helped is not None
    assert [shares.keep(run.run_id, 1, name) for name in ("large", "small", "small")] == [False, True, True]
    assert taken(shares, "two") == "medium"
    assert shares.end(helped, "one", state="back")
    assert taken(shares, "three") is None, "what one could not do is not for others"
    assert shares.keep(run.run_id, 1, "large")
    assert not shares.end(helped, "one", state="done"), "it is another's"


def test_of_many_who_ask_at_once_each_gets_another(shares: Shares, run: RunRecord) -> None:
    names = {f"table {number}": number for number in range(6)}
    shares.withdraw(run.run_id, 1)
    shares.offer(run.run_id, 1, names, {name: {} for name in names}, most=6)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: taken(shares, f"worker {number}"), range(6)))
    assert sorted(filter(None, found)) == sorted(names)


def test_more_may_be_offered_while_helpers_are_at_it(shares: Shares, run: RunRecord) -> None:
    first = shares.next("one")
    assert first is not None
    for _ in range(2):  # the answer to the first was lost on its way
        shares.offer(run.run_id, 1, {"larger": 2_000}, {"larger": {"later": True}}, most=2)
    assert shares.beat(first, "one")
    later = shares.next("two")
    assert later is not None and (later.name, later.handed) == ("larger", {"later": True})


def test_a_silent_helper_loses_its_share_and_hears_so(shares: Shares, run: RunRecord) -> None:
    share = shares.next("one")
    assert share is not None and shares.beat(share, "one")
    assert not shares.keep(run.run_id, 1, "large")
    forget_beats(shares)
    other = hasty(shares).next("two")
    assert other == share
    assert not shares.beat(share, "one") and not shares.end(share, "one", state="done")
    assert shares.beat(share, "two")
    forget_beats(shares)
    assert hasty(shares).keep(run.run_id, 1, "large")
    assert not shares.beat(share, "two")


def test_only_an_attempt_that_is_performed_has_shares(shares: Shares, catalog: Catalog, run: RunRecord) -> None:
    share = shares.next("one")
    assert share is not None
    again = catalog.take(run)
    assert taken(shares, "two") is None
    shares.offer(run.run_id, again.attempt, SIZES, HANDED, most=2)
    assert not shares.beat(share, "one"), "the attempt before is over"
    catalog.park(again)
    assert taken(shares, "two") is None
    shares.withdraw(run.run_id, again.attempt)
    catalog.take(replace(again, state="parked"))
    assert taken(shares, "two") is None


def test_a_helper_loses_its_share_with_the_attempt(shares: Shares, catalog: Catalog, run: RunRecord) -> None:
    share = shares.next("one")
    assert share is not None
    catalog.move(run, to="cancelling")
    assert not shares.beat(share, "one") and not shares.end(share, "one", state="done")


def test_an_attempt_that_hung_and_wakes_up_does_not_touch_the_shares_of_the_next(
    shares: Shares, catalog: Catalog, run: RunRecord
) -> None:
    again = catalog.take(run)
    shares.offer(run.run_id, again.attempt, SIZES, HANDED, most=2)
    shares.withdraw(run.run_id, run.attempt)
    shares.offer(run.run_id, run.attempt, {"other": 1}, {"other": {}}, most=2)
    assert taken(shares, "one") == "large"
    assert not shares.keep(run.run_id, again.attempt, "large")
    assert shares.keep(run.run_id, run.attempt, "other"), "what is offered to nobody is its own"


def test_a_run_that_is_forgotten_leaves_no_share(shares: Shares, catalog: Catalog, run: RunRecord) -> None:
    catalog.forget(run.run_id)
    assert taken(shares, "one") is None


def test_workers_that_have_nothing_to_do_are_counted_until_they_are_silent(shares: Shares) -> None:
    assert shares.idle() == 0
    for worker in ("one", "two", "one"):
        shares.announce(worker)
    assert shares.idle() == 2
    with shares.database.transaction() as connection:
        connection.execute(text("UPDATE idle_workers SET seen_at = '2001-01-01T00:00:00.000000Z' WHERE worker = 'two'"))
    assert shares.idle() == 1


def test_a_helper_does_one_after_the_other_and_gives_back_what_it_cannot(shares: Shares, run: RunRecord) -> None:
    done, first = [], shares.next("one")
    assert first is not None
    with pytest.raises(Fault, match="disk"), Helper(shares, first, "one") as helper:
        for share in helper.shares():
            helper.require()
            if share.name == "small":
                raise Fault("the disk is full", where="here", next="")
            done.append(share.name)
    assert done == ["large", "medium"]
    assert [shares.is_done(run.run_id, 1, name) for name in ("large", "medium", "small")] == [True, True, False]
    assert shares.keep(run.run_id, 1, "small")


def test_what_a_helper_has_to_prepare_for_is_anybodys_until_it_is_prepared(shares: Shares, run: RunRecord) -> None:
    first, done = shares.next("one"), []
    assert first is not None
    with Helper(shares, first, "one") as helper:
        helper.postpone()
        assert shares.keep(run.run_id, 1, "large")
        with pytest.raises(Fault, match="another does now"):
            helper.require()
        for share in helper.shares():
            helper.require()
            done.append(share.name)
    assert done == ["medium", "small"]


def test_a_helper_beats_as_long_as_it_is_at_it(shares: Shares) -> None:
    first = shares.next("one")
    assert first is not None
    with Helper(shares, first, "one") as helper:
        forget_beats(shares)
        until = time.monotonic() + 60
        while beat_of_large(shares) < "2002":
            assert time.monotonic() < until
            time.sleep(0.05)
        shares.withdraw(first.run_id, first.attempt)
        with pytest.raises(Fault, match="another does now"):
            helper.require()
