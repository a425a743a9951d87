"""Which rows an edge carries: `where` first, then `reject`, the others are mapped."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.model import Edge


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


def conditions_of(edge: Edge) -> Conditions:
    """The conditions of an edge as SQL."""
    kept, strictly_kept = _holds(edge.where), _strictly_holds(edge.where)
    rejected = " OR ".join(_holds(item.when) for item in edge.rejects) or "FALSE"
    strictly_rejected = " OR ".join(_strictly_holds(item.when) for item in edge.rejects) or "FALSE"
    return Conditions(
        mapped=f"{kept} AND NOT ({rejected})",
        excluded=f"NOT {kept}",
        rejected=f"{kept} AND ({rejected})",
        strict_mapped=f"{strictly_kept} AND NOT ({strictly_rejected})",
    )


def _strictly_holds(expression: str | None) -> str:
    return f"coalesce(CAST(({expression}\n) AS BOOLEAN), FALSE)" if expression else "TRUE"


def _holds(expression: str | None) -> str:
    return f"coalesce(TRY(CAST(({expression}\n) AS BOOLEAN)), FALSE)" if expression else "TRUE"
