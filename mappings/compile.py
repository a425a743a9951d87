"""From a mapping and two schemas to SQL. Nothing is executed here but the typing of `sql:` expressions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mappings.affinity import stored_type
from mappings.compiled import (
    Compiled,
    CompiledColumn,
    CompiledCrosswalk,
    CompiledEdge,
    Probe,
    filled_sql,
)
from mappings.condition import conditions_of, written
from mappings.crosswalk import Crosswalk, carried, key_rows_sql, resolve
from mappings.default import left_out
from mappings.frame import Chain, Frame, TargetColumn
from mappings.model import ColumnMapping, Edge, Mapping
from mappings.nearest import nearest
from mappings.probe import audit_probe, condition_probe, crosswalk_probes, finding_probe, findings_sql, once
from mappings.quote import NULL, identifier
from mappings.sandbox import check_condition
from mappings.scope import Scope
from mappings.steps.step import Operand
from storage.errors import Misuse
from storage.schema import Column, Kind, Table, Type

__all__ = ["Compiled", "CompiledCrosswalk", "CompiledEdge", "Probe", "TargetColumn", "compile_mapping"]


def compile_mapping(mapping: Mapping, source: Sequence[Table], target: Sequence[Table], *, tenant: str) -> Compiled:
    """The SQL of every edge, crosswalk and probe. Misuse, at file:line, for the first thing `check_mapping` lists."""
    crosswalks = {}
    for remap in mapping.keys:
        with placed(mapping, remap.line, f"keys.{remap.table}"):
            crosswalks[remap.table] = resolve(mapping, source, target, remap)
    frame = frame_of(source, target, crosswalks, tenant)
    filled = {table.name: _filled(mapping, table.name, frame) for table in mapping.tables}
    return Compiled(
        mapping=mapping,
        edges=tuple(_edge(mapping, number, filled[edge.target], frame) for number, edge in enumerate(mapping.edges)),
        crosswalks=tuple(_crosswalk(crosswalk, frame) for crosswalk in crosswalks.values()),
        filled=filled,
    )


def frame_of(source: Sequence[Table], target: Sequence[Table], crosswalks: dict[str, Crosswalk], tenant: str) -> Frame:
    """Both schemas by table name."""
    return Frame(
        source={table.name: table for table in source},
        target={table.name: table for table in target},
        crosswalks=crosswalks,
        tenant=tenant,
    )


@contextmanager
def placed(mapping: Mapping, line: int, place: str) -> Iterator[None]:
    """Says where, for errors that do not know it."""
    try:
        yield
    except Misuse as error:
        raise Misuse(error.what, where=error.where or mapping.where(line, place), next=error.next) from error


def chain_of(edge: Edge, column: ColumnMapping, frame: Frame, scope: Scope) -> Chain:
    """The compiled chain of one column of the edge."""
    scope.begin(f"{edge.target}.{column.target}")
    return frame.chain(column, scope)


def _value(edge: Edge, described: Column, type_: Type, frame: Frame, scope: Scope) -> Operand:
    """What the edge gives a target column, whether it fills it or leaves it out."""
    column = edge.column(described.name)
    return chain_of(edge, column, frame, scope).result if column else left_out(described, type_)


def _filled(mapping: Mapping, target: str, frame: Frame) -> tuple[TargetColumn, ...]:
    table = mapping.table(target)
    with placed(mapping, table.line, target):
        columns = frame.target_table(target).columns
    for edge in table.edges:
        for column in edge.columns:
            if column.target not in [known.name for known in columns]:
                where = mapping.where(column.line, f"{target}.{column.target}")
                hint = nearest(column.target, [known.name for known in columns])
                raise Misuse(f"unknown target column {column.target!r}", where=where, next=hint)
    return tuple(
        TargetColumn(name=column.name, type=_final(mapping, table.edges, column, frame))
        for column in columns
        if any(edge.column(column.name) for edge in table.edges)
    )


def _final(mapping: Mapping, edges: Sequence[Edge], described: Column, frame: Frame) -> Type:
    """The target column's type; where it takes anything, the one type all edges give it, else tagged values."""
    if described.type.kind is not Kind.VARIANT and described.limits.affinity is None:
        return described.type
    return stored_type(described, {natural for edge in edges if (natural := _natural(mapping, edge, described, frame))})


def _natural(mapping: Mapping, edge: Edge, described: Column, frame: Frame) -> Type | None:
    """None where the edge gives NULL: that is of every type."""
    column = edge.column(described.name)
    with placed(mapping, column.line if column else edge.line, f"{edge.target}.{described.name}"):
        operand = _value(edge, described, described.type, frame, frame.scope(edge, "TRUE", strict=True))
        return None if operand.sql == NULL else operand.type


def _edge(mapping: Mapping, number: int, filled: tuple[TargetColumn, ...], frame: Frame) -> CompiledEdge:
    edge = mapping.edges[number]
    with placed(mapping, edge.line, edge.target):
        source = frame.source_table(edge.source)
    for expression, line in written(edge):
        with placed(mapping, line, edge.target):
            check_condition(expression, source)
    conditions = conditions_of(edge, source)
    lenient = frame.scope(edge, conditions.mapped, strict=False)
    columns, values = _columns(mapping, edge, filled, frame, lenient)
    with placed(mapping, edge.line, edge.target):
        strict = frame.scope(edge, conditions.strict_mapped, strict=True)
        selected = _selected(edge, number, filled, frame, strict)
    table = f"src.{identifier(edge.source)}"
    return CompiledEdge(
        number=number,
        mapping=edge,
        columns=columns,
        selected=selected,
        relation=strict.relation,
        archive_sql=f"SELECT count(*) FROM {table}",
        excluded_sql=f"SELECT count(*) FROM {table} WHERE {conditions.excluded}",
        rejected_sql=f"SELECT count(*) FROM {table} WHERE {conditions.rejected}",
        probes=(*_condition_probes(mapping, edge, frame), *values.audits, *_key_probes(mapping, edge, frame)),
        fits=tuple(values.fits),
        fits_sql=findings_sql(lenient.findings, lenient.relation),
    )


@dataclass(frozen=True, kw_only=True)
class _Values:
    """What the columns of an edge are asked."""

    fits: list[Probe] = field(default_factory=list)
    audits: list[Probe] = field(default_factory=list)


def _columns(
    mapping: Mapping, edge: Edge, filled: tuple[TargetColumn, ...], frame: Frame, scope: Scope
) -> tuple[tuple[CompiledColumn, ...], _Values]:
    columns, values = [], _Values()
    target = frame.target_table(edge.target)
    for final in filled:
        column = edge.column(final.name)
        if column is None:
            continue
        place = mapping.where(column.line, f"{edge.target}.{final.name}")
        with placed(mapping, column.line, f"{edge.target}.{final.name}"):
            chain = chain_of(edge, column, frame, scope)
            frame.fitted(chain.result, target, final, scope)
        columns.append(CompiledColumn(mapping=column, stages=chain.stages, natural=chain.result.type, type=final.type))
        values.fits.extend(finding_probe(finding, place) for finding in scope.findings[len(values.fits) :])
        values.audits.extend(audit_probe(audit, place) for audit in once(scope.audits))
        scope.audits.clear()
    return tuple(columns), values


def _selected(edge: Edge, number: int, filled: tuple[TargetColumn, ...], frame: Frame, scope: Scope) -> str:
    target = frame.target_table(edge.target)
    selected = []
    for column in filled:
        scope.begin(f"{edge.target}.{column.name}")
        value = _value(edge, target.column(column.name), column.type, frame, scope)
        selected.append(filled_sql(frame.fitted(value, target, column, scope).sql, column))
    selected.append(f"CAST({number} AS INTEGER) AS migrator_edge")
    return ", ".join(selected)


def _condition_probes(mapping: Mapping, edge: Edge, frame: Frame) -> list[Probe]:
    everything = frame.scope(edge, "TRUE", strict=False)
    return [
        condition_probe(expression, everything, mapping.where(line, edge.target)) for expression, line in written(edge)
    ]


def _key_probes(mapping: Mapping, edge: Edge, frame: Frame) -> list[Probe]:
    """Of the crosswalks this edge is the first to carry."""
    probes: list[Probe] = []
    for crosswalk in frame.crosswalks.values():
        if crosswalk.edges[0] is edge:
            where = mapping.where(crosswalk.remap.line, f"keys.{crosswalk.table}")
            probes += crosswalk_probes(crosswalk, crosswalk.new_sql("old", frame.tenant), where)
    return probes


def _crosswalk(crosswalk: Crosswalk, frame: Frame) -> CompiledCrosswalk:
    source = frame.source_table(crosswalk.table)
    new = crosswalk.new_sql("old", frame.tenant)
    return CompiledCrosswalk(
        crosswalk=crosswalk,
        tenant=frame.tenant,
        carried_sql=key_rows_sql(crosswalk, [conditions_of(edge, source).mapped for edge in crosswalk.edges]),
        sql=f"SELECT old, {new} AS new FROM (SELECT DISTINCT old FROM {carried(crosswalk.table)}) AS keys",
    )
