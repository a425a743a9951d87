"""An archive has one writer: whoever was taken over changes nothing any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage import claim
from storage.begun import Begun, PartList
from storage.claim import ClaimedStore
from storage.errors import Fault
from storage.memory import MemoryStore
from storage.objects import write_bytes
from tests.support_archive import identity

BEGUN = Begun(run="run-1", attempt=1, began=1, identity=identity(), scope="s")


def test_nothing_appears_or_goes_once_another_attempt_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim, "_LOOK_S", 0)
    store = MemoryStore()
    parts = PartList(store, BEGUN.identity.archive_id)
    parts.begin(BEGUN)
    first, second = (ClaimedStore(store, parts, number) for number in (1, 2))
    write_bytes(first, "a", b"1")
    with pytest.raises(Fault, match="another attempt"), first.writer("b") as sink:
        sink.write(b"2")
        parts.begin(replace(BEGUN, attempt=2))  # while the object is on its way
    with pytest.raises(Fault, match="another attempt"):
        first.delete("a")
    write_bytes(second, "c", b"3")
    assert [info.key for info in store.list() if "/" not in info.key] == ["a", "c"]


def test_a_helper_changes_nothing_once_another_does_its_share() -> None:
    store = MemoryStore()
    parts = PartList(store, BEGUN.identity.archive_id)
    parts.begin(BEGUN)
    is_ours = [True]

    def required() -> None:
        if not is_ours[0]:
            raise Fault("another does it", where="share", next="")

    helper = ClaimedStore(store, parts, 1, required=required)
    write_bytes(helper, "a", b"1")
    is_ours[0] = False
    with pytest.raises(Fault, match="another does it"):
        write_bytes(helper, "b", b"2")
    with pytest.raises(Fault, match="another does it"):
        helper.delete("a")
    assert [info.key for info in store.list() if "/" not in info.key] == ["a"]


def test_an_archive_that_is_not_listed_any_more_is_nobodys() -> None:
    store = MemoryStore()
    parts = PartList(store, BEGUN.identity.archive_id)
    parts.begin(BEGUN)
    parts.erase()
    with pytest.raises(Fault, match="another attempt"):
        write_bytes(ClaimedStore(store, parts, 1), "a", b"1")
    assert list(store.list()) == []
