"""What a report says of rehearsals, on the page and in the workbook: nobody signs a load without seeing a waiver."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from openpyxl import load_workbook

from migrator.outcomes import Admission, RunReport
from migrator.reports import render
from migrator.reports.findings import has_reservations
from migrator.reports.rehearsed import off
from tests.unit.reports.report_samples import EMPTY, FORECAST, GREEN, REHEARSAL, WAIVED
from tests.unit.reports.test_report_page import Page

BY_REHEARSAL = replace(
    GREEN, admission=Admission(rehearsal="20261121-r", number=3, rehearsed_at="2026-11-21T23:19:00Z", target="x.db")
)


def cover(report: RunReport) -> str:
    sheet = load_workbook(io.BytesIO(render(report, "xlsx")), read_only=True)["Verdict"]
    return "\n".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)


def first_page(report: RunReport) -> str:
    """Above the contents, where the verdict stands."""
    return Page(report).text.partition("What is not in the new system, and why")[0]


@pytest.mark.parametrize("shown", [first_page, cover])
def test_a_waiver_stands_beside_the_verdict_with_its_reason_and_what_was_missing(shown: object) -> None:
    assert callable(shown)
    said = shown(WAIVED)
    assert "Rehearsal waived" in said and "the board wants it tonight" in said
    assert "rehearsal 3, the last one, is red" in said
    assert "waived" not in shown(BY_REHEARSAL)


def test_a_load_that_was_not_rehearsed_is_green_with_reservations() -> None:
    whole = replace(EMPTY, verification=replace(WAIVED.verification or pytest.fail(), not_compared=(), tables=()))
    assert not has_reservations(whole)
    assert has_reservations(replace(whole, admission=WAIVED.admission))
    needless = replace(WAIVED.admission or pytest.fail(), missing="")
    assert not has_reservations(replace(whole, admission=needless))
    assert "nothing: the gate was open" in first_page(replace(GREEN, admission=needless))


def test_the_rehearsal_that_vouches_is_named() -> None:
    assert "rehearsal 3 (20261121-r), ended 2026-11-21T23:19:00Z, on x.db" in Page(BY_REHEARSAL).text
    assert "rehearsal 3 (20261121-r)" in cover(BY_REHEARSAL)


@pytest.mark.parametrize("words", [lambda report: Page(report).text, cover])
def test_a_forecast_is_shown_and_afterwards_its_error(words: object) -> None:
    assert callable(words)
    assert (
        "4.08 s" in words(REHEARSAL) and "took" not in words(REHEARSAL).partition("Forecast of the migration")[2][:80]
    )
    assert "forecast 4.08 s, took 5.10 s: 1.02 s longer than forecast (+25%)" in words(WAIVED)
    assert "forecast 0.34 s, took 0.30 s: 0.04 s shorter than forecast (-12%)" in words(WAIVED)
    assert "not measured: no load of this plan" in words(REHEARSAL)
    measured = replace(FORECAST, way_back_seconds=7.5, way_back_basis="as rollback 2 took 5475 rows back on x.db")
    assert "7.50 s, as rollback 2 took 5475 rows back on x.db" in words(replace(REHEARSAL, forecast=measured))
    assert "Forecast of the migration" not in words(GREEN)


def test_nothing_was_forecast_for_nothing() -> None:
    assert off(0.0, 2.0) == "2.00 s longer than forecast"


def test_what_differs_from_the_rehearsal_before_is_listed() -> None:
    said = Page(REHEARSAL).text
    assert "Rehearsal 2 was red" in said and "posts → entries, archive11981204" in said
    assert "slower: verify1.00 s for 5,300 rows, now 2.05 s for 5,391" in said
    assert "No earlier rehearsal of this plan" in Page(replace(REHEARSAL, rehearsal_before=None)).text
    sheet = load_workbook(io.BytesIO(render(REHEARSAL, "xlsx")), read_only=True)["Rehearsal before"]
    rows = list(sheet.iter_rows(values_only=True))
    assert ("verdict", "red", "green") in [row[:3] for row in rows]
