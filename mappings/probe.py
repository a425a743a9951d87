"""From what the steps found that may not fit to statements that count it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mappings.compiled import Probe
from mappings.crosswalk import Crosswalk, carried
from mappings.quote import identifier
from mappings.sandbox import held_expression
from mappings.scope import Audit, Finding, Scope

EXAMPLES, _LENGTH = 10, 80
_AT_ONCE = 256  # findings counted in one pass: each holds memory of its own meanwhile


def finding_probe(finding: Finding, where: str) -> Probe:
    """How many rows of the edge, and the smallest ten different texts of them."""
    rows = (
        f"SELECT left({finding.shown}, {_LENGTH}) AS shown, count(*) AS rows "
        f"FROM {finding.relation} AS mapped WHERE {finding.failed} GROUP BY 1"
    )
    return Probe(
        where=where,
        what=finding.what,
        next=finding.next,
        severity=finding.severity,
        sql=_counted(rows, "sum(rows)"),
        by_row=True,
    )


def findings_sql(findings: Sequence[Finding], relation: str) -> str:
    """How many rows of the relation each finding counts, as one list; it has the columns that all of them name."""
    passes = [findings[start : start + _AT_ONCE] for start in range(0, len(findings), _AT_ONCE)] or [findings]
    return f"SELECT {' || '.join(f'({_counts_sql(few, relation)})' for few in passes)}"


def _counts_sql(findings: Sequence[Finding], relation: str) -> str:
    counts = ", ".join(f"count(*) FILTER (WHERE {finding.failed})" for finding in findings)
    return f"SELECT CAST([{counts}] AS BIGINT[]) FROM {relation} AS mapped"


def audit_probe(audit: Audit, where: str) -> Probe:
    """How many offenders another table holds."""
    return Probe(where=where, what=audit.what, next=audit.next, sql=_counted(audit.sql, "count(*)"))


def condition_probe(expression: str, scope: Scope, where: str) -> Probe:
    """How many archived rows a condition fails on; a failed TRY of a list is NULL, a NULL condition is [NULL]."""
    failed = f"TRY([CAST(({held_expression(expression, scope.source)}\n) AS BOOLEAN)]) IS NULL"
    return finding_probe(
        Finding(
            relation=scope.base,
            failed=failed,
            shown=scope.row_shown,
            what="the condition fails",
            next="make it total: try_cast, nullif, case",
        ),
        where,
    )


def crosswalk_probes(crosswalk: Crosswalk, new: str, where: str) -> tuple[Probe, ...]:
    """Keys that are carried twice, and new keys the target column cannot hold. `new` is the new key of `old`."""
    keys = carried(crosswalk.table)
    place = f"{crosswalk.table}.{crosswalk.column}"
    twice = f"SELECT CAST(old AS VARCHAR) AS shown FROM {keys} GROUP BY old HAVING count(*) > 1"
    unfit = f"SELECT CAST(old AS VARCHAR) AS shown FROM {keys} WHERE {new} IS NULL"
    return (
        audit_probe(
            Audit(sql=twice, what=f"key {place} is held by several rows", next="choose a unique column"), where
        ),
        audit_probe(
            Audit(
                sql=unfit,
                what=f"the new key does not fit {crosswalk.target}.{identifier(crosswalk.target_column)}",
                next="choose another method or offset",
            ),
            where,
        ),
    )


def once(audits: Iterable[Audit]) -> tuple[Audit, ...]:
    """Every different audit, in order."""
    return tuple(dict.fromkeys(audits))


def _counted(rows: str, count: str) -> str:
    return (
        f"SELECT CAST(coalesce({count}, 0) AS BIGINT) AS count, coalesce(min(shown, {EXAMPLES}), []) AS examples "
        f"FROM ({rows}) AS found"
    )
