"""Who finds other rows than the run, or cannot stage beside it, touches nothing of its target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.engine.prepare import Prepared
from migrator.engine.staged import HandedTable, content
from migrator.engine.stagehand import help_load
from storage.errors import Misuse
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.goods import fitting, goods, shop


@pytest.fixture
def target(tmp_path: Path) -> SqlitePlatform:
    return shop(tmp_path)


@pytest.fixture
def prepared(platform: SqlitePlatform, target: SqlitePlatform) -> Iterator[Prepared]:
    with fitting(goods(platform), target) as found:
        assert found.prepared is not None
        yield found.prepared


def helped(prepared: Prepared, target: SqlitePlatform, word: str) -> None:
    handed = HandedTable(table="items", word=word)
    help_load(prepared, target.target(), run="r1", tables=[handed], required=lambda: None)


def test_who_finds_other_rows_does_not_help(prepared: Prepared, target: SqlitePlatform) -> None:
    with pytest.raises(Misuse, match="other rows here") as error:
        helped(prepared, target, "another")
    assert (error.value.where, "variables" in error.value.next) == ("r1 items", True)


def test_nobody_helps_with_a_load_into_a_file_of_sqlite(prepared: Prepared, target: SqlitePlatform) -> None:
    before = {path.name for path in target.path.parent.iterdir()}
    with pytest.raises(Misuse, match="one writer"):
        helped(prepared, target, content(prepared, prepared.staged("items")).word)
    assert {path.name for path in target.path.parent.iterdir()} == before
