"""Whose files a journal in a place is about."""

from __future__ import annotations

import pytest

from migrator.engine.placing import Placing
from migrator.engine.placing.journal import FilesJournal, JournalledFile
from storage.address import without_user
from storage.memory import MemoryStore


@pytest.mark.parametrize(
    ("target", "is_known"),
    [
        ("postgresql://loader@db.example/shop", True),
        ("postgresql://another:***@db.example/shop", True),  # a user that took the first one's place
        ("postgresql://loader@copy.example/shop", False),
        ("postgresql://loader@db.example/copy", False),
    ],
)
def test_files_are_of_the_target_they_were_put_there_for_whoever_asks(target: str, is_known: bool) -> None:
    shelf = MemoryStore()
    journal = FilesJournal(store=shelf, run="r1", target="postgresql://loader@db.example/shop")
    journal.write([JournalledFile(name="a.pdf", sha256="00", size=1, is_put=True)])
    placing = Placing(shelves=(shelf,), target=target)
    assert placing.knows("r1") is is_known
    assert [one.run for one in placing.journals()] == (["r1"] if is_known else [])
    assert not placing.knows("r2")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (
            "postgresql://me:se/c@ret@db.example:5432/shop?sslmode=require",
            "postgresql://db.example:5432/shop?sslmode=require",
        ),
        ("mysql://db.example/shop", "mysql://db.example/shop"),
        ("sqlite:////home/me@work/shop.db", "sqlite:////home/me@work/shop.db"),
    ],
)
def test_a_place_is_told_without_who_asks_there(address: str, shown: str) -> None:
    assert without_user(address) == shown
