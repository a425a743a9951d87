"""docs/fidelity.md, made of what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from storage.schema import Column
from storage.types import arrow_type
from tests.fidelity.case import Measured

DOCUMENT = Path(__file__).parents[2] / "docs" / "fidelity.md"
_LONGEST = 40
_ABOUT = """\
# Fidelity

What every type of a database becomes in an archive. This page is written by `python -m tests.fidelity`, which makes a
column of each type the server's own catalog knows, fills it with usual and extreme values, archives it, and reads the
archive with stock readers: pyarrow for the twin, RFC 4180 for the master. The fields of the master go back to the
server (given back), and `migrator restore` makes another database of the archive (restored). What the servers say of
both, by the types' own output functions, must be what was said of the values themselves. A test holds this page against
a new measurement.

It holds for the servers it was measured on, whose versions stand in the titles: PostgreSQL 15 and MariaDB 10.11 of
Debian 12, and Python's SQLite. A later version may have more types, or write one otherwise; it is measured when a test
runs on it, and what nobody has measured is decided by the same rules, from the server's own catalog.

| class | |
| --- | --- |
| exact | held as a type of its own, in Arrow and in the CSV master |
| text | exact too, held as the server's own text, or (SQLite) each value tagged with its storage class |
| lossy, unsupported | not held as it is: a snapshot is red until the plan accepts the column by name, with a reason |

The class is that of the *values*: a column of dates is `exact`, and `text` once a single one of them is infinite. Every
value of the archived rows is looked at, never a sample. What is accepted stands in the archive (`reports/losses.json`),
and in every report about it. [The format](archive-format.md) defines the text forms.
"""


def rendered(databases: Sequence[tuple[str, Sequence[Measured]]]) -> str:
    """The whole page."""
    return _ABOUT + "".join(f"\n## {title}\n\n{_table(measured)}" for title, measured in databases)


_HEAD = ("type", "values", "class", "archived as", "Arrow", "in the master", "given back", "restored")


def _table(measured: Sequence[Measured]) -> str:
    arrays = [one for one in measured if one.case.native.endswith("[]")]
    alike = [one for one in arrays if _outcome(one) == _outcome(arrays[0])]
    lines = [_HEAD, ["---"] * len(_HEAD), *(_row(one) for one in measured if one not in alike)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "".join(_arrays(alike))


def _arrays(alike: Sequence[Measured]) -> Iterator[str]:
    if alike:
        class_, archived_as, arrow, back, restored = _outcome(alike[0])
        yield f"\nArrays of {len(alike)} of these types (NULL among the values, no value, two dimensions that do not "
        yield f"begin at 1), `{alike[0].field}` and the like: {class_}, {archived_as}, {arrow}, given back {back}, "
        yield f"restored {restored}.\n"


def _row(one: Measured) -> list[str]:
    class_, archived_as, arrow, back, restored = _outcome(one)
    native = f"`{one.case.native}`" if one.case.native else "none"
    field = f"`{_shown(one.field)}`" if one.case.values else "–"
    return [native.replace("|", "\\|"), one.case.about, class_, archived_as, arrow, field, back, restored]


def _outcome(one: Measured) -> tuple[str, str, str, str, str]:
    back = "the server takes none back" if one.refused else _said_equal(one, one.wrong)
    restored = _said_equal(one, one.lost) if one.case.is_taken_back else "not at all"
    return one.column.fidelity.value, str(one.column.type), _arrow(one.column), back, restored


def _said_equal(one: Measured, wrong: Sequence[str]) -> str:
    if not one.case.values:
        return "–"
    return "not equal" if wrong else "equal"


def _arrow(column: Column) -> str:
    return str(arrow_type(column.type))


def _shown(field: str) -> str:
    """A field on one line, cut off where it is long."""
    short = field if len(field) <= _LONGEST else f"{field[:_LONGEST]}…"
    visible = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in short)
    return visible.replace("|", "\\|").replace("`", "'")
