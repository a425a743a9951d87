"""The seal of a migration: one hash over plan, mapping and both schemas, so that a rehearsal vouches for one thing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict

from mappings.model import Mapping
from migrator.plan import Plan
from storage.schema import Table


def seal(plan: Plan, mapping: Mapping, source: Iterable[Table], target: Iterable[Table]) -> str:
    """SHA-256, hex, of the plan with `${…}` unexpanded, the mapping's bytes, and the fingerprints of both schemas."""
    parts = (plan.sha256, mapping.sha256, fingerprint(source), fingerprint(target))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def fingerprint(tables: Iterable[Table]) -> str:
    """SHA-256, hex, of every table's structure, whatever order they come in."""
    plain = sorted((asdict(table) for table in tables), key=lambda table: str(table["name"]))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
