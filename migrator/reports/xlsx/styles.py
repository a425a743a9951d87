"""How cells look: black on white, grey heads, and red only where somebody must look."""

from __future__ import annotations

from dataclasses import dataclass, replace

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

INK, QUIET, RED, GREEN, PAPER = "1F2933", "5F6B76", "B42318", "1B6E3C", "FFFFFF"
_GREY, _RULE = "E9ECEF", "C3CAD1"

_LEFT = Alignment(vertical="top", horizontal="left", wrap_text=True)
_RIGHT = Alignment(vertical="top", horizontal="right", indent=1)
_LINE = Alignment(vertical="center")
_THIN = Border(bottom=Side(style="hair", color=_RULE))


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """One look of a cell, known by its name below; `number` is Excel's format of a number in it."""

    font: Font
    alignment: Alignment = _LEFT
    fill: PatternFill | None = None
    border: Border | None = None
    number: str = "General"


def _font(*, size: int = 10, bold: bool = False, color: str = INK) -> Font:
    return Font(name="Calibri", size=size, bold=bold, color=color)


def _filled(color: str) -> PatternFill:
    return PatternFill("solid", fgColor=color)


COUNT, AMOUNT = "#,##0", "#,##0.00"

TITLE = Style(font=_font(size=16, bold=True), alignment=_LINE)
HEADING = Style(font=_font(size=12, bold=True), alignment=_LINE, border=Border(bottom=Side(style="thin", color=INK)))
NOTE = Style(font=_font(color=QUIET), alignment=_LINE)
STATEMENT = Style(font=_font(size=12))
LABEL = Style(font=_font(color=QUIET))
FACT = replace(LABEL, font=_font(), number=COUNT)
TEXT = Style(font=_font(), border=_THIN)
NUMBER = Style(font=_font(), alignment=_RIGHT, border=_THIN, number=COUNT)
SECONDS = Style(font=_font(), alignment=_RIGHT, border=_THIN, number=AMOUNT)
ALARM = Style(font=_font(bold=True, color=RED), border=_THIN)
AMOUNT_FACT = replace(FACT, number=AMOUNT)
ALARM_FACT = replace(FACT, font=_font(bold=True, color=RED))
ALARM_NUMBER = Style(font=_font(bold=True, color=RED), alignment=_RIGHT, border=_THIN, number=COUNT)
HEAD = Style(
    font=_font(bold=True),
    alignment=Alignment(vertical="center", wrap_text=True),
    fill=_filled(_GREY),
    border=Border(bottom=Side(style="thin", color=INK)),
)
NUMBER_HEAD = replace(HEAD, alignment=Alignment(vertical="center", horizontal="right", indent=1, wrap_text=True))
GREEN_BADGE = Style(font=_font(size=14, bold=True, color=PAPER), alignment=_LINE, fill=_filled(GREEN))
RED_BADGE = Style(font=_font(size=14, bold=True, color=PAPER), alignment=_LINE, fill=_filled(RED))
TO_SIGN = Style(font=_font(color=QUIET), border=Border(bottom=Side(style="thin", color=INK)))
