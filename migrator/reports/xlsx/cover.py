"""The first sheet: the verdict in one sentence, whose data it is about, what was left open, and a place to sign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl import Workbook

from migrator.outcomes import RunReport, Verdict
from migrator.reports import findings, rehearsed
from migrator.reports.sentence import sentence
from migrator.reports.xlsx import styles
from migrator.reports.xlsx.cells import Alarm, Cell, Walls
from migrator.reports.xlsx.sheet import Sheet
from migrator.reports.xlsx.styles import Style

_WIDTHS = (44, 108)


@dataclass(frozen=True, kw_only=True)
class Fact:
    label: str
    value: Cell


@dataclass(frozen=True, kw_only=True)
class Section:
    heading: str
    facts: tuple[Fact, ...]


def write_cover(workbook: Workbook, report: RunReport, *, footer: str, walls: Walls) -> None:
    """Write the sheet “Verdict”."""
    sheet = Sheet(workbook, "Verdict", widths=_WIDTHS, footer=footer, walls=walls)
    sheet.color_tab(styles.GREEN if report.verdict is Verdict.GREEN else styles.RED)
    _write_verdict(sheet, report)
    for section in _sections(report):
        sheet.append([])
        sheet.append([(section.heading, styles.HEADING), ("", styles.HEADING)], height=22)
        for fact in section.facts:
            sheet.append([(fact.label, styles.LABEL), (fact.value, _style(fact.value))])
    _write_decision(sheet)


def _write_verdict(sheet: Sheet, report: RunReport) -> None:
    badge = styles.GREEN_BADGE if report.verdict is Verdict.GREEN else styles.RED_BADGE
    words = sentence(report)
    sheet.append([(f"Report of {report.kind} {report.number} of plan {report.plan}  ·  Rapport", styles.NOTE)])
    sheet.append([(report.tenant, styles.TITLE)], height=28)
    sheet.append([(text, badge) for text in _badge(report)], height=26)
    sheet.append([("The verdict", styles.LABEL), (words.english, styles.STATEMENT)])
    sheet.append([("Le verdict", styles.LABEL), (words.french, styles.STATEMENT)])
    for told in rehearsed.waiver(report):
        sheet.append([(f"{told.english} · {told.french}", styles.LABEL), (Alarm(value=told.value), styles.ALARM_FACT)])


def _badge(report: RunReport) -> tuple[str, str]:
    if report.verdict is Verdict.RED:
        return "✗ Red", "✗ Rouge"
    if findings.has_reservations(report):
        return "✓ Green, with reservations", "✓ Vert, avec réserves"
    return "✓ Green", "✓ Vert"


def _style(value: Cell) -> Style:
    if isinstance(value, Alarm):
        return styles.ALARM_FACT
    return styles.AMOUNT_FACT if isinstance(value, float) else styles.FACT


# ── sections ────────────────────────────────────────────────────────────────────────────────────────────────
def _sections(report: RunReport) -> Iterator[Section]:
    yield Section(heading="Identity and scope  ·  Identité et périmètre", facts=tuple(_identity(report)))
    yield Section(heading="Rows  ·  Lignes", facts=tuple(_figures(report)))
    if report.forecast is not None:
        heading = "Forecast of the migration  ·  Prévision de la migration"
        yield Section(heading=heading, facts=tuple(_forecast(report)))
    yield Section(heading="Cost to the source  ·  Coût pour la source", facts=tuple(_cost(report)))
    yield Section(heading="Proof of the scope  ·  Preuve du périmètre", facts=tuple(_proof(report)))
    yield Section(heading="Digests  ·  Empreintes", facts=tuple(_digests(report)))
    yield Section(heading="What was not compared  ·  Ce qui n’a pas été comparé", facts=tuple(_limits(report)))
    yield Section(heading="What was not run  ·  Ce qui n’a pas été exécuté", facts=tuple(_not_run(report)))


def _identity(report: RunReport) -> Iterator[Fact]:
    facts = {
        "Tenant · client": report.tenant,
        "Plan": report.plan,
        "Seal · scellé": report.seal,
        "Archive": report.archive,
        "Key fingerprint · empreinte de clé": report.archive_fingerprint,
        **{f"Fence: {name} · borne": report.fence[name] for name in sorted(report.fence)},
        "Source": report.source,
        "Target · cible": report.target,
        "Run · exécution": report.run,
        "Started · début": report.started_at,
        "Finished · fin": report.finished_at,
        "Software · logiciel": report.tool,
    }
    if report.attempt > 1:
        facts["Attempt · tentative"] = f"{report.attempt}: the run was stopped, and went on where it was"
    if report.admission is not None:
        facts["Let through by · admise par"] = rehearsed.let_through(report) or "no rehearsal"
    yield from (Fact(label=label, value=value or "not recorded") for label, value in facts.items())


def _figures(report: RunReport) -> Iterator[Fact]:
    if report.equations:
        total = findings.totals(report)
        yield Fact(label="Archived · archivées", value=total.archive)
        yield Fact(label="Loaded · chargées", value=total.loaded)
        yield Fact(label="Merged · fusionnées", value=total.merged)
        yield Fact(label="Kept · gardées", value=total.kept)
        yield Fact(label="Rejected · rejetées", value=total.rejected)
        yield Fact(label="Excluded · exclues", value=total.excluded)
        yield _alarming("Unexplained · inexpliquées", findings.unexplained(report))
    if report.verification is not None:
        yield Fact(label="Compared · comparées", value=report.verification.compared)
        yield _alarming("Different · différentes", report.verification.different)
    if report.rollback is not None:
        yield Fact(label="Reversed · reprises", value=report.rollback.get("reversed", 0))
        yield Fact(label="Kept · gardées", value=report.rollback.get("kept", 0))
        yield _alarming("Failed · en échec", report.rollback.get("failed", 0))


def _alarming(label: str, count: int) -> Fact:
    return Fact(label=label, value=Alarm(value=count) if count else count)


def _forecast(report: RunReport) -> Iterator[Fact]:
    for told in rehearsed.forecast(report):
        yield Fact(label=f"{told.english} · {told.french}", value=told.value)


def _cost(report: RunReport) -> Iterator[Fact]:
    cost = report.source_cost
    if cost is None:
        yield Fact(label="", value="Not recorded: this run read no source, or its archive does not say.")
        return
    yield Fact(label="Statements · requêtes", value=cost.statements)
    yield Fact(label="Longest, seconds · la plus longue", value=cost.longest_seconds)
    yield Fact(label="It read · elle a lu", value=cost.longest_table or "not recorded")
    yield Fact(label="Waiting, seconds · attente de la source", value=cost.seconds)
    yield Fact(label="Rows read · lignes lues", value=cost.rows)
    yield Fact(label="Bytes read · octets lus", value=cost.bytes)


def _proof(report: RunReport) -> Iterator[Fact]:
    proof = report.scope_proof
    if proof is None:
        yield Fact(label="", value="Not recorded: the archive does not say how its scope was proven.")
        return
    yield Fact(label="Proof · preuve", value=proof.kind)
    yield Fact(label="Edges counted alike · liens comptés pareils", value=proof.edges)
    yield Fact(label="Equal sums of keys · sommes de clés égales", value=proof.summed)
    yield Fact(label="Rows led to the tenant · lignes menées", value=proof.walked)
    yield Fact(label="Rows that came along · venues avec", value=proof.guests)


def _digests(report: RunReport) -> Iterator[Fact]:
    if not report.digests:
        yield Fact(label="", value="No digest was recorded.")
    for name, digest in findings.digests(report):
        yield Fact(label=name.replace("_", " "), value=digest)
    as_before = findings.is_as_before(report)
    if as_before is not None:
        said = "The digest afterwards equals the one before the load."
        yield Fact(label="", value=said if as_before else Alarm(value=said.replace("equals", "differs from")))


def _limits(report: RunReport) -> Iterator[Fact]:
    limits = findings.limits(report)
    for limit in limits:
        yield Fact(label="", value=limit)
    if report.verification is None or not report.verification.compared:
        yield Fact(label="", value="Everything. · Tout.")
    elif not limits:
        yield Fact(label="", value="Nothing is reported as left out of the tables listed under Coverage.")


def _not_run(report: RunReport) -> Iterator[Fact]:
    if not report.not_run:
        yield Fact(label="", value="No test is recorded as left out.")
    for check in report.not_run:
        yield Fact(label="", value=f"{check.name}: {check.detail}" if check.detail else check.name)


# ── the place to sign ───────────────────────────────────────────────────────────────────────────────────────
_DECISION = (
    "Accepted / with reservations / refused · accepté / avec réserves / refusé",
    "Name and role · nom et qualité",
    "Date and signature · date et signature",
)


def _write_decision(sheet: Sheet) -> None:
    sheet.append([])
    sheet.append([("Decision  ·  Décision", styles.HEADING), ("", styles.HEADING)], height=22)
    sheet.append(
        [
            ("", styles.LABEL),
            (
                "This workbook reports what was measured; to accept it is a person’s decision. · "
                "Ce classeur rend compte de ce qui a été mesuré ; l’accepter est la décision d’une personne.",
                styles.FACT,
            ),
        ]
    )
    for label in _DECISION:
        sheet.append([(label, styles.TO_SIGN), ("", styles.TO_SIGN)], height=34)
