"""The page somebody signs: complete, self-contained, and honest about what was not done."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from migrator.outcomes import (
    ArchivedTable,
    ColumnFate,
    Difference,
    Equation,
    RunReport,
    Verdict,
)
from migrator.reports import FORMATS, render
from migrator.reports.chart import LEAST, WIDTH, bars
from migrator.reports.findings import absences, has_reservations, is_as_before
from storage.errors import Misuse
from tests.unit.reports.report_samples import EMPTY, GREEN, RED, ROLLBACK, ROLLBACK_KEPT, SAMPLES, VERIFICATION

HOSTILE = "\"'><script>alert(1)</script><img src=https://example.org/x>"
SECTIONS = (
    "identity",
    "scope",
    "coverage",
    "equations",
    "differences",
    "integrity",
    "columns",
    "rows",
    "method",
    "commands",
    "timings",
)


class Page(HTMLParser):
    """What a browser would make of the page: tags, attributes, text; every element closed."""

    void = frozenset({"meta", "br", "wbr", "rect", "circle", "path", "img", "link"})

    def __init__(self, report: RunReport) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(render(report, "html").decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        # the end tags of these may be left out; none is
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, attributes in self.tags for key, value in attributes.items() if key == name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_page_is_whole_and_loads_nothing(name: str) -> None:
    page = Page(SAMPLES[name])
    assert page.open == []
    assert page.attributes("src") == []
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "img", "object", "form"}
    assert all(target.startswith("#") for target in page.attributes("href"))
    markup = render(SAMPLES[name], "html").decode()
    assert "@import" not in markup
    assert not re.findall(r"url\((?!#)", markup)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_section_is_there_and_reachable(name: str) -> None:
    page = Page(SAMPLES[name])
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {target.removeprefix("#") for target in page.attributes("href")} <= set(ids)
    assert set(SECTIONS) <= set(ids)
    assert [scope for tag, attributes in page.tags if tag == "th" for scope in [attributes.get("scope")]].count(
        None
    ) == 0
    assert {attributes.get("aria-label") for tag, attributes in page.tags if attributes.get("role") == "img"} == {
        bar.text for bar in bars(SAMPLES[name].equations)
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_report_gives_the_same_page(name: str) -> None:
    assert render(SAMPLES[name], "html") == render(SAMPLES[name], "html")


def test_hostile_names_and_values_stay_text() -> None:
    report = replace(
        RED,
        tenant=HOSTILE,
        plan=HOSTILE,
        archive=HOSTILE,
        fence={HOSTILE: HOSTILE},
        excluded_tables={HOSTILE: HOSTILE},
        scope=(ArchivedTable(table=HOSTILE, kind="owned", path=HOSTILE, rows=1),),
        equations=(Equation(source=HOSTILE, target=HOSTILE, kind=HOSTILE, archive=1, loaded=1),),
        columns=(ColumnFate(table=HOSTILE, column=HOSTILE, fate="dropped", reason=HOSTILE),),
        digests={HOSTILE: HOSTILE},
        verification=replace(
            VERIFICATION,
            not_compared=(HOSTILE,),
            different=1,
            differences=(
                Difference(table=HOSTILE, key={HOSTILE: HOSTILE}, column=HOSTILE, expected=HOSTILE, actual=""),
            ),
        ),
    )
    page = Page(report)
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert page.text.count("alert(1)") > 10


def test_a_broken_character_does_not_break_the_page() -> None:
    difference = Difference(table="t", key={"id": "\udc80"}, column="c", expected="a\x00b", actual="a\u202eb")
    text = Page(replace(RED, tenant="\udc80", verification=replace(VERIFICATION, differences=(difference,)))).text
    assert "U+DC80" in text
    assert "\u2400" in text
    assert "U+202E" in text
    assert "\u202e" not in text


def test_the_verdict_comes_in_two_languages_with_what_carries_it() -> None:
    text = Page(RED).text
    assert (
        "cannot be accepted: of 5,391 rows compared, 7 differ; 9 rows are unexplained; 3 problems were found." in text
    )
    assert "sur 5\u202f391 lignes comparées, 7 diffèrent" in render(RED, "html").decode()
    assert "✗ Red" in text.replace("✗Red", "✗ Red")


def test_nothing_compared_is_never_told_as_equal() -> None:
    for report in (replace(GREEN, verification=None), replace(GREEN, verification=replace(VERIFICATION, compared=0))):
        text = Page(report).text
        assert "nothing in the target was compared" in text
        assert "without a difference" not in text
        assert has_reservations(report)


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (
            ROLLBACK,
            "5,442 rows reversed, none kept, none failed; the digest afterwards equals the one before the load.",
        ),
        (
            ROLLBACK_KEPT,
            "5,437 rows reversed, 4 kept because of later edits, 1 failed; the digest afterwards differs",
        ),
    ],
)
def test_a_rollback_says_what_it_reversed_kept_and_failed(report: RunReport, says: str) -> None:
    assert says in Page(report).text


def test_what_was_not_run_and_not_compared_is_listed() -> None:
    text = Page(GREEN).text
    assert "verification from the CSV master: not asked for (--deep)" in text
    assert "sequences of agora.db: they only advance" in text
    assert "entries: search_text: filled by a trigger of the target" in text


def test_empty_sections_say_so() -> None:
    text = Page(EMPTY).text
    for said in ("nothing was compared", "no edges", "No digest", "No column", "No timing", "records no load"):
        assert said in text


def test_the_cost_to_the_source_is_told_or_said_to_be_unknown() -> None:
    assert "148" in Page(GREEN).text and "2.25 s (posts)" in Page(GREEN).text and "3.0 MiB" in Page(GREEN).text
    assert "does not say what its snapshot asked" in Page(EMPTY).text


def test_the_proof_of_the_scope_is_told_or_said_to_be_unknown() -> None:
    told = Page(GREEN).text.partition("Proof of the scope")[2]
    assert "personne d’autrefull" in told and "pareils31" in told and "égales29" in told and "4,911" in told
    assert "does not say how its scope was proven" in Page(EMPTY).text


def test_what_is_left_behind_is_listed_once_with_its_reason() -> None:
    dropped = ColumnFate(table="badges", column="icon", fate="dropped", reason="the new product has no badges")
    found = {
        (absence.kind, absence.what, absence.rows)
        for absence in absences(replace(GREEN, columns=(*GREEN.columns, dropped)))
    }
    assert found == {
        ("excluded", "table audit_log", None),
        ("dropped", "table badges", None),
        ("dropped", "column members.password_hash", None),
        ("rejected", "rows of members → accounts", 2),
        ("kept", "rows of members → accounts", 1),
        ("rejected", "rows of members → profiles", 2),
        ("excluded", "rows of posts → entries", 6),
    }
    assert "internal log, not exportable (contract annex 3)" in Page(GREEN).text


def test_a_loss_the_plan_accepted_is_listed_with_its_reason() -> None:
    report = replace(GREEN, accepted_losses={"sensors.reading": "lossy: in a form nobody can read (ticket 118)"})
    assert ("lossy", "exact values of column sensors.reading") in [(one.kind, one.what) for one in absences(report)]
    assert "in a form nobody can read (ticket 118)" in Page(report).text


@pytest.mark.parametrize(
    ("kind", "digests", "answer"),
    [
        ("rehearsal", {"before": "1:a", "loaded": "2:b", "after": "1:a"}, True),
        ("rehearsal", {"before": "1:a", "after": "2:b"}, False),
        ("rollback", {"before_load": "1:a", "after": "1:a"}, True),
        ("rollback", {"after": "1:a"}, None),
        ("migration", {"before": "1:a", "after": "1:a"}, None),
    ],
)
def test_only_what_was_undone_is_compared_with_what_was_before(
    kind: str, digests: dict[str, str], answer: bool | None
) -> None:
    assert is_as_before(replace(EMPTY, kind=kind, digests=digests)) is answer


def test_a_bar_shows_its_smallest_part_and_fills_its_width() -> None:
    equation = Equation(source="a", target="b", kind="1:1", archive=3_000_000, loaded=2_999_998, rejected=1)
    (bar,) = bars((equation,))
    assert [(segment.part, segment.rows) for segment in bar.segments] == [
        ("loaded", 2_999_998),
        ("rejected", 1),
        ("unexplained", 1),
    ]
    assert min(segment.width for segment in bar.segments) >= LEAST
    assert sum(segment.width for segment in bar.segments) == pytest.approx(WIDTH, abs=0.1)
    assert bar.text == "a → b: 3,000,000 in the archive; 2,999,998 loaded, 1 rejected, 1 unexplained"


def test_reservations_are_what_somebody_must_read_before_signing() -> None:
    clean = replace(
        GREEN,
        equations=(Equation(source="a", target="b", kind="1:1", archive=1, loaded=1),),
        columns=(),
        verification=replace(VERIFICATION, not_compared=(), tables=VERIFICATION.tables[:1]),
    )
    assert not has_reservations(clean)
    assert "with reservations ·" not in Page(clean).text.partition("Decision")[0]
    assert has_reservations(replace(clean, accepted_losses={"a.b": "lossy: agreed"}))
    lossy = ColumnFate(table="a", column="b", fate="converted", lossy=True)
    assert has_reservations(replace(clean, columns=(lossy,)))
    assert has_reservations(replace(clean, equations=(replace(clean.equations[0], loaded=0, rejected=1),)))


def test_the_commands_are_for_this_run_and_safe_to_paste() -> None:
    text = Page(replace(GREEN, archive="/srv/it's here; rm -rf x")).text
    assert f"migrator verify {GREEN.run}" in text
    assert "migrator archive check '/srv/it'\"'\"'s here; rm -rf x'" in text
    assert "check-archive.sh --key" not in Page(replace(ROLLBACK, archive_fingerprint="")).text


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(Misuse) as refused:
        render(EMPTY, "htm")
    assert "html" in refused.value.next
    assert all(name in refused.value.next for name in FORMATS)


def test_a_run_of_another_kind_still_has_its_verdict_said() -> None:
    assert "The delta of" in Page(replace(EMPTY, kind="delta", verdict=Verdict.GREEN)).text


# ── what left with the tenant ───────────────────────────────────────────────────────────────────────────────
def test_the_scope_is_drawn_as_a_tree() -> None:
    text = Page(GREEN).text
    for line in ("└ companies", "├ members", "│ └ posts", "│ └ comments", "└ groups"):
        assert line in text, line
    assert text.index("comments.post_id → posts.id") < text.index("groups.company_id") < text.index("shared with other")
    assert "1 in full, 2 by key alone" in text


def test_three_hundred_tables_are_folded_and_the_largest_shown() -> None:
    tables = tuple(
        ArchivedTable(
            table=f"t{number}", kind="owned", path="", rows=number, parents=(f"t{number - 1}",) if number else ()
        )
        for number in range(300)
    )
    page = Page(replace(GREEN, scope=tables))
    assert [tag for tag, _ in page.tags].count("details") == 1
    assert page.text.index("t299") < page.text.index("All 300 tables as a tree") < page.text.index("└ t00")
    assert len(render(replace(GREEN, scope=tables), "html")) - len(render(GREEN, "html")) < 150_000
