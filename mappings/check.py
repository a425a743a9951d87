"""What is wrong with a mapping, as far as two schemas can tell: every problem, not the first one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.affinity import stored_type
from mappings.compile import chain_of, frame_of, placed
from mappings.condition import written
from mappings.crosswalk import Crosswalk, resolve
from mappings.default import left_out
from mappings.frame import Frame, required
from mappings.model import Edge, Mapping, TargetTable
from mappings.nearest import nearest
from mappings.sandbox import check_condition
from mappings.used import is_used, unmapped, used_columns
from storage.errors import Misuse
from storage.problem import Problem
from storage.schema import Kind, Table

__all__ = ["check_mapping", "unmapped"]


def check_mapping(mapping: Mapping, source: Sequence[Table], target: Sequence[Table]) -> tuple[Problem, ...]:
    """Every problem, `where` is `file:line table.column`; none means that `compile_mapping` accepts the mapping."""
    problems, crosswalks = _keys(mapping, source, target)
    frame = frame_of(source, target, crosswalks, tenant="check")
    for table in mapping.tables:
        problems += _target_table(mapping, table, frame)
    for edge in mapping.edges:
        problems += _edge(mapping, edge, frame)
    return (*problems, *_dropped(mapping, frame), *_unaccounted(mapping, source))


def _problem(mapping: Mapping, line: int, place: str, what: str, next: str = "") -> Problem:
    return Problem(where=mapping.where(line, place), what=what, next=next)


def _of(error: Misuse) -> Problem:
    return Problem(where=error.where, what=error.what, next=error.next)


def _keys(
    mapping: Mapping, source: Sequence[Table], target: Sequence[Table]
) -> tuple[list[Problem], dict[str, Crosswalk]]:
    problems, crosswalks = [], {}
    for remap in mapping.keys:
        try:
            with placed(mapping, remap.line, f"keys.{remap.table}"):
                crosswalks[remap.table] = resolve(mapping, source, target, remap)
        except Misuse as error:
            problems.append(_of(error))
    return problems, crosswalks


# ── target tables ───────────────────────────────────────────────────────────────────────────────────────────
def _target_table(mapping: Mapping, table: TargetTable, frame: Frame) -> Iterator[Problem]:
    if table.name not in frame.target:
        what = f"unknown target table {table.name!r}"
        yield _problem(mapping, table.line, table.name, what, nearest(table.name, frame.target))
        return
    columns = frame.target[table.name].column_names
    for name in table.match:
        place = f"{table.name}.{name}"
        if name not in columns:
            yield _problem(
                mapping, table.line, place, f"match names an unknown column {name!r}", nearest(name, columns)
            )
        elif not all(edge.column(name) for edge in table.edges):
            yield _problem(mapping, table.line, place, "a match column is not filled by every edge", "fill it")


# ── edges ───────────────────────────────────────────────────────────────────────────────────────────────────
def _edge(mapping: Mapping, edge: Edge, frame: Frame) -> Iterator[Problem]:
    yield from _kind(mapping, edge)
    if edge.source not in frame.source:
        what = f"unknown source table {edge.source!r}"
        yield _problem(mapping, edge.line, edge.target, what, nearest(edge.source, frame.source))
        return
    for expression, line in written(edge):
        try:
            with placed(mapping, line, edge.target):
                check_condition(expression, frame.source[edge.source])
        except Misuse as error:
            yield _of(error)
    if edge.target in frame.target:
        yield from _columns(mapping, edge, frame)
        yield from _unfilled(mapping, edge, frame.target[edge.target])


def _kind(mapping: Mapping, edge: Edge) -> Iterator[Problem]:
    if len(mapping.table(edge.target).edges) > 1:
        expected, why = "union", "its target table has several edges"
    elif len(mapping.edges_from(edge.source)) > 1:
        expected, why = "split", "its source table feeds several edges"
    else:
        expected, why = "1:1", "source and target table have this edge only"
    if edge.kind != expected:
        yield _problem(mapping, edge.line, edge.target, f"kind is {edge.kind}: {why}", f"write kind: {expected}")


def _columns(mapping: Mapping, edge: Edge, frame: Frame) -> Iterator[Problem]:
    target = frame.target[edge.target]
    scope = frame.scope(edge, "TRUE", strict=False)
    for column in edge.columns:
        place = f"{edge.target}.{column.target}"
        if column.target not in target.column_names:
            hint = nearest(column.target, target.column_names)
            yield _problem(mapping, column.line, place, f"unknown target column {column.target!r}", hint)
            continue
        described = target.column(column.target)
        if described.generated:
            yield _problem(mapping, column.line, place, "the target computes this column itself", "leave it out")
        try:
            with placed(mapping, column.line, place):
                chain = chain_of(edge, column, frame, scope)
                stored = stored_type(described, {chain.result.type})
                if stored.kind is not Kind.VARIANT:
                    scope.convert(chain.result, stored)
        except Misuse as error:
            yield _of(error)


def _unfilled(mapping: Mapping, edge: Edge, target: Table) -> Iterator[Problem]:
    filled_by_others = {column.target for other in mapping.table(edge.target).edges for column in other.columns}
    for column in target.columns:
        if edge.column(column.name) or column.generated:
            continue
        place = f"{target.name}.{column.name}"
        if column.name in filled_by_others:
            try:
                with placed(mapping, edge.line, place):
                    left_out(column, column.type)
            except Misuse as error:
                yield _of(error)
        # a key the platform gives itself is given only where no row of the table brings its own
        given = column.default is not None or (column.identity and column.name not in filled_by_others)
        if required(column, target) and not given:
            what = "a NOT NULL column without a default is not filled"
            yield _problem(mapping, edge.line, place, what, "fill it from a column, a const or a sql expression")


# ── the whole source ────────────────────────────────────────────────────────────────────────────────────────
def _dropped(mapping: Mapping, frame: Frame) -> Iterator[Problem]:
    for drop in mapping.dropped_tables:
        if drop.name not in frame.source:
            what = f"dropped_tables names an unknown table {drop.name!r}"
            yield _problem(mapping, drop.line, drop.name, what, nearest(drop.name, frame.source))
        elif mapping.edges_from(drop.name):
            yield _problem(mapping, drop.line, drop.name, "dropped, and used by an edge", "choose one")
    for edge in mapping.edges:
        if edge.source in frame.source:
            yield from _dropped_columns(mapping, edge, frame.source[edge.source])


def _dropped_columns(mapping: Mapping, edge: Edge, source: Table) -> Iterator[Problem]:
    used = used_columns(mapping, source)
    for drop in edge.dropped:
        place = f"{source.name}.{drop.name}"
        if drop.name not in source.column_names:
            hint = nearest(drop.name, source.column_names)
            yield _problem(mapping, drop.line, place, f"dropped names an unknown column {drop.name!r}", hint)
        elif drop.name in used:
            yield _problem(mapping, drop.line, place, "dropped, and used by an edge", "choose one")


def _unaccounted(mapping: Mapping, source: Sequence[Table]) -> Iterator[Problem]:
    missing = unmapped(mapping, source)
    for table in source:
        if not is_used(mapping, table.name):
            if table.name not in {drop.name for drop in mapping.dropped_tables}:
                what = f"source table {table.name!r} goes nowhere"
                yield _problem(mapping, 1, table.name, what, "map it, or name it in dropped_tables with the reason")
            continue
        edges = mapping.edges_from(table.name)
        for name in table.column_names:
            if f"{table.name}.{name}" in missing:
                line = edges[0].line if edges else 1
                what = f"source column {table.name}.{name} goes nowhere"
                next = "map it, or drop it with the reason" if edges else "name its table in dropped_tables"
                yield _problem(mapping, line, f"{table.name}.{name}", what, next)
