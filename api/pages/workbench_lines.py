"""What the workbench shows, line by line: each column with its fate, its problems, and what is suggested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.workbench_desk import Desk, Placed
from api.pages.workbench_edits import ColumnForm, column_form
from mappings.fates import Arriving, Fate, Leaving, arriving, leaving
from mappings.model import Edge
from mappings.used import read_columns
from migrator.engine.draft.mapping import ProposedColumn, proposed_columns
from storage.schema import Column, Kind, Table, Type

Fates = tuple[tuple[Fate, int], ...]
"""How many columns have each, in their own order."""

_UNKNOWN = Type(kind=Kind.VARIANT)
_FIRST = (Fate.UNMAPPED, Fate.DROPPED)


@dataclass(frozen=True, kw_only=True)
class ColumnLine:
    """A target column, what is written of it, what is wrong with it."""

    arriving: Arriving
    source: tuple[Column, ...]
    form: ColumnForm
    problems: tuple[Placed, ...]
    suggested: ProposedColumn | None

    @property
    def name(self) -> str:
        return self.arriving.column.name


@dataclass(frozen=True, kw_only=True)
class Lines:
    """`leaving` are the source columns this edge makes nothing of; `others` the problems that are about no column."""

    columns: tuple[ColumnLine, ...]
    leaving: tuple[Leaving, ...]
    others: tuple[Placed, ...]
    rows: int | None


@dataclass(frozen=True, kw_only=True)
class EdgeLine:
    number: int
    edge: Edge
    rows: int | None
    fates: Fates
    problems: int
    notes: int


@dataclass(frozen=True, kw_only=True)
class TableLine:
    """A source table that no edge leads from; `looked_up` where steps of others read it."""

    table: Table
    rows: int
    because: str
    looked_up: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        return not self.because and not self.looked_up


@dataclass(frozen=True, kw_only=True)
class Outstanding:
    """Tables without an edge on either side, and the problems that are about no edge and none of these tables."""

    sources: tuple[TableLine, ...]
    targets: tuple[Table, ...]
    problems: tuple[Placed, ...]


# ── one edge ────────────────────────────────────────────────────────────────────────────────────────────────
def lines(desk: Desk, number: int) -> Lines:
    """Every column of both sides of an edge."""
    edge = desk.mapping.edges[number]
    source, target = sides_of(desk, edge)
    problems = [one for one in desk.problems() if one.edge == number]
    suggested = {one.target: one for one in proposed_columns(edge, desk.mapping, source, target)}
    names = {f"{edge.target}.{name}" for name in target.column_names}
    reads = {name for column in edge.columns for name in read_columns(column, source)}
    left = leaving(desk.mapping, source)
    nowhere = {f"{edge.source}.{one.column.name}" for one in left if one.fate is Fate.UNMAPPED}
    return Lines(
        columns=tuple(
            ColumnLine(
                arriving=one,
                source=tuple(source.column(name) for name in one.reads if name in source.column_names),
                form=column_form(desk, number, one.column.name),
                problems=tuple(found for found in problems if found.place == f"{edge.target}.{one.column.name}"),
                suggested=suggested.get(one.column.name) if desk.archive and desk.target else None,
            )
            for one in arriving(edge, target, source)
        ),
        leaving=tuple(sorted((one for one in left if one.column.name not in reads), key=lambda one: _place(one.fate))),
        others=tuple(found for found in problems if found.place not in names | nowhere),
        rows=_rows(desk, edge.source),
    )


def _place(fate: Fate) -> int:
    """What is to be decided comes first."""
    return _FIRST.index(fate) if fate in _FIRST else len(_FIRST)


def suggested_form(shown: Lines, column: str) -> ColumnForm | None:
    """The form of a column as it is suggested."""
    found = next((one.suggested for one in shown.columns if one.name == column), None)
    if found is None:
        return None
    steps = (("remap", found.remap),) if found.remap else ()
    return ColumnForm(column=column, how="columns", inputs=found.source, steps=steps)


def sides_of(desk: Desk, edge: Edge) -> tuple[Table, Table]:
    """Both tables; where one is not known, what the mapping says of it."""
    reads = dict.fromkeys(name for column in edge.columns for name in column.inputs)
    names = [*reads, *(drop.name for drop in edge.dropped)]
    source = desk.source(edge.source) or _made_up(edge.source, list(dict.fromkeys(names)))
    target = desk.target_table(edge.target) or _made_up(edge.target, [column.target for column in edge.columns])
    return source, _with_unknown(target, edge)


def _made_up(name: str, columns: Sequence[str]) -> Table:
    return Table(name=name, columns=tuple(Column(name=column, type=_UNKNOWN) for column in columns))


def _with_unknown(target: Table, edge: Edge) -> Table:
    """What the mapping fills though the target has no such column has a line, too: its problem stands there."""
    unknown = [column.target for column in edge.columns if column.target not in target.column_names]
    if not unknown:
        return target
    made_up = _made_up(target.name, unknown)
    return Table(name=target.name, columns=(*target.columns, *made_up.columns), primary_key=target.primary_key)


def _rows(desk: Desk, table: str) -> int | None:
    known = {part.table.name: part.rows for part in desk.archive.tables} if desk.archive else {}
    return known.get(table)


# ── the whole mapping ───────────────────────────────────────────────────────────────────────────────────────
def edge_lines(desk: Desk) -> tuple[EdgeLine, ...]:
    """Every edge with what becomes of its target's columns, and of source columns that go nowhere."""
    problems = desk.problems()
    return tuple(
        EdgeLine(
            number=number,
            edge=edge,
            rows=_rows(desk, edge.source),
            fates=_fates(desk, edge),
            problems=sum(one.edge == number and not one.is_note for one in problems),
            notes=sum(one.edge == number and one.is_note for one in problems),
        )
        for number, edge in enumerate(desk.mapping.edges)
    )


def _fates(desk: Desk, edge: Edge) -> Fates:
    source, target = sides_of(desk, edge)
    found = Counter(one.fate for one in arriving(edge, target, source))
    return tuple((fate, found[fate]) for fate in Fate if found[fate])


def tally(desk: Desk) -> Fates:
    """Of all columns of the source, how many have each fate."""
    found = Counter(one.fate for table in desk.source_tables for one in leaving(desk.mapping, table))
    return tuple((fate, found[fate]) for fate in Fate if found[fate])


def outstanding(desk: Desk) -> Outstanding:
    filled = {table.name for table in desk.mapping.tables}
    reasons = {drop.name: drop.because for drop in desk.mapping.dropped_tables}
    sources = tuple(
        TableLine(
            table=part.table,
            rows=part.rows,
            because=reasons.get(part.table.name, ""),
            looked_up=_lookups(desk, part.table.name),
        )
        for part in (desk.archive.tables if desk.archive else ())
        if not desk.mapping.edges_from(part.table.name)
    )
    named = {one.table.name for one in sources if one.is_open}
    return Outstanding(
        sources=sources,
        targets=tuple(table for table in desk.target_tables if table.name not in filled),
        problems=tuple(one for one in desk.problems() if one.edge is None and one.place not in named),
    )


def _lookups(desk: Desk, table: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            f"{edge.target}.{column.target}"
            for edge, column, step in desk.mapping.steps()
            if any(name == table for name, _ in step.looked_up())
        )
    )
