"""The report's sheets: what each shows of the one report, and what it says where the report holds nothing."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.outcomes import Check, Difference, Equation, RunReport
from migrator.reports import findings, rehearsed
from migrator.reports.chart import PARTS
from migrator.reports.visible import plain, plain_compared
from migrator.reports.xlsx.cells import Alarm, Cell, Row
from migrator.reports.xlsx.scope import scope_table
from migrator.reports.xlsx.table import Column, Table
from storage.problem import Problem


def tables(report: RunReport) -> tuple[Table, ...]:
    """Every sheet after the first, in order; problems, notes and the rehearsal before have one where there are any."""
    always = (
        scope_table(report),
        _equations(report),
        _coverage(report),
        _differences(report),
        _ledger(report),
        _columns(report),
    )
    found = [table for table in (_problems(report), _notes(report)) if table.rows]
    before = (_before(report),) if report.rehearsal_before else ()
    return (*always, *found, _checks(report), _timings(report), *before)


def _alarmed(value: int, is_alarming: bool) -> Cell:
    return Alarm(value=value) if is_alarming else value


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────────
_PARTS_IN_FRENCH = {
    "loaded": "chargées",
    "merged": "fusionnées",
    "kept": "gardées",
    "rejected": "rejetées",
    "excluded": "exclues",
    "unexplained": "inexpliquées",
}


def _equations(report: RunReport) -> Table:
    lost = findings.unexplained(report)
    return Table(
        name="Equations",
        english="Every row accounted for",
        french="Chaque ligne justifiée",
        about="archive = loaded + merged + kept + rejected + excluded, edge by edge; unexplained must be 0. "
        "A row that two edges read counts twice."
        if report.equations
        else "This report has no edges: no archived row was to be loaded.",
        columns=(
            Column(english="Source table", french="table source", width=26),
            Column(english="Target table", french="table cible", width=26),
            Column(english="Kind", french="genre", width=10),
            Column(english="Archive", french="archive", width=14, counts=True),
            *(
                Column(english=part.capitalize(), french=_PARTS_IN_FRENCH[part], width=16, counts=True)
                for part in PARTS
            ),
        ),
        rows=[_equation(equation, equation.unexplained) for equation in report.equations],
        total=("All edges", *_equation(findings.totals(report), lost)[1:]) if report.equations else (),
        is_alarming=lost != 0,
    )


def _equation(equation: Equation, unexplained: int) -> Row:
    is_total = equation.kind == "total"
    return (
        equation.source,
        "" if is_total else equation.target,
        "" if is_total else equation.kind,
        equation.archive,
        equation.loaded,
        equation.merged,
        equation.kept,
        equation.rejected,
        equation.excluded,
        _alarmed(unexplained, unexplained != 0),
    )


def _coverage(report: RunReport) -> Table:
    found = report.verification
    return Table(
        name="Coverage",
        english="What was compared",
        french="Ce qui a été comparé",
        about="Rows archive and mapping say should be there, rows found, and what was compared cell by cell."
        if found and found.tables
        else "No table was compared.",
        columns=(
            Column(english="Target table", french="table cible", width=30),
            Column(english="Expected", french="attendues", width=13, counts=True),
            Column(english="Found", french="trouvées", width=13, counts=True),
            Column(english="Compared", french="comparées", width=13, counts=True),
            Column(english="Different", french="différentes", width=13, counts=True),
            Column(english="Columns compared", french="colonnes comparées", width=50),
            Column(english="Not compared", french="non comparé", width=42),
        ),
        rows=[
            (
                table.table,
                table.expected,
                _alarmed(table.actual, table.actual != table.expected),
                table.compared,
                _alarmed(table.different, table.different != 0),
                ", ".join(table.columns),
                "; ".join(table.not_compared),
            )
            for table in (found.tables if found else ())
        ],
        is_alarming=bool(found and found.different),
    )


def _ledger(report: RunReport) -> Table:
    return Table(
        name="Ledger",
        english="What is not in the new system as it was, and why",
        french="Ce qui n’est pas dans le nouveau système tel quel, et pourquoi",
        about="Tables, columns and rows that were excluded, rejected, kept, dropped or merged."
        if report.equations
        else "This report records no load, so it cannot say.",
        columns=(
            Column(english="What", french="quoi", width=52),
            Column(english="It was", french="sort", width=13),
            Column(english="Rows", french="lignes", width=13, counts=True),
            Column(english="Reason", french="motif", width=76),
        ),
        rows=[
            *(
                (absence.what, absence.kind, "all" if absence.rows is None else absence.rows, absence.why)
                for absence in findings.absences(report)
            ),
            *_merged(report),
        ],
    )


def _merged(report: RunReport) -> Iterator[Row]:
    for equation in report.equations:
        if equation.merged:
            what = f"rows of {equation.source} → {equation.target}"
            yield what, "merged", equation.merged, "written over a row that the target had before"


def _columns(report: RunReport) -> Table:
    return Table(
        name="Columns",
        english="What became of every column",
        french="Le sort de chaque colonne",
        about="Every archived column was carried, converted or dropped."
        if report.columns
        else "No column is recorded.",
        columns=(
            Column(english="Source table", french="table source", width=26),
            Column(english="Source column", french="colonne source", width=26),
            Column(english="Fate", french="sort", width=12),
            Column(english="In the target", french="dans la cible", width=36),
            Column(english="How", french="comment", width=34),
            Column(english="Loses something", french="avec perte", width=14),
            Column(english="Reason", french="motif", width=40),
        ),
        rows=[
            (
                fate.table,
                fate.column,
                fate.fate,
                fate.target,
                fate.how,
                Alarm(value="lossy") if fate.lossy else "",
                fate.reason,
            )
            for fate in report.columns
        ],
    )


# ── findings ────────────────────────────────────────────────────────────────────────────────────────────────
def _differences(report: RunReport) -> Table:
    found = report.verification
    return Table(
        name="Differences",
        english="First differences",
        french="Premières différences",
        about=_of_differences(report),
        columns=(
            Column(english="Target table", french="table cible", width=24),
            Column(english="Key", french="clé", width=30),
            Column(english="Column", french="colonne", width=22),
            Column(english="Expected by archive + mapping", french="attendu", width=46),
            Column(english="Found in the target", french="trouvé", width=46),
        ),
        rows=[_difference(difference) for difference in (found.differences if found else ())],
        is_alarming=bool(found and found.different),
    )


def _of_differences(report: RunReport) -> str:
    found = report.verification
    if found is None or not found.compared:
        return "Nothing was compared, so no difference could be found."
    if not found.differences:
        return "None is listed." if found.different else "None, among what was compared."
    return (
        f"{len(found.differences):,} differences of {found.different:,} rows that differ, the first of each table. "
        "NULL is no value, '' an empty text, ␣ a space nobody would see."
    )


_ROWS = {"missing": ("a row", "no row"), "unexpected": ("no row", "a row")}


def _difference(difference: Difference) -> Row:
    key = ", ".join(f"{column} {plain(value)}" for column, value in difference.key.items())
    whole = _ROWS.get(difference.kind)
    expected, actual = whole or (
        plain_compared(difference.expected, difference.actual),
        plain_compared(difference.actual, difference.expected),
    )
    column = difference.column if difference.column and not whole else "whole row"
    return difference.table, key or "no key", column, expected, actual


_FINDING = (
    Column(english="Where", french="où", width=36),
    Column(english="What", french="quoi", width=50),
    Column(english="Count", french="nombre", width=12, counts=True),
    Column(english="Examples", french="exemples", width=32),
    Column(english="What to do", french="que faire", width=40),
)


def _problems(report: RunReport) -> Table:
    return Table(
        name="Problems",
        english="Problems",
        french="Problèmes",
        about="What is red, and what to do about it.",
        columns=_FINDING,
        rows=[_finding(problem) for problem in report.problems],
        is_alarming=True,
    )


def _notes(report: RunReport) -> Table:
    of_rollback = report.rollback is not None
    return Table(
        name="Rollback notes" if of_rollback else "Notes",
        english="Rows the rollback kept or could not take back" if of_rollback else "Rejected and kept rows",
        french="Lignes gardées ou non reprises" if of_rollback else "Lignes rejetées et gardées",
        about="Rows somebody should look at; examples are keys.",
        columns=_FINDING,
        rows=[_finding(note) for note in report.notes],
    )


def _finding(problem: Problem) -> Row:
    examples = "\n".join(plain(example) for example in problem.examples)
    return problem.where, problem.what, problem.count, examples, problem.next


# ── the run ─────────────────────────────────────────────────────────────────────────────────────────────────
def _checks(report: RunReport) -> Table:
    run = report.verification.checks if report.verification else ()
    return Table(
        name="Checks",
        english="Checks",
        french="Contrôles",
        about="Tests of the target, and those that were not run."
        if run
        else "No check was run. What is listed was left out."
        if report.not_run
        else "No check was run.",
        columns=(
            Column(english="Check", french="contrôle", width=58),
            Column(english="Result", french="résultat", width=14),
            Column(english="Detail", french="détail", width=80),
        ),
        rows=[(check.name, _result(check), check.detail) for check in (*run, *report.not_run)],
        is_alarming=any(check.passed is False for check in run),
    )


def _result(check: Check) -> Cell:
    if check.passed is None:
        return "not run"
    return "passed" if check.passed else Alarm(value="failed")


def _timings(report: RunReport) -> Table:
    return Table(
        name="Timings",
        english="Timings",
        french="Durées",
        about="Wall time of each step." if report.timings else "No timing was recorded.",
        columns=(
            Column(english="Step", french="étape", width=44),
            Column(english="Seconds", french="secondes", width=16, counts=True),
            Column(english="Rows", french="lignes", width=16, counts=True),
            Column(english="Peak memory, bytes", french="mémoire maximale, octets", width=26, counts=True),
        ),
        rows=[
            (timing.step, timing.seconds, timing.rows or "", timing.peak_bytes or "not measured")
            for timing in report.timings
        ],
    )


def _before(report: RunReport) -> Table:
    before = report.rehearsal_before
    assert before is not None
    slower = [(f"slower: {step.step}", "", Alarm(value=rehearsed.slower(step))) for step in before.slower]
    return Table(
        name="Rehearsal before",
        english=f"What differs from rehearsal {before.number}",
        french=f"Ce qui diffère de la répétition {before.number}",
        about=f"{before.run}, {before.verdict}, ended {before.finished_at}."
        if before.changes or before.slower
        else f"Nothing differs from {before.run}, {before.verdict}, ended {before.finished_at}.",
        columns=(
            Column(english="What", french="quoi", width=52),
            Column(english="Before", french="avant", width=52),
            Column(english="Now", french="maintenant", width=52),
        ),
        rows=[*slower, *((change.what, change.before, change.now) for change in before.changes)],
        is_alarming=bool(slower),
    )
