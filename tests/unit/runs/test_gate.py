"""A migration is let through by the last rehearsal, if it vouches for this plan, mapping and schemas; or by a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from migrator.outcomes import RunReport, SealParts, Verdict
from migrator.runs.catalog import Catalog
from migrator.runs.gate import Gate, gate, rehearsals
from migrator.runs.records import RunRecord
from storage.errors import Fault, Misuse, Red
from tests.unit.reports.report_samples import REHEARSAL

PARTS = SealParts(plan="p", mapping="m", source="s", target="t")
WEEK = timedelta(days=7)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield catalog
    catalog.close()


def rehearsed(catalog: Catalog, verdict: Verdict = Verdict.GREEN, parts: SealParts = PARTS) -> RunRecord:
    run = catalog.start(kind="rehearsal", plan="exit", tenant="acme", seal=parts.seal)
    catalog.finish(run, verdict=verdict, error=Red("unmapped column") if verdict is Verdict.RED else None)
    return catalog.run(run.run_id)


def asked(
    catalog: Catalog, parts: SealParts = PARTS, *, later: timedelta = timedelta(0), report: RunReport | None = None
) -> Gate:
    now = datetime.now(UTC) + later
    found = rehearsals(catalog.runs(plan="exit"), "acme")
    return gate(found, parts, WEEK, lambda _run: report, now=now)


def test_a_green_rehearsal_of_the_same_seal_lets_through(catalog: Catalog) -> None:
    run = rehearsed(catalog)
    admission = asked(catalog).admit("plan.yaml", None)
    assert (admission.rehearsal, admission.number, admission.missing, admission.waived) == (run.run_id, 1, "", "")


def test_without_a_rehearsal_it_is_closed_and_says_what_to_do(catalog: Catalog) -> None:
    other = catalog.start(kind="rehearsal", plan="exit", tenant="other", seal=PARTS.seal)
    catalog.finish(other, verdict=Verdict.GREEN)
    with pytest.raises(Red, match="never rehearsed") as closed:
        asked(catalog).admit("plan.yaml", None)
    assert closed.value.where == "plan.yaml"
    assert "migrator rehearse plan.yaml" in closed.value.next and "--waive REASON" in closed.value.next


def test_the_last_one_counts(catalog: Catalog) -> None:
    rehearsed(catalog)
    red = rehearsed(catalog, Verdict.RED)
    with pytest.raises(Red, match="rehearsal 2, the last one, is red: unmapped column") as closed:
        asked(catalog).admit("plan.yaml", None)
    assert closed.value.where == red.run_id
    rehearsed(catalog)
    assert not asked(catalog).missing


def test_a_fault_is_an_answer_and_an_interruption_is_none(catalog: Catalog) -> None:
    rehearsed(catalog)
    catalog.park(catalog.start(kind="rehearsal", plan="exit", tenant="acme", seal=PARTS.seal))
    catalog.start(kind="rehearsal", plan="exit", tenant="acme", seal=PARTS.seal)  # under way
    assert not asked(catalog).missing
    catalog.fail(catalog.start(kind="rehearsal", plan="exit", tenant="acme", seal=PARTS.seal), Fault("disk full"))
    assert asked(catalog).missing == "rehearsal 4, the last one, failed: disk full"


def test_it_grows_old(catalog: Catalog) -> None:
    rehearsed(catalog)
    assert not asked(catalog, later=WEEK - timedelta(hours=1)).missing
    old = asked(catalog, later=timedelta(days=9, hours=1)).missing
    assert old == "rehearsal 1, the last one, is 9 days old, and the plan wants one of at most 7 days"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (replace(PARTS, mapping="other"), "the mapping changed"),
        (replace(PARTS, plan="other", target="other"), "the plan and the target's schema changed"),
        (replace(PARTS, source="other"), "the source's schema changed"),
    ],
)
def test_what_changed_since_is_named_where_the_report_lies_here(
    catalog: Catalog, changed: SealParts, said: str
) -> None:
    rehearsed(catalog)
    missing = asked(catalog, changed, report=replace(REHEARSAL, seal_parts=PARTS)).missing
    assert missing == f"{said} since rehearsal 1, the last one"
    for report in (None, replace(REHEARSAL, seal_parts=None)):  # elsewhere, or of an older version
        assert asked(catalog, changed, report=report).missing.startswith("the plan, the mapping or a schema changed")


def test_a_reason_opens_it_and_is_kept_with_what_was_missing(catalog: Catalog) -> None:
    admission = asked(catalog).admit("plan.yaml", "  the board\n wants it tonight ")
    assert (admission.waived, admission.rehearsal) == ("the board wants it tonight", "")
    assert "never rehearsed" in admission.missing
    rehearsed(catalog)
    needless = asked(catalog).admit("plan.yaml", "just in case")
    assert (needless.waived, needless.missing, needless.number) == ("just in case", "", 1)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_waiver_without_a_reason_is_a_misuse(catalog: Catalog, reason: str) -> None:
    rehearsed(catalog)
    with pytest.raises(Misuse, match="without a reason"):
        asked(catalog).admit("plan.yaml", reason)


def test_what_a_migration_was_let_through_by_can_be_told_later(catalog: Catalog) -> None:
    first = rehearsed(catalog)
    began = datetime.now(UTC)
    rehearsed(catalog, Verdict.RED)
    assert [run.run_id for run in rehearsals(catalog.runs(), "acme", by=began)] == [first.run_id]
