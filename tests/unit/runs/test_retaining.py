"""An archive goes when it is old, not among the newest of its kind, and needed by nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from migrator.runs.retaining import Retaining, retaining
from storage.archive import ArchiveSummary

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def archive(name: str, age: int, *, masked: bool = False, subject: bool = False) -> ArchiveSummary:
    at = (NOW - timedelta(days=age)).isoformat()
    return ArchiveSummary(archive_id=name, tenant="acme", plan="exit", created_at=at, masked=masked, subject=subject)


def found(*archives: ArchiveSummary, keep: int = 1, needed: str = "") -> Retaining:
    return retaining(
        archives,
        keep=keep,
        age=timedelta(days=90),
        now=NOW,
        needed=lambda one: "its load stands" if one.archive_id == needed else None,
    )


def names(retained: Retaining) -> list[str]:
    return [one.archive_id for one in retained.goes]


def test_the_old_go_but_the_newest_of_each_kind() -> None:
    whole = [archive("a", 200), archive("b", 150), archive("c", 100)]
    assert names(found(*whole)) == ["a", "b"]
    assert names(found(*whole, keep=2)) == ["a"]
    assert names(found(*whole, keep=0)) == ["a", "b"]
    others = (archive("m", 120, masked=True), archive("s", 120, subject=True))
    assert names(found(*whole, *others)) == ["a", "b"]  # a test copy does not stand for the last whole archive


def test_the_young_stay_and_what_is_needed_says_why() -> None:
    retained = found(archive("a", 200), archive("b", 150), archive("c", 10), archive("d", 1), needed="b")
    assert names(retained) == ["a"] and retained.young == 2
    assert [(one.archive.archive_id, one.because) for one in retained.stays] == [("b", "its load stands")]


def test_what_does_not_say_when_it_was_made_stays() -> None:
    nameless = ArchiveSummary(archive_id="x", tenant="acme", plan="exit", created_at="")
    assert names(found(nameless, archive("a", 200), archive("b", 1))) == ["a"]


@given(st.lists(st.integers(0, 400), max_size=12), st.integers(1, 5))
def test_the_newest_never_go(ages: list[int], keep: int) -> None:
    archives = [archive(f"{number:02}", age) for number, age in enumerate(ages)]
    retained = found(*archives, keep=keep)
    newest = sorted(archives, key=lambda one: (one.created_at, one.archive_id))[-keep:]
    assert not {one.archive_id for one in newest} & set(names(retained))
    assert len(retained.goes) + len(retained.stays) + retained.young == len(archives)
