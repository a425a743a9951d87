"""A sheet being written: one row after the other, none of them kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as WrittenCell
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from migrator.reports.xlsx import styles
from migrator.reports.xlsx.cells import Alarm, Cell, Row, Walls, as_written, looks_like_a_formula
from migrator.reports.xlsx.styles import Style
from migrator.reports.xlsx.table import Column, Table

_A4 = "9"
_LINE, _TALLEST = 14.0, 409.0  # points; no row can be higher
_LETTERS = 1.1  # of size 10 in one unit of a column's width, less than there is room for


class Sheet:
    """One sheet, landscape and as wide as a page; `widths` are characters, column by column."""

    def __init__(self, workbook: Workbook, name: str, *, widths: Sequence[int], footer: str, walls: Walls) -> None:
        self._walls = walls
        self._styled: dict[tuple[int, Style, bool], WrittenCell] = {}
        self._sheet: Any = workbook.create_sheet(name)  # the stubs know little of a sheet that is streamed
        self.last = 0  # the row written last, counted from 1
        self._widths = widths
        for position, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(position)].width = width
        self._sheet.sheet_view.showGridLines = False
        self._sheet.sheet_format.defaultRowHeight, self._sheet.sheet_format.customHeight = _height(1), True
        self._set_up_for_print(footer)

    def _set_up_for_print(self, footer: str) -> None:
        sheet = self._sheet
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", _A4
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        margins = sheet.page_margins
        margins.left, margins.right, margins.top = 0.5, 0.5, 0.6
        sheet.oddFooter.left.text = footer.replace("&", "&&")
        sheet.oddFooter.right.text = "&A  ·  &P / &N"

    @property
    def room(self) -> int:
        """How many rows still fit."""
        return self._walls.rows - self.last

    def color_tab(self, color: str) -> None:
        self._sheet.sheet_properties.tabColor = color

    def freeze_below(self, row: int) -> None:
        """Keep the rows down to this one in sight, and print it on every page; before the first `append`."""
        self._sheet.freeze_panes = f"A{row + 1}"
        self._sheet.print_title_rows = f"{row}:{row}"

    def filter_by(self, head: int, width: int) -> None:
        """Let the rows from the head to the last one be filtered."""
        self._sheet.auto_filter.ref = f"A{head}:{get_column_letter(width)}{self.last}"

    def append(self, cells: Iterable[tuple[Cell, Style]], *, height: float | None = None) -> None:
        """Write one row, as high as its texts unless told a height in points."""
        self.last += 1
        row = [self._cell(position, value, style) for position, (value, style) in enumerate(cells)]
        height = height or _height(self._lines(row))
        if height > _height(1):
            self._sheet.row_dimensions[self.last].height = height
        self._sheet.append(row)
        self._sheet.row_dimensions.pop(self.last, None)  # written by now: what was kept of it would only grow

    def _lines(self, row: Sequence[WrittenCell]) -> int:
        """How many lines the tallest text wraps to: not every program measures this when it opens a file."""
        cells = zip(row, self._widths, strict=False)
        return max((_lines(cell, width) for cell, width in cells if cell.alignment.wrap_text), default=1)

    def _cell(self, position: int, value: Cell, style: Style) -> WrittenCell:
        written = as_written(value.value if isinstance(value, Alarm) else value, self._walls)
        is_text = isinstance(written, str)
        cell = self._empty(position, style, is_quoted=is_text and looks_like_a_formula(str(written)))
        cell.value = written
        if is_text:
            cell.data_type = "s"  # also where it begins as a formula does
        return cell

    def _empty(self, position: int, style: Style, *, is_quoted: bool) -> WrittenCell:
        """A cell to fill: styled once and filled anew in every row, for the library compares each style with all."""
        key = (position, style, is_quoted)
        if key not in self._styled:
            self._styled[key] = self._made(style, is_quoted=is_quoted)
        return self._styled[key]

    def _made(self, style: Style, *, is_quoted: bool) -> WrittenCell:
        cell = WriteOnlyCell(self._sheet)
        cell.quotePrefix = is_quoted
        cell.font, cell.alignment, cell.number_format = style.font, style.alignment, style.number
        if style.fill is not None:
            cell.fill = style.fill
        if style.border is not None:
            cell.border = style.border
        return cell


def _lines(cell: WrittenCell, width: int) -> int:
    room = width * _LETTERS * 10 / cell.font.size
    return sum(max(1, ceil(len(line) / room)) for line in str(cell.value).split("\n"))


def _height(lines: int) -> float:
    return min(lines * _LINE + 2, _TALLEST)


def write_table(workbook: Workbook, table: Table, *, footer: str, walls: Walls) -> None:
    """Write one sheet: title, what it says, the total, the head, and as many rows as there is room for."""
    sheet = Sheet(workbook, table.name, widths=[column.width for column in table.columns], footer=footer, walls=walls)
    head = 4 if table.total else 3
    sheet.freeze_below(head)
    if table.is_alarming:
        sheet.color_tab(styles.RED)
    sheet.append([(f"{table.english}  ·  {table.french}", styles.TITLE)], height=26)
    sheet.append([(table.about, styles.NOTE)], height=20)
    if table.total:
        sheet.append(_styled(table.total, table))
    sheet.append((column.head, styles.NUMBER_HEAD if column.counts else styles.HEAD) for column in table.columns)
    hidden = _write_rows(sheet, table)
    if len(table.rows) > hidden:
        sheet.filter_by(head, len(table.columns))
    if hidden:
        sheet.append([(Alarm(value=_not_shown(hidden)), styles.ALARM)])


def _write_rows(sheet: Sheet, table: Table) -> int:
    """How many rows found no room."""
    fitting = len(table.rows) if len(table.rows) <= sheet.room else sheet.room - 1
    for row in table.rows[:fitting]:
        sheet.append(_styled(row, table))
    return len(table.rows) - fitting


def _not_shown(rows: int) -> str:
    return f"{rows:,} more rows are not shown: a sheet ends here; the JSON report holds them all"


def _styled(row: Row, table: Table) -> Iterator[tuple[Cell, Style]]:
    for value, column in zip(row, table.columns, strict=True):
        yield value, _style(value, column)


def _style(value: Cell, column: Column) -> Style:
    if isinstance(value, Alarm):
        return styles.ALARM_NUMBER if column.counts else styles.ALARM
    if isinstance(value, float):
        return styles.SECONDS
    return styles.NUMBER if column.counts else styles.TEXT
