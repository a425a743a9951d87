"""What a column's actual values are: which have no place in its class, and what scale numbers without one have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from migrator.contracts import ColumnCensus
from migrator.platforms.postgres.rows import Selection
from migrator.platforms.postgres.types import (
    counted_type,
    fidelity_of,
    is_unbounded_numeric,
    may_be_large_object,
    misfit,
)
from migrator.platforms.postgres.wire import as_literal
from migrator.platforms.relational.sqltext import quoted
from storage.schema import Column, Fidelity, Table

_COLUMNS_AT_ONCE = 300  # a query has at most 1,664 results


@dataclass(frozen=True, kw_only=True)
class _Test:
    """One aggregate over a column's values, and how its results over several statements become one."""

    sql: str
    merged: Callable[[Sequence[int]], int]


def census(table: Table, selection: Selection) -> tuple[Table, tuple[ColumnCensus, ...]]:
    """The table, each column typed by the values selected, and what was found."""
    typed: list[Column] = []
    findings: list[ColumnCensus] = []
    for start in range(0, len(table.columns), _COLUMNS_AT_ONCE):
        columns = table.columns[start : start + _COLUMNS_AT_ONCE]
        for column, results in zip(columns, _results(columns, selection), strict=True):
            decided, found = _decided(column, results)
            typed.append(decided)
            findings.append(
                ColumnCensus(column=column.name, fidelity=decided.fidelity, nulls=results["nulls"], found=found)
            )
    return replace(table, columns=tuple(typed)), tuple(findings)


def _results(columns: Sequence[Column], selection: Selection) -> Iterator[dict[str, int]]:
    tests = [_tests(column) for column in columns]
    flat = [test for named in tests for test in named.values()]
    rows = [
        [value[0].as_py() for value in selection.ask(statement).columns]
        for statement in selection.totals([f"{test.sql} AS c{i}" for i, test in enumerate(flat)])
    ]
    values = iter([test.merged([row[i] for row in rows if row[i] is not None]) for i, test in enumerate(flat)])
    for named in tests:
        yield {name: next(values) for name in named}


def _tests(column: Column) -> dict[str, _Test]:
    value = f"t.{quoted(column.name)}"
    tests = {"nulls": _counted(f"{value} IS NULL" if column.nullable else "false")}
    if outside := misfit(column, value):
        tests["misfits"] = _counted(outside)
    if may_be_large_object(column):
        tests["large objects"] = _counted(f"{value} IN (SELECT o.oid FROM pg_largeobject_metadata o)")
    if is_unbounded_numeric(column):
        finite = f"{value}::text NOT IN ('NaN', 'Infinity', '-Infinity')"
        digits = f"length(trunc(abs({value}))::text)"
        tests["misfits"] = _counted(f"NOT {finite}")
        tests["least scale"] = _Test(sql=f"min(scale({value}))", merged=lambda found: min(found, default=-1))
        tests["scale"] = _Test(sql=f"max(scale({value}))", merged=lambda found: max(found, default=-1))
        tests["digits"] = _Test(sql=f"max({digits})", merged=lambda found: max(found, default=0))
    return tests


def _counted(condition: str) -> _Test:
    return _Test(sql=f"count(*) FILTER (WHERE {condition})", merged=sum)


def _decided(column: Column, results: dict[str, int]) -> tuple[Column, tuple[str, ...]]:
    found = (column.native,)
    if results.get("misfits"):
        return as_literal(column), (*found, "infinite, NaN or out of range")
    if large := results.get("large objects"):
        return replace(column, fidelity=Fidelity.LOSSY), (*found, f"{large} large objects, whose content stays behind")
    scale = results.get("scale", -1)
    if scale < 0:
        return column, found
    if scale != results["least scale"]:
        return column, (*found, "several scales")
    type_ = counted_type(results["digits"], scale)
    return replace(column, type=type_, fidelity=fidelity_of(type_)), (*found, f"scale {scale}")
