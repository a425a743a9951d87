"""How a finished run is told: shared by rehearse, migrate and verify."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from migrator.cli.output import (
    equation_json,
    exit_code,
    print_equations,
    print_json,
    print_problems,
    print_verdict,
    stdout,
)
from migrator.outcomes import RunReport, Verification
from migrator.reports import rehearsed
from storage.problem import Problem

if TYPE_CHECKING:
    from migrator.service import Finished

_DIGESTS = ("before", "loaded", "after")
_OF_REHEARSALS = {"rehearsal": ("forecast", "rehearsal_before"), "migration": ("admission", "forecast")}


def tell(finished: Finished, words: str, *, json: bool) -> int:
    """Print the outcome; gives the exit code of its verdict."""
    report = finished.report
    if json:
        print_json(loaded_json(finished))
        return exit_code(report.verdict)
    if report.equations:
        print_equations(report.equations)
    if report.verification:
        _tell_verification(report.verification)
    print_problems(report.problems, heading="Problems")
    _tell_rehearsals(report)
    for name in _DIGESTS:
        if name in report.digests:
            stdout.print(f"digest {name:<7} {report.digests[name]}", markup=False, style="dim")
    print_verdict(report.verdict, f"{words} · run {report.run} · report {finished.report_path}")
    return exit_code(report.verdict)


def loaded_json(finished: Finished) -> dict[str, Any]:
    """The answer of rehearse, migrate and verify to a program."""
    report, verification = finished.report, finished.report.verification
    answer: dict[str, Any] = {
        "run": report.run,
        "kind": report.kind,
        "number": report.number,
        "verdict": report.verdict,
        "report": str(finished.report_path),
        "problems": [asdict(problem) for problem in report.problems],
    }
    if report.equations:
        answer["edges"] = [equation_json(equation) for equation in report.equations]
        answer["digest_before"] = report.digests["before"]
        answer["digest_after"] = report.digests["after"]
        answer["digest_loaded"] = report.digests["loaded"]
    for name in _OF_REHEARSALS.get(report.kind, ()):
        said = getattr(report, name)
        answer[name] = asdict(said) if said else None
    if verification:
        answer |= {
            "compared": verification.compared,
            "different": verification.different,
            "not_compared": verification.not_compared,
            "differences": [asdict(difference) for difference in verification.differences],
            "checks": [asdict(check) for check in verification.checks],
        }
    return answer


def _tell_rehearsals(report: RunReport) -> None:
    """What a rehearsal forecasts and what got slower; what a migration was let through by, and what it took."""
    for told in (*rehearsed.waiver(report), *rehearsed.forecast(report)):
        stdout.print(f"{told.english.lower()}: {told.value}", markup=False)
    for step in report.rehearsal_before.slower if report.rehearsal_before else ():
        stdout.print(f"slower than in the rehearsal before: {step.step}, {rehearsed.slower(step)}", markup=False)


def _tell_verification(verification: Verification) -> None:
    stdout.print(
        f"verified: {verification.compared} rows compared value by value, {verification.different} different,"
        f" {len(verification.not_compared)} columns not compared",
        markup=False,
    )
    for check in verification.checks:
        state = {True: "ok", False: "FAILED", None: "not run"}[check.passed]
        detail = f" ({check.detail})" if check.detail else ""
        stdout.print(f"  {state}: {check.name}{detail}", markup=False, style="dim")
    print_problems(
        [Problem(where=difference.place, what=difference.said) for difference in verification.differences[:20]],
        heading="First differences",
    )
