"""The workbook a business owner filters: the report's own figures, texts that stay texts, and no silent end."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from migrator.outcomes import Check, ColumnFate, Difference, Equation, RunReport
from migrator.reports import render
from migrator.reports.findings import absences
from migrator.reports.scope import drawn
from migrator.reports.sentence import sentence
from migrator.reports.xlsx import EXCEL, Walls, render_xlsx
from storage.problem import Problem
from tests.unit.reports.report_samples import DIFFERENCES, GREEN, RED, ROLLBACK, ROLLBACK_KEPT, SAMPLES, VERIFICATION

Value: TypeAlias = str | int | float | None
Rows: TypeAlias = list[tuple[Value, ...]]
HOSTILE = ("=1+1", '=HYPERLINK("https://example.org")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0")
RECORDED = replace(GREEN, kind="verification", equations=(), columns=(), digests={}, timings=())


def opened(content: bytes) -> dict[str, Rows]:
    """Every sheet's rows, as a reader of the file finds them."""
    book = load_workbook(io.BytesIO(content), read_only=True)
    found = {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
    book.close()
    return found


def sheets(report: RunReport, walls: Walls = EXCEL) -> dict[str, Rows]:
    return opened(render_xlsx(report, walls))


def whole(report: RunReport) -> Workbook:
    return load_workbook(io.BytesIO(render_xlsx(report)))


def below_head(rows: Rows) -> Rows:
    """The rows of a table without the lines that introduce it: the head is the first that fills its width."""
    head = next(number for number, row in enumerate(rows) if number > 1 and row[0] != "All edges" and all(row))
    return rows[head + 1 :]


def facts(rows: Rows) -> dict[Value, Value]:
    return {row[0]: row[1] for row in rows if len(row) > 1 and row[0]}


# ── the figures are the report's ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", SAMPLES)
def test_the_first_sheet_says_the_verdict_in_two_languages_and_whose_it_is(name: str) -> None:
    report = SAMPLES[name]
    cover = sheets(report)["Verdict"]
    found = facts(cover)
    assert (found["The verdict"], found["Le verdict"]) == (sentence(report).english, sentence(report).french)
    assert (cover[1][0], found["Seal · scellé"], found["Archive"]) == (report.tenant, report.seal, report.archive)
    assert str(cover[2][0]).split()[1].strip(",").lower() == report.verdict
    assert {"Name and role · nom et qualité", "Date and signature · date et signature"} <= set(found)


def test_every_edge_is_a_row_and_what_is_unexplained_is_red() -> None:
    rows = below_head(sheets(RED)["Equations"])
    assert rows == [
        (e.source, e.target, e.kind, e.archive, e.loaded, e.merged, e.kept, e.rejected, e.excluded, e.unexplained)
        for e in RED.equations
    ]
    sheet = whole(RED)["Equations"]
    colors = {cell.value: cell.font.color.rgb for cell in sheet["J"][3:] if isinstance(cell.value, int)}
    assert colors[0] != colors[8] == colors[-1]
    assert sheet["A3"].value == "All edges"
    assert sheet["J3"].value == 9


def test_differences_tell_null_from_empty_from_blank() -> None:
    rows = below_head(sheets(RED)["Differences"])
    assert rows[0] == ("accounts", "id '8b1f'", "email", "NULL", "''")
    assert rows[1][3:] == ("''", "'␣'")
    assert rows[2][3] == "'Zoé␣␣Lefèvre␣'"
    assert rows[3][3:] == ("'Rene⟨U+0301⟩'", "'René'")
    assert str(rows[4][3]).endswith("rendez-vous le 12 janvier'")
    assert [row[2:] for row in rows[5:]] == [("whole row", "a row", "no row"), ("whole row", "no row", "a row")]


def test_the_ledger_holds_every_absence_and_what_was_merged() -> None:
    rows = below_head(sheets(GREEN)["Ledger"])
    told = [(a.what, a.kind, "all" if a.rows is None else a.rows, a.why or None) for a in absences(GREEN)]
    assert rows[:-1] == told
    assert rows[-1][:3] == ("rows of tags → labels", "merged", 23)


def test_columns_checks_and_timings_are_told_row_by_row() -> None:
    found = sheets(GREEN)
    birthday = ("members", "birthday", "converted", "profiles.birth_year", "split '-' 1", "lossy")
    assert below_head(found["Columns"])[3][:6] == birthday
    assert [row[:2] for row in below_head(found["Checks"])] == [
        ("foreign keys", "passed"),
        ("uniqueness", "passed"),
        ("an ordinary INSERT finds a free key", "passed"),
        ("files", "not run"),
        *((check.name, "not run") for check in GREEN.not_run),
    ]
    assert below_head(found["Timings"])[2] == ("merge", 0.34, 5442, "not measured")
    assert below_head(found["Coverage"])[2][:5] == ("entries", 5154, 5154, 5154, 0)


def test_what_was_not_compared_stands_on_the_first_sheet() -> None:
    said = {row[1] for row in sheets(GREEN)["Verdict"] if len(row) > 1}
    assert "entries: search_text: filled by a trigger of the target" in said
    assert "Everything. · Tout." in {row[1] for row in sheets(ROLLBACK)["Verdict"] if len(row) > 1}


def test_what_the_snapshot_cost_its_source_stands_on_the_first_sheet() -> None:
    cost = GREEN.source_cost
    assert cost is not None
    found = facts(sheets(GREEN)["Verdict"])
    assert (found["Statements · requêtes"], found["Rows read · lignes lues"]) == (cost.statements, cost.rows)
    assert found["Longest, seconds · la plus longue"] == cost.longest_seconds
    assert "Rows read · lignes lues" not in facts(sheets(replace(GREEN, source_cost=None))["Verdict"])


def test_the_proof_of_the_scope_stands_on_the_first_sheet() -> None:
    found = facts(sheets(GREEN)["Verdict"])
    assert (found["Proof · preuve"], found["Rows led to the tenant · lignes menées"]) == ("full", 4_911)
    assert "Proof · preuve" not in facts(sheets(replace(GREEN, scope_proof=None))["Verdict"])


def test_what_left_stands_in_the_order_of_the_tree_shared_tables_last() -> None:
    rows = below_head(sheets(GREEN)["Scope"])
    tables = {table.table: table for table in GREEN.scope}
    assert [row[0] for row in rows] == [f"{line.guide}{line.table.table}" for line in drawn(GREEN).owned] + [
        "countries"
    ]
    assert rows[0][0] == "└ companies" and {row[1] for row in rows} == tables.keys()
    for row in rows:
        table = tables[str(row[1])]
        assert row[2:] == (table.kind, table.rows, table.carried, table.stubs, table.path)
    total = next(row for row in sheets(GREEN)["Scope"] if row[0] == "All tables")
    assert total[3] == sum(table.rows for table in GREEN.scope)
    assert "does not say which tables" in str(sheets(replace(GREEN, scope=()))["Scope"][1][0])


def test_a_rollback_lists_what_it_kept() -> None:
    found = sheets(ROLLBACK_KEPT)
    assert facts(found["Verdict"])["Failed · en échec"] == 1
    assert [(row[0], row[2]) for row in below_head(found["Rollback notes"])] == [
        ("entries id=c0ffee", 1),
        ("spaces id=5", 3),
        ("accounts id=8b1f", 1),
    ]
    assert "Rollback notes" not in sheets(ROLLBACK)
    assert [row[0] for row in below_head(sheets(GREEN)["Notes"])] == ["members → accounts", "accounts"]


@pytest.mark.parametrize("report", [*SAMPLES.values(), RECORDED], ids=[*SAMPLES, "verification"])
def test_a_sheet_that_holds_nothing_says_so_and_every_other_can_be_filtered(report: RunReport) -> None:
    book = whole(report)
    for sheet in book.worksheets[1:]:
        frozen = int(str(sheet.freeze_panes)[1:])
        assert sheet.max_row >= frozen - 1
        assert bool(sheet.auto_filter.ref) == (sheet.max_row >= frozen)
        assert sheet["A2"].value
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
    assert book["Equations"]["A2"].value.startswith("archive =" if report.equations else "This report has no edges")


# ── texts stay texts ────────────────────────────────────────────────────────────────────────────────────────
def _hostile(text: str) -> RunReport:
    return replace(
        RED,
        tenant=text,
        plan=text,
        archive=text,
        fence={text: text},
        digests={text: text},
        excluded_tables={text: text},
        equations=(Equation(source=text, target=text, kind=text, archive=1, excluded=1, excluded_because=text),),
        columns=(ColumnFate(table=text, column=text, fate=text, target=text, how=text, reason=text),),
        problems=(Problem(where=text, what=text, examples=(text,), next=text),),
        not_run=(Check(name=text, passed=None, detail=text),),
        verification=replace(
            VERIFICATION,
            not_compared=(text,),
            differences=(Difference(table=text, key={text: text}, column=text, expected=text, actual=text),),
        ),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_is_ever_a_formula(text: str) -> None:
    report = _hostile(text)
    cells = [cell for sheet in whole(report).worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    as_it_is = [cell for cell in cells if cell.value == text]
    assert len(as_it_is) > 10 or not text.isprintable()
    assert all(cell.quotePrefix for cell in as_it_is)  # nor after somebody edits the cell
    with zipfile.ZipFile(io.BytesIO(render_xlsx(report))) as archive:
        assert not [name for name in archive.namelist() if re.search(rb"<f[ >]", archive.read(name))]


@given(st.text(st.characters() | st.sampled_from("\ud800\x00\x1f\u202e\uffff\r\n_xA0")))
def test_any_text_makes_a_workbook_that_opens(text: str) -> None:
    found = sheets(_hostile(text))
    assert len(below_head(found["Equations"])) == 1


def test_a_text_that_looks_like_an_escape_is_not_read_as_one() -> None:
    source = below_head(sheets(_hostile("_x0041_"))["Equations"])[0][0]
    assert source == "_x005F_x0041_"  # as ECMA-376 writes it; a spreadsheet shows _x0041_


def test_unseen_characters_are_spelled_out_and_long_numbers_keep_their_digits() -> None:
    text = "a\x00b\u202ec\ud800"
    equation = Equation(source=text, target="t", kind="1:1", archive=10**17 + 1, loaded=10**17 + 1)
    row = below_head(sheets(replace(GREEN, equations=(equation,)))["Equations"])[0]
    assert row[0] == "a␀b⟨U+202E⟩c⟨U+D800⟩"
    assert row[3] == "100000000000000001"


# ── where a sheet ends ──────────────────────────────────────────────────────────────────────────────────────
def _with(differences: int) -> RunReport:
    return replace(RED, verification=replace(VERIFICATION, differences=DIFFERENCES[:1] * differences))


@pytest.mark.parametrize(("differences", "shown", "hidden"), [(7, 7, 0), (8, 6, 2), (1000, 6, 994)])
def test_a_sheet_that_ends_says_how_much_is_missing(differences: int, shown: int, hidden: int) -> None:
    rows = below_head(sheets(_with(differences), replace(EXCEL, rows=10))["Differences"])
    last = f"{hidden} more rows are not shown: a sheet ends here; the JSON report holds them all"
    assert [row[0] for row in rows] == ["accounts"] * shown + [last] * bool(hidden)


def test_a_text_that_does_not_fit_its_cell_says_how_long_it_is() -> None:
    walls = replace(EXCEL, characters=60)
    difference = replace(DIFFERENCES[0], expected="🜁" * 100, actual="a" * 58)
    report = replace(RED, verification=replace(VERIFICATION, differences=(difference,)))
    row = below_head(sheets(report, walls)["Differences"])[0]
    assert re.fullmatch(r"'🜁+… \(cut: it has 102 characters\)", str(row[3]))
    assert len(str(row[3]).encode("utf-16-le")) <= 2 * 60
    assert row[4] == "'" + "a" * 58 + "'"


def test_no_text_is_cut_by_the_library_behind_our_back() -> None:
    difference = replace(DIFFERENCES[0], expected="x" * 40_000)
    report = replace(RED, verification=replace(VERIFICATION, differences=(difference,)))
    value = str(below_head(sheets(report)["Differences"])[0][3])
    assert len(value) == EXCEL.characters
    assert value.endswith("… (cut: it has 40,002 characters)")


# ── the file ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    first = render(SAMPLES[name], "xlsx")
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        assert b"2026-11-22T01:18:31Z" in archive.read("docProps/core.xml")
    assert render(SAMPLES[name], "xlsx") == first


def test_a_report_of_no_known_date_still_opens() -> None:
    assert facts(sheets(replace(GREEN, finished_at="yesterday"))["Verdict"])["Finished · fin"] == "yesterday"
