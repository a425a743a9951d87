from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.errors import Fault, TransientFault
from storage.memory import MemoryStore
from storage.objects import ObjectInfo
from storage.retry import Retries, RetryStore


class BrokenStore(MemoryStore):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.calls = 0

    def size(self, key: str) -> int | None:
        self.calls += 1
        raise self.error

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        self.calls += 1
        raise self.error


def test_it_gives_up_after_as_many_attempts_waiting_longer_each_time() -> None:
    waits: list[float] = []
    broken = BrokenStore(TransientFault("noise"))
    store = RetryStore(broken, Retries(attempts=4, pause=1, sleep=waits.append))
    with pytest.raises(TransientFault):
        store.size("a")
    assert (broken.calls, waits) == (4, [1, 2, 4])
    with pytest.raises(TransientFault):
        list(store.list())
    assert broken.calls == 8


def test_it_repeats_nothing_but_transient_faults() -> None:
    broken = BrokenStore(Fault("disk full"))
    with pytest.raises(Fault):
        RetryStore(broken, Retries(sleep=lambda _seconds: None)).size("a")
    assert broken.calls == 1
