"""What each table would be if every guess held: owned, shared because the tenant's rows point at it, or undecided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.engine.classify import OWNED, Classified, Reference, classify
from migrator.engine.draft.evidence import Evidence
from migrator.engine.draft.proposal import (
    ProposedPolymorphic,
    ProposedReference,
    ProposedRoot,
    ProposedShared,
    Undecided,
)
from migrator.engine.draft.tenants import rows_of
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.plan import ColumnRoot, DeclaredReference, Root, ScopeRules, TableRoot
from storage.schema import Schema, Table


@dataclass(frozen=True, kw_only=True)
class Standing:
    owned: dict[str, str]
    shared: tuple[ProposedShared, ...]
    unclassified: tuple[Undecided, ...]


def standing(
    schema: Schema,
    root: ProposedRoot | None,
    references: Sequence[ProposedReference],
    polymorphic: Sequence[ProposedPolymorphic],
    evidence: Evidence,
) -> Standing:
    """By the rules that a plan is classified by, as if it said what the draft proposes."""
    if root is None:
        undecided = (Undecided(table=table.name, seen="no root was found") for table in schema.tables)
        return Standing(owned={}, shared=(), unclassified=tuple(undecided))
    rules = ScopeRules(root=_root(root), references=(*map(_declared, references), *map(_typed, polymorphic)))
    classified = classify(schema, rules)
    owned = {name for name, class_ in classified.classes.items() if class_ == OWNED}
    shared = _pointed_at(classified, owned)
    return Standing(
        owned={name: _paths(classified, name) for name in schema.table_names if name in owned},
        shared=tuple(
            _shared(schema.table(name), shared[name], evidence) for name in schema.table_names if name in shared
        ),
        unclassified=tuple(
            Undecided(table=table.name, seen=", ".join(_seen(table, classified, set(shared), evidence)))
            for table in schema.tables
            if table.name not in owned and table.name not in shared
        ),
    )


def _root(root: ProposedRoot) -> Root:
    if root.table is None:
        return ColumnRoot(column=root.column, value=root.value, at="")
    return TableRoot(table=root.table, where=((root.column, root.value),), at="")


def _declared(one: ProposedReference) -> DeclaredReference:
    return DeclaredReference(
        table=one.table, columns=one.columns, parent=one.parent, parent_columns=one.parent_columns, at=""
    )


def _typed(one: ProposedPolymorphic) -> DeclaredReference:
    types = tuple((meant.value, meant.parent) for meant in one.types)
    return DeclaredReference(table=one.table, columns=(one.column,), type_column=one.type_column, types=types, at="")


def _pointed_at(classified: Classified, owned: set[str]) -> dict[str, tuple[str, ...]]:
    """The tables that owned ones point at, and those that these point at in turn, each with who points at it."""
    pointing: dict[str, dict[str, None]] = {}
    latest = set(owned)
    while latest:
        found = set()
        for reference in classified.references:
            if reference.table in latest and reference.parent not in owned:
                if reference.parent not in pointing:
                    found.add(reference.parent)
                pointing.setdefault(reference.parent, {})[reference.name] = None
        latest = found
    return {name: tuple(names) for name, names in pointing.items()}


def _paths(classified: Classified, name: str) -> str:
    paths = dict.fromkeys(_led(path) for path in classified.paths.get(name, ()) if path.parent != name)
    return ", ".join(paths)


def _led(path: Reference) -> str:
    return f"{path.label} → {path.parent}"


def _rows(table: Table, evidence: Evidence) -> str:
    return rows_of(evidence.sample(table, table.primary_key[:1] or table.column_names[:1]))


def _shared(table: Table, pointing: tuple[str, ...], evidence: Evidence) -> ProposedShared:
    return ProposedShared(table=table.name, rows=_rows(table, evidence), pointing=pointing)


def _seen(table: Table, classified: Classified, shared: set[str], evidence: Evidence) -> Iterator[str]:
    """What helps to decide about a table that nothing leads from to the tenant."""
    yield _rows(table, evidence)
    if table.name in Vocabulary.FRAMEWORK:
        yield "a framework's own bookkeeping, by its name"
    for reference in classified.references_of(table.name):
        yield f"{_led(reference)}{' (shared)' if reference.parent in shared else ''}"
