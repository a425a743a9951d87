"""What the doctor concludes from what it is told: clocks, disks, estimates; its looks are tested where they lead."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import ReadLimits, TableSize
from migrator.engine.doctor import Estimates, Rate, Rates
from migrator.engine.doctor.clock import clock
from migrator.engine.doctor.estimate import Amount, amount_of, estimate
from migrator.engine.doctor.machine import LEAST, Place, look_at_disks

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────
@given(st.integers(-1_000, 1_000), st.integers(0, 300))
@settings(deadline=None)
def test_a_clock_is_apart_by_what_no_slow_answer_explains(apart: int, took: int) -> None:
    """The server's moment may lie anywhere between the question and the answer."""
    finding = clock(NOON + timedelta(seconds=apart), NOON, NOON + timedelta(seconds=took))
    beyond = max(-apart, apart - took, 0)
    assert finding.verdict == ("warning" if beyond > 60 else "ok")
    assert f"{beyond} s" in finding.found
    if finding.verdict == "warning":
        assert ("behind" in finding.found) == (apart < 0)


# ── estimates ───────────────────────────────────────────────────────────────────────────────────────────────
def amount(rows: int) -> Amount:
    return Amount(rows=rows, bytes=100 * rows, at_most=False, basis="told")


def test_only_tables_of_the_scope_are_counted_and_only_a_whole_database_is_certain() -> None:
    sizes = [TableSize(table="a", rows=3, bytes=30), TableSize(table="b", rows=5, bytes=50)]
    part, whole = amount_of(sizes, ["a"], whole=False), amount_of(sizes, ["a", "b"], whole=True)
    assert (part.rows, part.bytes, part.at_most) == (3, 30, True)
    assert (whole.rows, whole.bytes, whole.at_most) == (8, 80, False)


@given(st.integers(0, 10**9), st.integers(1, 10**6))
@settings(deadline=None)
def test_more_rows_never_take_less_and_the_plans_pace_is_never_beaten(rows: int, pace: int) -> None:
    free, held = ReadLimits(), ReadLimits(rows_per_second=pace)
    found = estimate(amount(rows), free, Rates(), loads=True)
    more = estimate(amount(2 * rows + 1), free, Rates(), loads=True)
    slow = estimate(amount(rows), held, Rates(), loads=True)
    assert found.snapshot_seconds and found.load_seconds and found.lock_seconds is not None
    assert more.snapshot_seconds and more.snapshot_seconds >= found.snapshot_seconds
    assert more.load_seconds and more.load_seconds >= found.load_seconds >= found.lock_seconds
    assert slow.snapshot_seconds and slow.snapshot_seconds >= rows / pace - 0.1
    assert slow.load_seconds == found.load_seconds


def test_every_figure_says_what_it_rests_on() -> None:
    rates = Rates(snapshot=Rate(rows_per_second=1_000, basis="as run r1 measured it"))
    found = estimate(amount(50_000), ReadLimits(), rates, loads=True)
    assert found.snapshot_seconds == 52.0
    assert found.basis[0] == "told"
    assert found.basis[1] == "snapshot: 1 000 rows a second, as run r1 measured it"
    assert "benchmarks.md" in found.basis[2]
    assert rates.said == "measured in runs of this plan: snapshot"


# ── disks ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_places_on_one_disk_share_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them fits alone; a disk this small cannot be had in a test."""
    places = [Place(what=name, folder=tmp_path / name, share=1.0) for name in ("one", "two")]
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 0, LEAST + 150))
    sure = Estimates(rows=1, bytes=100)
    assert [one.verdict for one in look_at_disks(places[:1], sure)] == ["ok"]
    [red] = look_at_disks(places, sure)
    assert red.verdict == "red" and "one in" in red.found and "two in" in red.found
    [warned] = look_at_disks(places, Estimates(rows=1, bytes=100, at_most=True))
    assert warned.verdict == "warning"


def test_a_disk_that_is_as_good_as_full_is_red_whatever_is_estimated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 0, LEAST - 1))
    [red] = look_at_disks([Place(what="the archive", folder=tmp_path)], Estimates(at_most=True))
    assert red.verdict == "red"
