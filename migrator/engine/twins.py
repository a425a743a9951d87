"""The compiled mapping held against its Python twins on sampled rows: the SQL is not its own witness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mappings.compiled import CompiledEdge
from mappings.condition import conditions_of
from mappings.quote import identifier as quoted
from migrator.contracts import EDGE
from migrator.engine.portions import PORTION_BYTES, taken_apart
from migrator.engine.prepare import Prepared
from migrator.outcomes import Check

SAMPLED = 20
"""Source rows per edge, spread evenly over the table."""


@dataclass(kw_only=True)
class _Lookups:
    """What a twin may look up, answered by the workbench (see mappings.steps.step.Context)."""

    prepared: Prepared
    tenant: str

    def lookup(self, table: str, key: str, value: str, x: Any) -> Any:
        found = self.prepared.workbench.row_of(
            f"SELECT {quoted(value)} FROM src.{quoted(table)} WHERE {quoted(key)} = ? LIMIT 1", [x]
        )
        if found is None:
            raise KeyError(x)
        return found[0]

    def crosswalk(self, table: str, x: Any) -> Any:
        found = self.prepared.workbench.row_of(f"SELECT new FROM xw.{quoted(table)} WHERE old = ?", [x])
        if found is None:
            raise KeyError(x)
        return found[0]


def twin_check(prepared: Prepared) -> Check:
    """Every sampled cell's twin against the expected rows, as multisets per column of an edge."""
    compared = 0
    for edge in prepared.compiled.edges:
        found = _compare_edge(prepared, edge)
        if isinstance(found, str):
            return Check(name="the mapping agrees with its Python twins on sampled rows", passed=False, detail=found)
        compared += found
    return Check(
        name="the mapping agrees with its Python twins on sampled rows",
        passed=True if compared else None,
        detail=f"{compared} cells" if compared else "no sampled row, or only sql: expressions, which have no twin",
    )


def _compare_edge(prepared: Prepared, edge: CompiledEdge) -> int | str:
    lookups = _Lookups(prepared=prepared, tenant=prepared.archive.identity.tenant)
    columns = [column for column in edge.columns if column.has_twin]
    told = []
    for row in _sample(prepared, edge) if columns else ():
        # a value that does not fit is the probes' to count
        with suppress(KeyError, ValueError):
            told.append((row, {column.mapping.target: column.twin(row, lookups) for column in columns}))
    expected = _are_expected(prepared, edge, [values for _, values in told])
    for (row, values), is_expected in zip(told, expected, strict=True):
        if not is_expected:
            return _difference(edge, row, values)
    return len(told) * len(columns)


def _sample(prepared: Prepared, edge: CompiledEdge) -> list[Mapping[str, Any]]:
    """Rows spread over the source table; fewer where they are large, so that they fit in memory together."""
    archived = prepared.archive.table(edge.source)
    names = archived.table.column_names
    mapped = conditions_of(edge.mapping, archived.table).strict_mapped
    query = f"SELECT {', '.join(map(quoted, names))} FROM src.{quoted(edge.source)} WHERE {mapped}"
    every = max(1, archived.rows // SAMPLED)
    chosen: Sequence[int | None] = (None,)
    if prepared.workbench.large_columns("arc", edge.source):
        chosen = range(0, archived.rows, every)
    sampled: list[Mapping[str, Any]] = []
    with taken_apart(prepared.workbench, edge.source) as shown:
        for number in chosen:
            if number is None:
                shown.rows(f"rowid % {every} = 0")
            else:
                shown.row(number)
            sampled += (dict(zip(names, row, strict=True)) for row in prepared.workbench.values(query))
            if len(sampled) >= SAMPLED or sum(map(_size, sampled)) > PORTION_BYTES:
                break
    return sampled[:SAMPLED]


def _size(row: Mapping[str, Any]) -> int:
    return sum(len(value) for value in row.values() if isinstance(value, (str, bytes)))


def _are_expected(prepared: Prepared, edge: CompiledEdge, told: Sequence[Mapping[str, Any]]) -> Sequence[bool]:
    """Of each row its twins told, whether it is among the expected ones; all asked in one pass."""
    if not told:
        return ()
    same = " AND ".join(f"{quoted(name)} IS NOT DISTINCT FROM ?" for name in told[0])
    query = (
        f"SELECT {', '.join(f'bool_or({same})' for _ in told)}"
        f" FROM staged.{quoted(edge.target)} WHERE {EDGE} = {edge.number}"
    )
    return prepared.workbench.row_of(query, [prepared.workbench.handle(v) for row in told for v in row.values()]) or ()


def _difference(edge: CompiledEdge, row: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    return f"{edge.source} → {edge.target}: no expected row is {values!r} (from {row!r})"[:500]
