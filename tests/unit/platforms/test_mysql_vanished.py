"""Servers and clients that vanish: the one is missed, and how to end what the other left is told."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from migrator.contracts import Digest
from migrator.platforms.mysql import connect as connecting
from migrator.platforms.mysql.claims import claims
from migrator.platforms.mysql.connect import LENIENT_MODE, address_of, connect
from migrator.platforms.mysql.locks import attempt_locks, end_holder
from storage.errors import MigratorError, TransientFault
from tests.conformance.platforms.mysql import MysqlPlatform
from tests.conformance.targets import DDL, STORY, at_last, marker, merged, taken_at_last, words
from tests.kills.proxy import Proxy
from tests.support_mysql_target import lost, until_a_row_is_waited_for

PATIENCE_S = 60
_A_LOCKS_PATIENCE_S = 25
"""Below what a transaction waits for another one."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    soon = {"TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 1, "TCP_USER_TIMEOUT": 1_000}
    monkeypatch.setattr(connecting, "_NOTICED", soon)


@contextmanager
def reached(url: str) -> Iterator[tuple[str, Proxy]]:
    """The address of the same server through a network of our own."""
    parts = urlsplit(url)
    with closing(Proxy(parts.port or 0)) as network:
        login, _, host = parts.netloc.rpartition("@")
        yield parts._replace(netloc=f"{login}@{host.partition(':')[0]}:{network.port}").geturl(), network


def test_a_server_that_is_cut_off_without_a_word_is_missed(mariadb_url: str) -> None:
    said = list[MigratorError]()
    with reached(mariadb_url) as (url, network), closing(connect(address_of(url), mode=LENIENT_MODE)) as connection:

        def ask() -> None:
            try:
                connection.rows("SELECT SLEEP(1)")
            except MigratorError as error:
                said.append(error)

        asking = threading.Thread(target=ask, daemon=True)  # where it is not missed, it waits for hours
        with network.silenced():
            asking.start()
            asking.join(PATIENCE_S)
        assert isinstance(said[0], TransientFault), said
        assert "the connection to the server was lost" in str(said[0])


def test_who_waits_for_a_client_that_vanished_is_told_how_to_end_it(mariadb_url: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    every = platform.target().describe().tables
    with reached(mariadb_url) as (url, network), claims(address_of(url), "gone") as gone:
        assert gone.take(every) == ""
        with network.silenced(), platform.target().claims("next") as waiting:
            told = re.search(r"KILL \d+", waiting.take(every))
            assert told
            platform.run(told.group())
            taken_at_last(waiting, every)


@pytest.mark.parametrize("went", [True, False], ids=["its claims have gone", "its claims hang, too"])
def test_a_run_that_goes_on_is_not_kept_out_by_what_it_left_at_the_server(mariadb_url: str, went: bool) -> None:
    """For hours the server would not miss who merged, or staged: neither is waited for as for somebody else."""
    platform, rows = MysqlPlatform(mariadb_url), words((1, "twice"))
    platform.run(DDL)
    straight, before = platform.target(), platform.dump()
    every = straight.describe().tables
    with reached(mariadb_url) as (url, network), lost() as stack:
        far = MysqlPlatform(url).target()
        staged = [rows.staged(far)]
        gone = stack.enter_context(far.claims("r1"))
        assert gone.take(every) == ""
        stack.enter_context(far.staging("r1", keep=True)).stage(staged[0], [rows.batch(far)])
        hanging = stack.enter_context(far.merging("r1"))
        hanging.lock(staged)
        hanging.merge(staged)
        with network.silenced(), straight.claims("r1") as following:
            if went:
                with closing(connect(address_of(mariadb_url), mode=LENIENT_MODE)) as beside:
                    end_holder(beside, attempt_locks(beside, "r1")[0])
            taken_at_last(following, every)
            started = time.monotonic()
            with at_last(straight, "r1") as again, straight.merging("r1") as merge:
                again.stage(staged[0], [rows.batch(straight)])
                merge.lock(staged)
                merge.merge(staged)
                merge.commit(marker("r1", staged, Digest(), Digest()))
            assert time.monotonic() - started < _A_LOCKS_PATIENCE_S
    assert straight.undo("r1").reversed == 1
    assert platform.dump() == before


def test_what_merges_again_ends_what_merged_before_it(mariadb_url: str) -> None:
    """In one attempt: its claims hold, and only the connection was lost that merged."""
    platform, rows = MysqlPlatform(mariadb_url), words((1, "twice"))
    platform.run(DDL)
    target, before = platform.target(), platform.dump()
    staged = [rows.staged(target)]
    with reached(mariadb_url) as (url, network), target.claims("r1") as claimed:
        assert claimed.take(target.describe().tables) == ""
        with target.staging("r1") as staging, lost() as stack:
            staging.stage(staged[0], [rows.batch(target)])
            hanging = stack.enter_context(MysqlPlatform(url).target().merging("r1"))
            hanging.lock(staged)
            hanging.merge(staged)
            with network.silenced(), target.merging("r1") as again:
                again.lock(staged)
                again.merge(staged)
                again.commit(marker("r1", staged, Digest(), Digest()))
        claimed.require()
    assert target.undo("r1").reversed == 1
    assert platform.dump() == before


def test_a_rollback_that_hangs_is_ended_by_its_next_attempt(mariadb_url: str) -> None:
    platform = MysqlPlatform(mariadb_url)
    platform.run(DDL)
    target, before, said = platform.target(), platform.dump(), list[MigratorError]()
    merged(target, *STORY)

    def hang() -> None:
        try:
            target.undo("r1", by="b1")
        except MigratorError as error:
            said.append(error)

    with closing(platform.connect()) as other, other.cursor() as somebody:
        other.begin()
        somebody.execute("SELECT 1 FROM teams WHERE id = 10 FOR UPDATE")
        hanging = threading.Thread(target=hang, daemon=True)
        hanging.start()
        until_a_row_is_waited_for(platform)
        timer = threading.Timer(1, other.rollback)
        timer.start()
        undone = target.undo("r1", by="b1")
        timer.join()
        hanging.join(PATIENCE_S)
    assert isinstance(said[0], TransientFault), said
    target.settle("b1")
    assert not undone.notes
    assert platform.dump() == before
