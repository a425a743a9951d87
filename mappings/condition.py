"""Which rows an edge carries: `where` first, then `reject`, the others are mapped."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.model import Edge
from mappings.sandbox import held_expression
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


def written(edge: Edge) -> list[tuple[str, int]]:
    """Every condition of an edge with its line; whether each is allowed, the sandbox says."""
    where = [(edge.where, edge.where_line)] if edge.where else []
    return where + [(item.when, item.line) for item in edge.rejects]


def conditions_of(edge: Edge, source: Table) -> Conditions:
    """The conditions of an edge as SQL over its source table; Misuse for one the sandbox does not allow."""
    where = held_expression(edge.where, source) if edge.where else "TRUE"
    rejects = [held_expression(item.when, source) for item in edge.rejects]
    kept, strictly_kept = _holds(where), _strictly_holds(where)
    rejected = " OR ".join(map(_holds, rejects)) or "FALSE"
    strictly_rejected = " OR ".join(map(_strictly_holds, rejects)) or "FALSE"
    return Conditions(
        mapped=f"{kept} AND NOT ({rejected})",
        excluded=f"NOT {kept}",
        rejected=f"{kept} AND ({rejected})",
        strict_mapped=f"{strictly_kept} AND NOT ({strictly_rejected})",
    )


def _strictly_holds(expression: str) -> str:
    return f"coalesce(CAST(({expression}\n) AS BOOLEAN), FALSE)"


def _holds(expression: str) -> str:
    return f"coalesce(TRY(CAST(({expression}\n) AS BOOLEAN)), FALSE)"
