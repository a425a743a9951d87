"""References that nobody declared, found in the tenant's own rows: by names, types and values, as a draft does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migrator.contracts import Reading
from migrator.engine.classify import OWNED, SHARED, UNCLASSIFIED
from migrator.engine.draft.meaning import Meanings
from migrator.engine.draft.polymorphic import polymorphic
from migrator.engine.draft.proposal import ProposedPolymorphic, ProposedReference
from migrator.engine.draft.references import References
from migrator.engine.explain.own import OwnEvidence
from migrator.engine.scope import Resolved
from migrator.plan import ColumnRoot
from storage.schema import Schema, Table


@dataclass(frozen=True, kw_only=True)
class Undeclared:
    references: tuple[ProposedReference, ...]
    polymorphic: tuple[ProposedPolymorphic, ...]
    unread: tuple[str, ...]  # tables nothing was looked for in, and why


def undeclared(reading: Reading, resolved: Resolved) -> Undeclared:
    """What the tenant's rows hold that is a key of some table; of columns without values nothing is said.

    Tables that stay behind are not asked: nobody needs a right to them.
    """
    evidence, meanings = OwnEvidence(reading, resolved), Meanings(_parents(reading.schema, resolved))
    tables, known = _held(reading.schema, resolved), set(declared(reading.schema, resolved))
    typed = tuple(one for one in polymorphic(tables, evidence, meanings) if (one.table, one.column) not in known)
    finder = References(evidence, meanings, known | {(one.table, one.column) for one in typed})
    single = finder.find(tables)
    several = (one for one in finder.find_composite(tables, single) if not _all_known(one, known))
    return Undeclared(
        references=tuple(one for one in (*single, *several) if one.share.values),
        polymorphic=typed,
        unread=tuple(f"{name} could not be read: {why}" for name, why in evidence.unread.items()),
    )


def declared(schema: Schema, resolved: Resolved) -> Iterator[tuple[str, str]]:
    """Table and column of everything that a reference of the source or of the plan is made of, and the tenant's."""
    root = resolved.rules.root
    for table in schema.tables:
        for key in table.foreign_keys:
            yield from ((table.name, column) for column in key.columns)
        if isinstance(root, ColumnRoot) and root.column in table.column_names:
            yield table.name, root.column
    for reference in resolved.classified.references:
        typed = reference.when.columns if reference.when else ()
        yield from ((reference.table, column) for column in (*reference.columns, *typed))


def _all_known(one: ProposedReference, known: set[tuple[str, str]]) -> bool:
    return all((one.table, column) in known for column in one.columns)


def _held(schema: Schema, resolved: Resolved) -> Sequence[Table]:
    classes = resolved.classified.classes
    return [table for table in schema.tables if classes[table.name] in (OWNED, SHARED) and not table.is_view]


def _parents(schema: Schema, resolved: Resolved) -> Sequence[Table]:
    classes, readable = resolved.classified.classes, (OWNED, SHARED, UNCLASSIFIED)
    return [table for table in schema.tables if classes[table.name] in readable and not table.is_view]
