"""A rollback gives others the time they need, and says what it cannot know."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from migrator.contracts import Undone
from migrator.engine import patience
from migrator.engine.patience import patiently
from migrator.engine.revert import revert
from migrator.outcomes import Progress, Tick, silent
from migrator.platforms.sqlite.target import SqliteTarget
from storage.errors import TransientFault
from tests.conformance.platforms import SqlitePlatform
from tests.conformance.targets import DDL, STORY, merged

LOCKED = TransientFault("somebody holds a lock", where="target", next="wait until they are done, then repeat")


class Busy(SqliteTarget):
    """A target whose rows others hold for so many attempts; the commit of a `lost` one is made, and not heard of."""

    def __init__(self, url: str, attempts: int, *, lost: bool = False) -> None:
        super().__init__(url)
        self.attempts = attempts
        self.lost = lost

    def undo(self, run: str, **asked: Any) -> Undone:
        if not self.attempts:
            return super().undo(run, **asked)
        self.attempts -= 1
        if self.lost:
            super().undo(run, **asked)
        raise LOCKED


def take_back(target: Busy, progress: Progress = silent) -> Undone:
    return patiently(
        lambda: target.undo("r1"), step="take back", may_repeat=lambda: bool(target.markers()), progress=progress
    )


@pytest.fixture
def platform(tmp_path: Path) -> SqlitePlatform:
    platform = SqlitePlatform(tmp_path / "target.db")
    platform.run(DDL)
    return platform


def test_what_others_hold_for_a_moment_costs_an_attempt(platform: SqlitePlatform) -> None:
    before, told = platform.dump(), list[Tick]()
    merged(platform.target(), *STORY)
    with patch.object(patience, "_PAUSES_S", (0, 0)):
        assert take_back(Busy(platform.url, 2), progress=told.append).reversed == 12
    assert [tick.what for tick in told if tick.what] == [LOCKED.what] * 2
    assert platform.dump() == before


def test_what_they_do_not_give_back_is_told(platform: SqlitePlatform) -> None:
    merged(platform.target(), *STORY)
    loaded = platform.dump()
    with patch.object(patience, "_PAUSES_S", (0, 0)), pytest.raises(TransientFault, match="somebody holds a lock"):
        take_back(Busy(platform.url, 3))
    assert platform.dump() == loaded


def test_what_may_have_been_committed_is_not_taken_for_a_load_that_never_was(platform: SqlitePlatform) -> None:
    before = platform.dump()
    merged(platform.target(), *STORY)
    with pytest.raises(TransientFault, match="somebody holds a lock"):
        take_back(Busy(platform.url, 1, lost=True))
    assert platform.dump() == before


def test_a_rollback_whose_commit_was_made_and_not_heard_of_says_what_it_did(platform: SqlitePlatform) -> None:
    before = platform.dump()
    merged(platform.target(), *STORY)
    with patch.object(patience, "_PAUSES_S", (0, 0)):
        found = revert(Busy(platform.url, 1, lost=True), "r1", by="b1")
    assert (found.undone.reversed, found.undone.kept) == (12, 0)
    assert platform.dump() == before
