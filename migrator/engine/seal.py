"""The seal of a migration: one hash over plan, mapping and both schemas, so that a rehearsal vouches for one thing.

A rehearsal vouches for a newer archive too, such as the last snapshot of the real night: the source's schema is what
its platform declares, not what an archive's columns are by the values that happened to be in them. What newer values
may do to a load, the map check of every load asks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from mappings.model import Mapping as MappingDocument
from migrator.outcomes import SealParts
from migrator.plan import Plan
from storage.schema import Table

_BY_VALUES = ("type", "fidelity", "held", "null_token")
"""What a column of an archive is by its values; how its platform declares it stands beside them."""


def seal_parts(plan: Plan, mapping: MappingDocument, source: Iterable[Table], target: Iterable[Table]) -> SealParts:
    """The plan with `${…}` unexpanded, the mapping's bytes, and both schemas."""
    return SealParts(
        plan=plan.sha256,
        mapping=mapping.sha256,
        source=_hash(_declared(table) for table in source),
        target=_hash(asdict(table) for table in target),
    )


def seal(plan: Plan, mapping: MappingDocument, source: Iterable[Table], target: Iterable[Table]) -> str:
    """SHA-256, hex, of all its parts."""
    return seal_parts(plan, mapping, source, target).seal


def _declared(table: Table) -> dict[str, Any]:
    plain = asdict(table)
    columns = [{name: said for name, said in one.items() if name not in _BY_VALUES} for one in plain["columns"]]
    return {**plain, "columns": columns}


def _hash(tables: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256, hex, of every table's structure, whatever order they come in."""
    plain = sorted(tables, key=lambda table: str(table["name"]))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
