"""The verdict in one sentence, in English and in French; it claims nothing that was not compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migrator.outcomes import RunReport, Verdict
from migrator.reports.findings import is_as_before, unexplained


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """The same statement twice."""

    english: str
    french: str


_OPENINGS: dict[tuple[str, Verdict], tuple[str, str]] = {
    ("migration", Verdict.GREEN): (
        "The data of {tenant} is in the new system",
        "Les données de {tenant} sont dans le nouveau système",
    ),
    ("migration", Verdict.RED): (
        "The migration of {tenant} cannot be accepted",
        "La migration de {tenant} ne peut pas être acceptée",
    ),
    ("rehearsal", Verdict.GREEN): (
        "The migration of {tenant} was rehearsed in full and undone",
        "La migration de {tenant} a été répétée en entier puis défaite",
    ),
    ("rehearsal", Verdict.RED): (
        "The rehearsal for {tenant} found that the migration cannot be done as it stands",
        "La répétition pour {tenant} montre que la migration ne peut pas se faire en l’état",
    ),
    ("verification", Verdict.GREEN): (
        "The new system holds what archive and mapping say of {tenant}",
        "Le nouveau système contient ce que disent l’archive et la correspondance pour {tenant}",
    ),
    ("verification", Verdict.RED): (
        "The new system does not hold what archive and mapping say of {tenant}",
        "Le nouveau système ne contient pas ce que disent l’archive et la correspondance pour {tenant}",
    ),
    ("rollback", Verdict.GREEN): ("The load of {tenant} was taken back", "Le chargement de {tenant} a été repris"),
    ("rollback", Verdict.RED): (
        "The load of {tenant} was not taken back completely",
        "Le chargement de {tenant} n’a pas été entièrement repris",
    ),
}
_OTHER = ("The {kind} of {tenant} is {verdict}", "Opération « {kind} » de {tenant} : {verdict}")


def sentence(report: RunReport) -> Sentence:
    """The opening of this kind and verdict, then every fact that carries it."""
    opening = _OPENINGS.get((report.kind, report.verdict), _OTHER)
    values = {"tenant": report.tenant, "kind": report.kind, "verdict": report.verdict.value}
    english, french = (text.format(**values) for text in opening)
    facts = tuple(_facts(report))
    return Sentence(
        english=f"{english}: {'; '.join(fact.english for fact in facts)}.",
        french=f"{french} : {' ; '.join(fact.french for fact in facts)}.",
    )


def _facts(report: RunReport) -> Iterator[Sentence]:
    if report.masked_columns:
        yield _masked(len(report.masked_columns))
    yield _taken_back(report.rollback) if report.rollback is not None else _comparison(report)
    if count := unexplained(report):
        yield _counted(count, "row is unexplained", "rows are unexplained", "ligne inexpliquée", "lignes inexpliquées")
    if count := sum(problem.count for problem in report.problems):
        yield _counted(count, "problem was found", "problems were found", "problème trouvé", "problèmes trouvés")
    as_before = is_as_before(report)
    if as_before is not None:
        yield _AS_BEFORE if as_before else _NOT_AS_BEFORE


def _masked(count: int) -> Sentence:
    columns, colonnes = ("column", "colonne") if count == 1 else ("columns", "colonnes")
    return Sentence(
        english=f"the archive is masked, for tests: {count} {columns} of it never held the data as it was",
        french=f"l’archive est masquée, pour des essais : {count} {colonnes} n’y ont jamais contenu les vraies données",
    )


_AS_BEFORE = Sentence(
    english="the digest afterwards equals the one before the load",
    french="l’empreinte après égale celle d’avant le chargement",
)
_NOT_AS_BEFORE = Sentence(
    english="the digest afterwards differs from the one before the load",
    french="l’empreinte après diffère de celle d’avant le chargement",
)
_NOTHING = Sentence(
    english="nothing in the target was compared with the archive",
    french="rien dans la cible n’a été comparé à l’archive",
)


def _comparison(report: RunReport) -> Sentence:
    verification = report.verification
    if verification is None or not verification.compared:
        return _NOTHING
    if not verification.different:
        return _counted(
            verification.compared,
            "row was re-read and compared value by value, without a difference",
            "rows were re-read and compared value by value, without a difference",
            "ligne relue et comparée valeur par valeur, sans différence",
            "lignes relues et comparées valeur par valeur, sans différence",
        )
    different, compared = verification.different, verification.compared
    return Sentence(
        english=f"of {compared:,} rows compared, {different:,} {'differs' if different == 1 else 'differ'}",
        french=f"sur {_french(compared)} lignes comparées, {_french(different)} "
        + ("diffère" if different < 2 else "diffèrent"),
    )


_KEPT = (
    "kept because of later edits",
    "kept because of later edits",
    "gardée à cause de modifications ultérieures",
    "gardées à cause de modifications ultérieures",
)


def _taken_back(counts: dict[str, int]) -> Sentence:
    reversed_, kept, failed = (counts.get(name, 0) for name in ("reversed", "kept", "failed"))
    facts = (
        _counted(reversed_, "row reversed", "rows reversed", "ligne reprise", "lignes reprises"),
        _counted(kept, *_KEPT) if kept else Sentence(english="none kept", french="aucune gardée"),
        _counted(failed, "failed", "failed", "en échec", "en échec")
        if failed
        else Sentence(english="none failed", french="aucune en échec"),
    )
    return Sentence(english=", ".join(fact.english for fact in facts), french=", ".join(fact.french for fact in facts))


def _counted(count: int, one: str, many: str, une: str, plusieurs: str) -> Sentence:
    return Sentence(
        english=f"{count:,} {one if count == 1 else many}",
        french=f"{_french(count)} {une if count < 2 else plusieurs}",
    )


def _french(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")
