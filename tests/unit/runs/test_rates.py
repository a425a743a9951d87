"""The speed of the next run is that of the newest green one of the same plan, if it had enough to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from migrator.engine.doctor import Rates
from migrator.engine.load import MERGING
from migrator.outcomes import StepTiming, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.rates import rates
from migrator.runs.records import ArchiveRecord, RunRecord
from storage import moment
from tests.unit.reports.report_samples import GREEN

DOCUMENTED = Rates()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield catalog
    catalog.close()


def snapshot(catalog: Catalog, rows: int, verdict: Verdict = Verdict.GREEN) -> ArchiveRecord:
    run = catalog.start(kind="snapshot", plan="exit", tenant="acme")
    archive = ArchiveRecord(
        archive_id=f"acme-{run.number}",
        location=f"/store/acme-{run.number}",
        tenant="acme",
        plan="exit",
        created_at=moment.now("microseconds"),
        rows=rows,
        bytes=rows,
        fingerprint="",
        fence={},
    )
    catalog.record_archive(archive)
    catalog.finish(run, verdict=verdict)
    return archive


def seconds(run: RunRecord) -> float:
    begun, ended = datetime.fromisoformat(run.started_at), datetime.fromisoformat(run.finished_at or "")
    return (ended - begun).total_seconds()


def test_without_runs_the_documented_rates_hold(catalog: Catalog) -> None:
    assert rates(catalog, "exit", lambda _run: None) == DOCUMENTED


def test_the_newest_green_snapshot_has_the_last_word(catalog: Catalog) -> None:
    for rows, verdict in ((20_000, Verdict.GREEN), (30_000, Verdict.GREEN), (99_000, Verdict.RED)):
        snapshot(catalog, rows, verdict)
    newest = catalog.runs(kind="snapshot")[1]
    found = rates(catalog, "exit", lambda _run: None).snapshot
    assert found.rows_per_second == pytest.approx(30_000 / seconds(newest))
    assert newest.run_id in found.basis
    assert rates(catalog, "another", lambda _run: None) == DOCUMENTED


def test_a_run_with_little_to_do_says_nothing_of_speed(catalog: Catalog) -> None:
    snapshot(catalog, 9_999)
    assert rates(catalog, "exit", lambda _run: None) == DOCUMENTED


def test_a_run_that_stood_still_meanwhile_says_nothing_of_speed(catalog: Catalog) -> None:
    """Its hours in a queue, or parked, would pass for slowness; what its merge took, its report says all the same."""
    archive = snapshot(catalog, 40_000)
    known = rates(catalog, "exit", lambda _run: None)
    run = catalog.start(kind="rehearsal", plan="exit", tenant="acme", archive=archive.location)
    catalog.park(run)
    catalog.finish(catalog.take(catalog.run(run.run_id)), verdict=Verdict.GREEN)
    queued = catalog.start(kind="rehearsal", plan="exit", tenant="acme", archive=archive.location, state="queued")
    catalog.finish(catalog.take(catalog.run(queued.run_id), worker="1 on here"), verdict=Verdict.GREEN)
    report = replace(GREEN, timings=(StepTiming(step=MERGING, seconds=4.0, rows=50_000),))
    found = rates(catalog, "exit", lambda of: report if of.run_id == run.run_id else None)
    assert (found.snapshot, found.load) == (known.snapshot, DOCUMENTED.load)
    assert found.merge.rows_per_second == 12_500


def test_a_load_tells_its_own_speed_and_how_long_it_held_locks(catalog: Catalog) -> None:
    archive = snapshot(catalog, 40_000)
    run = catalog.start(kind="rehearsal", plan="exit", tenant="acme", archive=archive.location)
    catalog.finish(run, verdict=Verdict.GREEN)
    report = replace(GREEN, timings=(StepTiming(step=MERGING, seconds=4.0, rows=50_000),))
    found = rates(catalog, "exit", lambda of: report if of.run_id == run.run_id else None)
    assert found.merge.rows_per_second == 12_500
    assert found.load.rows_per_second == pytest.approx(40_000 / seconds(catalog.run(run.run_id)))
