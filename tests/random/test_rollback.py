"""Whatever people do between a load and its rollback: nobody's row is lost, and what is told of each is so."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from migrator.contracts import Undone
from migrator.platforms.relational.undo import _Undo
from tests.conformance.targets import DDL, STORY, merged
from tests.random.budget import tried
from tests.random.conftest import KINDS
from tests.random.databases.database import Database
from tests.random.people import DEEDS, Expected, State, do, state
from tests.support_steps import Struck

TAKEN = [
    "INSERT INTO teams (id, name, size) VALUES (30, 'others', 1);",
    "INSERT INTO members VALUES (31, 30, 12, 'c@x', 'by hand');",
]
"""Others have the names by now that the load took away, and one of them hangs on what it created."""

INSIDE, BEHIND = ("_orphans", "_restore", "_delete", "_conclude"), "behind the commit"
"""Where a rollback is stopped."""

EXAMPLES = {"sqlite": 40, "postgresql": 10, "mysql": 4}  # as quick as they are


@pytest.mark.parametrize("kind", KINDS)
def test_what_people_did_stays_and_the_rest_goes(kind: str, database_of: Callable[[str], Database]) -> None:
    database = database_of(kind)
    platform = database.platform

    @tried(EXAMPLES[kind])
    @given(st.lists(DEEDS, max_size=8))
    @example(TAKEN)
    def is_as_expected(deeds: list[str]) -> None:
        database.clear()
        platform.run(DDL)
        target, before = platform.target(), state(platform)
        merged(target, *STORY)
        loaded = state(platform)
        do(platform, deeds)
        found = state(platform)
        undone = target.undo("r1")
        now = state(platform)
        kept, failed = told_as_expected(Expected.of(before=before, loaded=loaded, found=found, now=now), undone, now)
        if not kept and not failed:
            assert undone.digest_after == undone.digest_before_load
            assert target.markers() == ()
            return
        again = target.undo("r1")
        assert (again.reversed, again.kept, again.failed) == (0, kept, failed)
        assert state(platform) == now

    is_as_expected()


def told_as_expected(expected: Expected, undone: Undone, now: State) -> tuple[int, int]:
    """Hold what a rollback left and said against what has to come of it; how many it kept, and how many failed."""
    assert expected.may_go
    assert now == expected.after
    told = {(note.table, tuple(note.key.values())): note.why.partition(":")[0] for note in undone.notes if note.key}
    assert told == {
        (table, tuple(map(str, key))): fate
        for fate, entries in (("kept", expected.kept), ("failed", expected.failed))
        for table, key in entries
    }
    kept, failed = len(expected.kept) + expected.words_kept, len(expected.failed)
    assert (undone.reversed, undone.kept, undone.failed) == (expected.reversed, kept, failed)
    return kept, failed


@pytest.mark.parametrize("kind", KINDS)
def test_what_people_do_while_it_is_stopped_stays_too(kind: str, database_of: Callable[[str], Database]) -> None:
    """Before its commit it decides anew, of what it finds then; behind it, it says what it did, and touches nothing."""
    database = database_of(kind)
    platform = database.platform

    @tried(EXAMPLES[kind])
    @given(st.lists(DEEDS, max_size=4), st.sampled_from([*INSIDE, BEHIND]), st.lists(DEEDS, max_size=4))
    @example([], BEHIND, TAKEN)
    @example(TAKEN, INSIDE[-1], ["DELETE FROM members WHERE id = 31;"])
    def is_as_expected(deeds: list[str], stop: str, meanwhile: list[str]) -> None:
        database.clear()
        platform.run(DDL)
        target, before = platform.target(), state(platform)
        merged(target, *STORY)
        loaded = state(platform)
        do(platform, deeds)
        if stop == BEHIND:
            done = target.undo("r1", by="b1")
        else:
            with patch.object(_Undo, stop, struck), pytest.raises(Struck):
                target.undo("r1", by="b1")
        do(platform, meanwhile)
        found = state(platform)
        undone, now = target.undo("r1", by="b1"), state(platform)
        if stop == BEHIND:
            assert (undone, now) == (done, found)
        else:
            told_as_expected(Expected.of(before=before, loaded=loaded, found=found, now=now), undone, now)
        target.settle("b1")
        if not undone.kept and not undone.failed:
            assert not [name for name in platform.dump() if "migrator" in name]

    is_as_expected()


def struck(*_: object, **__: object) -> None:
    raise Struck
