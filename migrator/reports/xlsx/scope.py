"""The sheet of what left with the tenant: the archive's tables as a tree, and why their rows are there."""

from __future__ import annotations

from migrator.outcomes import RunReport
from migrator.reports.scope import Line, drawn
from migrator.reports.xlsx.cells import Row
from migrator.reports.xlsx.table import Column, Table


def scope_table(report: RunReport) -> Table:
    """Each table below the nearest one it is owned through, then the shared ones; the proof is on the cover."""
    lines = (*drawn(report).owned, *drawn(report).shared)
    return Table(
        name="Scope",
        english="What left with the tenant",
        french="Ce qui est parti avec le client",
        about="The archive's tables, each below the nearest one it is owned through. "
        "Rows of other tenants are there as the plan decides, in full or by their key alone."
        if lines
        else "This report does not say which tables the archive holds.",
        columns=(
            Column(english="Tree", french="arbre", width=44),
            Column(english="Table", french="table", width=28),
            Column(english="Its rows are", french="ses lignes sont", width=17),
            Column(english="Rows", french="lignes", width=14, counts=True),
            Column(english="Others’, in full", french="d’autres, entières", width=18, counts=True),
            Column(english="Others’, by key", french="d’autres, par clé", width=18, counts=True),
            Column(english="How they are known to be the tenant’s", french="à quoi on le sait", width=76),
        ),
        rows=[_row(line) for line in lines],
        total=_total(report) if lines else (),
    )


def _row(line: Line) -> Row:
    table = line.table
    return (
        f"{line.guide}{table.table}",
        table.table,
        table.kind,
        table.rows,
        table.carried,
        table.stubs,
        table.path,
    )


def _total(report: RunReport) -> Row:
    tables = report.scope
    counts = (sum(t.rows for t in tables), sum(t.carried for t in tables), sum(t.stubs for t in tables))
    return "All tables", "", "", *counts, ""
