"""What tests of the engine share: a source made of a few statements, a plan around a scope, and what came of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mappings.load import load_mapping
from migrator.engine.check import MapCheck, map_check
from migrator.engine.scope import Resolved, Scope, resolve
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.engine.workbench import Workbench, workbench
from migrator.plan import Plan, read_plan
from storage.archive import Archive
from storage.memory import MemoryStore
from storage.objects import ObjectStore
from tests.conformance.platforms import Platform
from tests.support_archive import signing_keys


def plan_of(scope: str) -> Plan:
    """A plan with this scope; its first line is line 6 of plan.yaml."""
    text = "plan: p\ntenant: acme\nsource:\n  url: sqlite:///x.db\n  scope:\n" + textwrap.indent(
        textwrap.dedent(scope).strip(), "    "
    )
    return read_plan(text, file="plan.yaml", variables={})


def scope_of(platform: Platform, scope: str) -> Scope:
    with resolved(platform, scope) as found:
        return found.scope


@contextmanager
def resolved(platform: Platform, scope: str) -> Iterator[Resolved]:
    with platform.source().fence() as reading, workbench() as bench:
        yield resolve(reading, plan_of(scope), bench)


def taken(
    platform: Platform, scope: str, store: ObjectStore | None = None, *, prove_full: bool = False
) -> tuple[Snapshot, Archive]:
    store = store or MemoryStore()
    found = snapshot(platform.source(), plan_of(scope), store, signing_keys(), tool="test", prove_full=prove_full)
    return found, Archive.open(store, found.sealed.archive_id)


def rows_of(archive: Archive, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for batch in archive.scan(table) for row in batch.to_pylist()]


def checked(bench: Workbench, archive: Archive, mapping: str, target: Platform, policy: str = "error") -> MapCheck:
    loaded = load_mapping(textwrap.dedent(mapping), file="mapping.yaml")
    return map_check(bench, archive, loaded, target.target(), lambda _table: policy)
