"""Which rows an edge carries: `where` first, then `reject`, the others are mapped."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.model import Edge
from mappings.sandbox import check_condition
from storage.schema import Table


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """SQL over the source table's columns, each TRUE or FALSE for every row: exactly one of the three holds.

    A condition that fails on a row counts as false here (a probe finds it); in `strict_mapped` it is an SQL error.
    """

    mapped: str
    excluded: str
    rejected: str
    strict_mapped: str
    written: tuple[tuple[str, int], ...]  # each condition with its line


def conditions_of(edge: Edge, source: Table) -> Conditions:
    """The conditions of an edge, each examined; Misuse for one that is refused."""
    written = ([(edge.where, edge.line)] if edge.where else []) + [(item.when, item.line) for item in edge.rejects]
    for expression, _ in written:
        check_condition(expression, source)
    kept, strictly_kept = _holds(edge.where), _strictly_holds(edge.where)
    rejected = " OR ".join(_holds(item.when) for item in edge.rejects) or "FALSE"
    strictly_rejected = " OR ".join(_strictly_holds(item.when) for item in edge.rejects) or "FALSE"
    return Conditions(
        mapped=f"{kept} AND NOT ({rejected})",
        excluded=f"NOT {kept}",
        rejected=f"{kept} AND ({rejected})",
        strict_mapped=f"{strictly_kept} AND NOT ({strictly_rejected})",
        written=tuple(written),
    )


def _strictly_holds(expression: str | None) -> str:
    return f"coalesce(CAST(({expression}\n) AS BOOLEAN), FALSE)" if expression else "TRUE"


def _holds(expression: str | None) -> str:
    return f"coalesce(TRY(CAST(({expression}\n) AS BOOLEAN)), FALSE)" if expression else "TRUE"
