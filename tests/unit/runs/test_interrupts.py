"""Who asks to stop is heard by everyone it concerns, and once."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import pytest

from migrator.runs.catalog import Catalog
from migrator.runs.durable.aside import aside
from migrator.runs.interrupts import undivided, watched
from storage.errors import Misuse

PATIENCE_S = 60


def test_what_comes_too_late_for_a_run_is_heard_by_who_performs_one_after_the_other() -> None:
    """A worker that was told to stop while a run was being recorded began the next one."""
    with watched(signal.SIGTERM) as worker:
        with watched(is_held=True), watched() as run:
            run.is_ending = True
            os.kill(os.getpid(), signal.SIGTERM)
        assert (worker.seen, run.seen) == (True, False)


def test_what_a_run_is_asked_is_not_asked_of_who_performs_others() -> None:
    """A run that is cancelled, or another's by now, is interrupted by SIGINT; its worker goes on."""
    with watched(signal.SIGTERM) as worker:
        with pytest.raises(KeyboardInterrupt), watched() as run:
            os.kill(os.getpid(), signal.SIGINT)
        assert (worker.seen, run.seen) == (False, True)


def test_what_must_not_be_left_half_done_is_interrupted_at_its_end() -> None:
    done = list[str]()
    with watched(signal.SIGINT), pytest.raises(KeyboardInterrupt):
        with undivided():
            with undivided():
                os.kill(os.getpid(), signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("afterwards")
    assert done == ["inner", "outer"]


def test_whoever_is_interrupted_at_any_moment_leaves_the_catalog_to_others(tmp_path: Path) -> None:
    """Between any two instructions: a transaction that was neither committed nor taken back locked the file."""
    interrupted, chance = 0, random.Random(7)  # noqa: S311 - moments, not secrets
    path = tmp_path / "catalog.db"
    with closing(Catalog.open(f"sqlite:///{path}")) as catalog, closing(sqlite3.connect(path, timeout=5)) as other:
        run = catalog.start(kind="rehearsal", plan="a", tenant="acme")
        other.isolation_level = None
        for _ in range(300):
            with watched(signal.SIGALRM):
                try:
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0002, 0.008))
                    for _ in range(6):
                        catalog.beat(run, {"step": "map"})
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except KeyboardInterrupt:
                    interrupted += 1
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
    assert interrupted


def test_what_dbos_is_asked_is_done_though_whoever_asked_was_interrupted() -> None:
    """Else it kept its locks in the middle, and whoever asked next waited for ever."""
    heard, go_on = list[str](), Event()

    def first() -> None:
        go_on.wait(PATIENCE_S)
        heard.append("first")

    with watched(signal.SIGALRM), pytest.raises(KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        aside(first)
    assert heard == []
    Timer(0.1, go_on.set).start()
    aside(lambda: heard.append("second"))
    assert heard == ["first", "second"]
    with pytest.raises(Misuse, match="no such thing"):
        aside(_refused)


def _refused() -> None:
    raise Misuse("no such thing")
