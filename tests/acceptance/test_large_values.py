"""A value larger than the workbench's memory moves like any other, within a small multiple of its own size."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.platforms import SqlitePlatform
from tests.soak.large_values import BASE_MIB, MOST_TIMES, Large

MIB = 120  # the workbench has 112


def test_a_value_larger_than_the_workbench_moves_within_the_bound(tmp_path: Path) -> None:
    source, target = SqlitePlatform(tmp_path / "source.db"), SqlitePlatform(tmp_path / "target.db")
    large = Large.made(tmp_path, source, target, kinds=("sqlite", "sqlite"), mib=MIB)
    for command in ("snapshot", "migrate"):
        cost = large.measured(command, tmp_path / "plan.yaml")
        assert cost.answer.get("verdict", "green") == "green"
        assert cost.peak <= BASE_MIB + MOST_TIMES * MIB
    query = "SELECT content FROM papers"
    assert target.rows(query) == source.rows(query)
