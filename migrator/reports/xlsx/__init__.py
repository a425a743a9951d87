"""report.xlsx: the report as a workbook somebody can filter. Every figure is the report's own; there is no formula."""

from __future__ import annotations

from migrator.reports.xlsx.book import render_xlsx
from migrator.reports.xlsx.cells import EXCEL, Walls
from migrator.reports.xlsx.rows import write_rows

__all__ = ["EXCEL", "Walls", "render_xlsx", "write_rows"]
