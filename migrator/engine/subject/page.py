"""A person's export as a page: one file, no script, nothing from elsewhere, every value escaped; French and English."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from migrator.engine.subject.cells import Cell, FilePlace
from migrator.engine.subject.mentions import REFERENCE, Mentions
from migrator.engine.subject.other_people import EMPTIED, ROW, WITHHELD, OtherPeople
from migrator.engine.subject.ownership import NOT_ABOUT, PEOPLE_STAY, VIEW_STAYS
from migrator.engine.subject.sought import By
from migrator.engine.subject.withheld import WithheldColumn
from migrator.plan.written import KEY
from storage.package import TablePart

_MOST_ROWS = 1_000  # of a table that the page shows; a browser reads them, and the files beside it have them all
_LONGEST = 10_000  # characters of a value that the page shows; the document beside it has them all
_FRENCH: dict[str, str] = {
    NOT_ABOUT: "rien n'y mène à la personne",
    PEOPLE_STAY: "ses lignes sont d'autres personnes",
    VIEW_STAYS: "une vue : ce qu'elle montre de la personne figure dans les tables qu'elle lit",
    REFERENCE: "référence",
    By.PHONE: "téléphone",
    By.NAME: "nom",
    By.KEY: "clé",
    By.SAID: "désigné par le plan",
}
"""What this program says itself; what a plan says is shown as somebody wrote it."""
_LEAVES = {
    KEY: "leur clé seule · their key alone",
    "null": "rien · nothing",
    WITHHELD: "rien · nothing",
    ROW: "leur ligne · their row",
    EMPTIED: "une ligne vidée · a row emptied of them",
}
_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # by which a value could reorder what stands around it
_CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0), *_DIRECTIONS} - {*b"\t\r\n"}, "\N{REPLACEMENT CHARACTER}")
_HEAD = """\
<!doctype html>
<html lang="fr"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem }}
section {{ overflow-x: auto }} table {{ border-collapse: collapse; margin: .5rem 0 2rem }}
th, td {{ border: 1px solid #888; padding: .3rem .6rem; text-align: start; vertical-align: top }}
td {{ white-space: pre-wrap; overflow-wrap: break-word; min-width: 4rem; max-width: 30rem; unicode-bidi: isolate }}
th {{ background: #8882 }} .none {{ opacity: .7 }}
</style></head><body>
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Whose platform the data was in, as of when, and the program that wrote it."""

    tenant: str
    as_of: str
    tool: str

    def parts(
        self,
        tables: Iterable[tuple[TablePart, Iterator[list[Cell]]]],
        stayed: Sequence[tuple[str, str]],
        withheld: Sequence[WithheldColumn],
        other_people: Sequence[OtherPeople],
        mentions: Mentions,
    ) -> Iterator[str]:
        """The page, piece by piece, the first rows of each table; memory is that of a row."""
        title = _shown(f"{self.tenant} : vos données · your data")
        yield _HEAD.format(title=title)
        yield f"<h1>{title}</h1>\n<p>État au · as of {_shown(self.as_of)}</p>\n"
        same = "<a href='subject.json'>subject.json</a>, <code>../csv/</code>"
        yield f"<p>Les mêmes données · the same data: {same}</p>\n"
        yield "<p><a href='#beside'>Ce qui n'y est pas, et qui d'autre · What is not in it, and who else</a></p>\n"
        for part, rows in tables:
            yield f"<h2>{_shown(part.table.name)} ({part.rows})</h2>\n"
            if part.rows == 1:
                yield from _upright(part.table.column_names, next(rows))
            else:
                yield from _table(part.table.column_names, itertools.islice(rows, _MOST_ROWS))
            yield from _rest(part)
        yield "<hr id='beside'>\n"
        yield from _named(other_people)
        yield from _mentioned(mentions)
        yield from _stayed(stayed)
        yield from _withheld(withheld)
        yield f"<p>{_shown(self.tool)}</p></body></html>\n"


def _table(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    yield "<section><table><thead><tr>"
    yield from (f"<th>{_shown(name)}</th>" for name in names)
    yield "</tr></thead><tbody>\n"
    for row in rows:
        yield "<tr>"
        yield from (f"<td dir='auto'>{_cell(cell)}</td>" for cell in row)
        yield "</tr>\n"
    yield "</tbody></table></section>\n"


def _upright(names: Sequence[str], row: Sequence[Cell]) -> Iterator[str]:
    """One row, a line for each column: a person is many columns."""
    yield "<section><table><tbody>\n"
    for name, cell in zip(names, row, strict=True):
        yield f"<tr><th>{_shown(name)}</th><td dir='auto'>{_cell(cell)}</td></tr>\n"
    yield "</tbody></table></section>\n"


def _rest(part: TablePart) -> Iterator[str]:
    if part.rows > _MOST_ROWS:
        files = ", ".join(f"<a href='../{_shown(one.path)}'>{_shown(one.path)}</a>" for one in part.csv)
        shown = f"Les {_MOST_ROWS} premières lignes sur {part.rows} · the first {_MOST_ROWS} of {part.rows} rows"
        yield f"<p>{shown}. Toutes · all of them: {files}</p>\n"


def _named(other_people: Sequence[OtherPeople]) -> Iterator[str]:
    if other_people:
        yield "<h2>Les autres personnes dans vos données · Other people in your data</h2>\n"
        rows = [(one.named_by, str(one.rows), _LEAVES[one.leaves]) for one in other_people]
        head = ("désignées par · named by", "lignes · rows", "ce qui y est d'elles · what of them is in it")
        yield from _table(head, rows)


def _withheld(withheld: Sequence[WithheldColumn]) -> Iterator[str]:
    if withheld:
        yield "<h2>Les colonnes retenues · Columns that are withheld</h2>\n"
        rows = [(one.table, one.column, one.reason) for one in withheld]
        yield from _table(("table", "colonne · column", "raison · reason"), rows)


def _mentioned(mentions: Mentions) -> Iterator[str]:
    yield "<h2>Où l'on vous mentionne ailleurs, hors de cet export · Places that mention you that are not in it</h2>\n"
    yield f"<p>Recherché · looked for: {_shown(', '.join(mentions.sought)) or '–'}</p>\n"
    rows = [(one.table, one.column, _both(one.by), str(one.rows)) for one in mentions.found]
    yield from _table(("table", "colonne · column", "par · by", "lignes · rows"), rows)
    yield f"<p>Non examiné · not looked into: {_shown(', '.join(mentions.not_searched)) or '–'}</p>\n"


def _stayed(stayed: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield "<h2>Ce qui n'est pas dans cet export · What is not in it</h2>\n"
    yield from _table(("table", "raison · reason"), [(table, _both(reason)) for table, reason in stayed])


def _both(text: str) -> str:
    return f"{_FRENCH[text]} · {text}" if text in _FRENCH else text


def _cell(cell: Cell) -> str:
    if cell is None:
        return "<span class='none'>–</span>"
    if isinstance(cell, FilePlace):
        return f"<a href='../{_shown(cell.path)}'>fichier · file</a>"
    if len(cell) > _LONGEST:
        return f"{_shown(cell[:_LONGEST])}… <em>({len(cell)} caractères · characters)</em>"
    return _shown(cell)


def _shown(text: str) -> str:
    """Escaped, and without control characters: a browser sees words and nothing else."""
    return html.escape(text.translate(_CONTROLS))
