"""How long what a plan made is kept: archives, runs and their reports. What it does not name is kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mappings.node import Node
from migrator.plan.age import age

_KEYS = ("archives", "runs", "keep", "hold")


@dataclass(frozen=True, kw_only=True)
class Retention:
    """None: nothing of that kind goes. The newest `keep` of each kind stay whatever their age."""

    archives: timedelta | None = None
    runs: timedelta | None = None
    keep: int = 3
    hold: Mapping[str, str] = field(default_factory=dict)  # id of an archive that stays → the reason
    lines: Mapping[str, str] = field(default_factory=dict)  # id of a held archive → file:line


def read_retention(node: Node) -> Retention:
    entries = node.fields("retention", required=(), optional=_KEYS)
    held = entries["hold"].named("retention.hold") if "hold" in entries else {}
    return Retention(
        archives=age(entries["archives"], "retention.archives") if "archives" in entries else None,
        runs=age(entries["runs"], "retention.runs") if "runs" in entries else None,
        keep=_keep(entries["keep"]) if "keep" in entries else Retention.keep,
        hold={archive: _reason(child, archive) for archive, child in held.items()},
        lines={archive: f"{child.file}:{child.line}" for archive, child in held.items()},
    )


def _keep(node: Node) -> int:
    number = node.integer("retention.keep")
    if number < 1:
        raise node.refused(f"retention.keep is {number}", next="write a whole number of at least 1: the newest stays")
    return number


def _reason(node: Node, archive: str) -> str:
    reason = node.string(f"retention.hold.{archive}").strip()
    if not reason:
        raise node.refused(f"{archive} is held without a reason", next="say why: whoever lifts the hold has to know")
    return reason
