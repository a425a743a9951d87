"""A table's rows as a sheet to be filtered: a courtesy. What a cell has no room for is said, and lies in the CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from migrator.reports.visible import readable
from migrator.reports.xlsx.cells import EXCEL, Walls, as_written, looks_like_a_formula

Value = str | int | float | None
_NAME_LENGTH = 31
_NOT_IN_NAMES = re.compile(r"[][:*?/\\']")


def write_rows(
    file: IO[bytes], name: str, columns: Sequence[str], rows: Iterable[Sequence[Value]], walls: Walls = EXCEL
) -> None:
    """Write a workbook of one sheet: the columns' names, then the rows. None becomes an empty cell."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(_NOT_IN_NAMES.sub("_", readable(name))[:_NAME_LENGTH] or "table")
    sheet.freeze_panes = "A2"

    def cell(value: Value, *, is_head: bool = False) -> object:
        written = as_written(value, walls) if value is not None else None
        if not isinstance(written, str):
            return written
        if not is_head and not looks_like_a_formula(written):
            return written
        made = WriteOnlyCell(sheet, value=written)
        made.data_type = "s"  # also where it begins as a formula does
        made.quotePrefix = looks_like_a_formula(written)
        if is_head:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(column, is_head=True) for column in columns])
    for row in rows:
        sheet.append([cell(value) for value in row])
    workbook.save(file)
