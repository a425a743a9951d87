"""Reading `source.scope.subjects`: tables whose rows are people, and what of the tenant's rows is about one of them."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.node import Node
from migrator.plan.nouns import SubjectRules
from migrator.plan.written import KEY, at, named, policy, texts

_REASONS = ("excluded", "withheld", "disclosed")
_KEYS = ("paths", "shared", "foreign", "mentions", *_REASONS)


def read_subjects(entries: dict[str, Node]) -> dict[str, SubjectRules]:
    """Table of people → its rules; a table without any says that its rows are people, and no more."""
    return {table: _subject(table, node) for table, node in named(entries, "subjects").items()}


def _subject(table: str, node: Node) -> SubjectRules:
    where = f"scope.subjects.{table}"
    entries = {} if node.value is None else node.fields(where, optional=_KEYS)
    reasons = {
        kind: {name: child.string("the reason") for name, child in named(entries, kind, where).items()}
        for kind in _REASONS
    }
    return SubjectRules(
        paths={name: texts(child, "paths") for name, child in named(entries, "paths", where).items()},
        shared=texts(entries["shared"], "shared") if "shared" in entries else (),
        excluded=reasons["excluded"],
        withheld=reasons["withheld"],
        disclosed=reasons["disclosed"],
        foreign={name: policy(child, KEY) for name, child in named(entries, "foreign", where).items()},
        mentions=texts(entries["mentions"], "mentions") if "mentions" in entries else (),
        lines=dict(_lines(entries, where)),
    )


def _lines(entries: dict[str, Node], where: str) -> Iterator[tuple[str, str]]:
    for kind in ("paths", "foreign", *_REASONS):
        yield from ((f"{kind}.{name}", at(child)) for name, child in named(entries, kind, where).items())
    for kind in ("shared", "mentions"):
        if kind in entries:
            yield from ((f"{kind}.{name}", at(entries[kind])) for name in texts(entries[kind], kind))
