"""Whatever people do between a load and its rollback: nobody's row is lost, and what is told of each is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conformance.targets import DDL, STORY, merged
from tests.random.budget import tried
from tests.random.conftest import KINDS
from tests.random.databases.database import Database
from tests.random.people import DEEDS, Expected, do, state

TAKEN = [
    "INSERT INTO teams (id, name, size) VALUES (30, 'others', 1);",
    "INSERT INTO members VALUES (31, 30, 12, 'c@x', 'by hand');",
]
"""Others have the names by now that the load took away, and one of them hangs on what it created."""

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
        words = Counter(found["words"]) - Counter(now["words"])
        expected = Expected(before=before, loaded=loaded, found=found, words=words)
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
        if not kept and not failed:
            assert undone.digest_after == undone.digest_before_load
            assert target.markers() == ()
            return
        again = target.undo("r1")
        assert (again.reversed, again.kept, again.failed) == (0, kept, failed)
        assert state(platform) == expected.after

    is_as_expected()
