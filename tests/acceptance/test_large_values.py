"""A value larger than the workbench's memory moves like any other, within a small multiple of its own size."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.platforms import SqlitePlatform
from tests.soak.large_values import BASE_MIB, MOST_TIMES, made
from tests.soak.there_and_back import ThereAndBack

MIB = 120  # the workbench has 112


def test_a_value_larger_than_the_workbench_moves_within_the_bound(tmp_path: Path) -> None:
    source, target = SqlitePlatform(tmp_path / "source.db"), SqlitePlatform(tmp_path / "target.db")
    move = ThereAndBack(folder=tmp_path, source=source, target=target, empty=target)
    made(move, ("sqlite", "sqlite"), mib=MIB)
    for command, *waived in (("snapshot",), ("migrate", "--waive", "a test of memory")):
        cost = move.measured(command, tmp_path / "plan.yaml", *waived)
        assert cost.answer.get("verdict", "green") == "green"
        assert cost.peak <= BASE_MIB + MOST_TIMES * MIB
    query = "SELECT content FROM papers"
    assert target.rows(query) == source.rows(query)
