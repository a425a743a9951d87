"""The workbook: its sheets in order, and a file whose bytes depend on the report alone."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from openpyxl import Workbook
from openpyxl.xml.constants import ARC_CORE
from openpyxl.xml.functions import tostring

from migrator.outcomes import RunReport
from migrator.reports.visible import readable
from migrator.reports.xlsx.cells import EXCEL, Walls
from migrator.reports.xlsx.cover import write_cover
from migrator.reports.xlsx.sheet import write_table
from migrator.reports.xlsx.tables import tables

_OLDEST = (1980, 1, 1, 0, 0, 0)  # what a zip file can say


def render_xlsx(report: RunReport, walls: Walls = EXCEL) -> bytes:
    """The workbook; the same report gives the same bytes. `walls` says where sheets and cells end."""
    workbook = Workbook(write_only=True)
    footer = readable(f"{report.tool} · {report.run}")
    write_cover(workbook, report, footer=footer, walls=walls)
    for table in tables(report):
        write_table(workbook, table, footer=footer, walls=walls)
    return _saved(workbook, report)


def _saved(workbook: Workbook, report: RunReport) -> bytes:
    hurried, settled = io.BytesIO(), io.BytesIO()
    workbook.save(hurried)
    properties = workbook.properties
    properties.title = readable(f"{report.kind} {report.number} · {report.plan} · {report.tenant}")
    properties.creator = readable(report.tool)
    properties.created = properties.modified = _moment(report.finished_at)
    with zipfile.ZipFile(hurried) as given, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as written:
        for member in given.infolist():
            # saving stamps the time of day on the properties and on every member
            content = tostring(properties.to_tree()) if member.filename == ARC_CORE else given.read(member)
            written.writestr(zipfile.ZipInfo(member.filename, _OLDEST), content, zipfile.ZIP_DEFLATED)
    return settled.getvalue()


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    except ValueError:
        return datetime(*_OLDEST)  # the sheet shows the text as it is
