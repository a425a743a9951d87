"""The doctor's look at what leaves: every table's class, by schema and plan alone, and how much it may be."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.contracts import Finding, Source, TableSize
from migrator.engine.classify import EXCLUDED, OWNED, SHARED, classify
from migrator.engine.doctor.estimate import Amount, amount_of
from migrator.engine.views import with_views
from migrator.plan import DatabaseRoot, Plan


def look_at_scope(plan: Plan, source: Source, sizes: Sequence[TableSize]) -> tuple[Sequence[Finding], Amount]:
    rules = plan.needs_source().scope
    classified = classify(with_views(source.describe(), rules), rules)
    held = [name for name, class_ in classified.classes.items() if class_ in (OWNED, SHARED)]
    counts = [f"{list(classified.classes.values()).count(class_)} {class_}" for class_ in (OWNED, SHARED, EXCLUDED)]
    findings = [
        Finding(what="scope", verdict="red", found=problem.what, where=problem.where, next=problem.next)
        for problem in classified.problems
    ]
    tables = Finding(what="tables", verdict="ok", found=", ".join(counts))
    return (tables, *findings), amount_of(sizes, held, whole=isinstance(rules.root, DatabaseRoot))
