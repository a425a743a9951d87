"""What two people agreed may go: just that, and nothing where more would go by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from migrator.plan import Plan
from migrator.runs.pruning import Policy, Pruning
from migrator.service import Service
from migrator.service.retention import Retained
from storage.errors import Red

RETAIN, PRUNE = "retain", "prune"


def removed(found: Retained) -> tuple[str, ...]:
    """The ids of what goes."""
    runs = forgotten(found.runs) if found.runs else ()
    return (*(archive.archive_id for archive in found.archives.goes), *runs)


def forgotten(found: Pruning) -> tuple[str, ...]:
    return tuple(run.run_id for run in found.goes)


def to_retain(service: Service, plan: Plan, asked: Mapping[str, Any]) -> Callable[[], None]:
    """How it is done. Red where something else would go than was asked for."""
    _require_asked(removed(service.retain(plan, apply=False)), asked)

    def retain() -> None:
        service.retain(plan, apply=True)

    return retain


def to_prune(service: Service, tenant: str, asked: Mapping[str, Any]) -> Callable[[], None]:
    """How it is done. Red where something else would go than was asked for."""
    policy = Policy(keep=asked["keep"], days=asked["days"])
    _require_asked(forgotten(service.prune(policy, apply=False, tenant=tenant)), asked)

    def prune() -> None:
        service.prune(policy, apply=True, tenant=tenant)

    return prune


def _require_asked(going: Sequence[str], asked: Mapping[str, Any]) -> None:
    if ", ".join(going) != asked["goes"]:
        raise Red(
            "other archives or runs would go than when this was asked for: nothing was removed",
            where=", ".join(going[:5]) or "none",
            next="refuse it, and have it asked for anew",
        )
