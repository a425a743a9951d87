"""What an archive says about itself; of other tenants it says nothing, not even how many rows they have."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from migrator.engine.classify import EXCLUDED, OWNED, SHARED
from migrator.engine.gentle import Gentle
from migrator.engine.masks.masked import REPORT as MASKING
from migrator.engine.masks.masked import Masked
from migrator.engine.parted import parted_by, tenant_columns, unparted
from migrator.engine.proof import Proof
from migrator.engine.scope import Resolved, Scope, TableScope
from migrator.engine.undisclosed import conditions_left_out, disclosed
from migrator.plan import Plan
from storage import moment
from storage.identity import Identity
from storage.model import MODEL, rendered
from storage.writer import ArchiveWriter

SCOPE = "provenance/scope.json"
"""Which tables left, and why; docs/archive-format.md."""

COST = "provenance/cost.json"
"""What the snapshot cost its source: the fields of SourceCost. Archives of older versions have none."""

PROOF = "provenance/proof.json"
"""Which proof ran, and what it counted; docs/archive-format.md."""


class Audit:
    """Events, each with the hash of the one before: a line removed or changed shows."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._last = "0" * 64

    def add(self, event: str, detail: dict[str, Any]) -> None:
        at = moment.now("milliseconds")
        line = json.dumps({"at": at, "event": event, "detail": detail, "previous": self._last}, ensure_ascii=False)
        self._lines.append(line)
        self._last = hashlib.sha256(line.encode()).hexdigest()

    def content(self) -> bytes:
        return "".join(f"{line}\n" for line in self._lines).encode()


def write_documents(
    writer: ArchiveWriter,
    reading: Gentle,
    identity: Identity,
    plan: Plan,
    resolved: Resolved,
    proof: Proof,
    audit: Audit,
    masked: Masked,
) -> None:
    """Put run, fence, cost, scope, proof, exclusions, inventory, DDL and, last, the audit into the archive."""
    scope = masked.scope(resolved.scope)
    held = [table for table in scope.tables if table.class_ in (OWNED, SHARED)]
    tables = [table.name for table in held if not reading.schema.table(table.name).is_view]
    model = reading.model(tables)  # the last that is asked of the source: it has its cost, too
    telling = {name: masked.columns(name) | own for name, own in tenant_columns(resolved).items()}
    said = disclosed(unparted(model, parted_by(model, telling)), telling)
    audit.add("cost", asdict(reading.cost))
    documents = {
        "provenance/run.json": _run(identity, plan, with_hash=masked.report is None),
        "provenance/fence.json": reading.fence.told,
        COST: asdict(reading.cost),
        SCOPE: _scope(held, scope),
        PROOF: _proof(proof, with_sums=masked.report is None),
        "reports/exclusions.json": list(_exclusions(scope)),
        "reports/inventory.json": list(_inventory(writer)),
    }
    for path, content in documents.items():
        writer.document(path, _json(content))
    silent = conditions_left_out(model, said)
    ddl = [masked.described(reading.schema.table(table.name)).ddl for table in held if table.name not in silent]
    writer.document("schema/source-ddl.sql", "".join(f"{text};\n\n" for text in ddl if text).encode())
    writer.document(MODEL, rendered(masked.model(said)))
    if report := masked.report:
        writer.document(MASKING, report.content)
        audit.add("masked", {"columns": len(report.columns), "rules_sha256": report.rules_sha256})
    audit.add("documents", {"tables": len(held)})
    writer.document("provenance/audit.jsonl", audit.content())


def _run(identity: Identity, plan: Plan, *, with_hash: bool) -> dict[str, str]:
    """The hash of a plan tells the tenant to whoever knows the rest and tries them all: none where it is masked."""
    said = {"tool": identity.tool, "plan": plan.name}
    return {**said, "plan_sha256": plan.sha256} if with_hash else said


def _scope(held: list[TableScope], scope: Scope) -> dict[str, Any]:
    return {
        "tables": [
            {
                "table": table.name,
                "class": table.class_,
                "path": table.path,
                "parents": list(table.parents),
                "rows": table.rows,
                "carried": table.carried,
                "stubs": table.stubs,
            }
            for table in held
        ],
        "references_that_lead_out": [
            {"reference": crossing.reference, "rows": crossing.count, "policy": crossing.policy}
            for crossing in scope.crossings
        ],
    }


def _proof(proof: Proof, *, with_sums: bool) -> dict[str, Any]:
    """A sum over one key tells the key to whoever tries them all: none of keys that are masked."""
    edges = [asdict(edge) for edge in proof.edges]
    for edge in edges if not with_sums else ():
        del edge["source_sum"], edge["archive_sum"]
    return {
        "proof": proof.kind,
        "walked": proof.walked,
        "invited": proof.invited,
        "shared": proof.shared,
        "edges": edges,
    }


def _exclusions(scope: Scope) -> Iterator[dict[str, str]]:
    for table in (*scope.tables, *scope.unseen):
        if table.class_ == EXCLUDED:
            yield {"table": table.name, "reason": table.reason}


def _inventory(writer: ArchiveWriter) -> Iterator[dict[str, Any]]:
    for part in writer.tables:
        yield {"table": part.table.name, "rows": part.rows, "columns": list(part.table.column_names)}


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
