"""References that two columns make: one holds an id, the other says of which table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrator.engine.draft.evidence import Evidence, Sample
from migrator.engine.draft.meaning import KEY_KINDS, Meanings, comparable
from migrator.engine.draft.proposal import ProposedPolymorphic, ProposedType, Share
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import Words, stem, words
from storage.schema import Column, Kind, Table

_MOST_TYPES = 100
_LEAST_SHARE = 0.5
_NAMESPACES = re.compile(r"[\\/.:]+")  # App\Models\Post, Blog::Post, blog.post


def polymorphic(tables: Sequence[Table], evidence: Evidence, meanings: Meanings) -> Iterator[ProposedPolymorphic]:
    """Those whose type column names at least one table that has the ids."""
    for table in tables:
        for type_column, column in pairs(table):
            sample = evidence.sample(table, [type_column.name, column.name])
            types = sample.values([type_column.name])
            if len(types) > _MOST_TYPES or types.types[0].kind is not Kind.TEXT:
                continue
            said = {
                value: _meant(value, sample, (type_column, column), evidence, meanings)
                for value in types.shown(_MOST_TYPES)
            }
            if known := tuple(meant for meant in said.values() if meant):
                yield ProposedPolymorphic(
                    table=table.name,
                    column=column.name,
                    type_column=type_column.name,
                    types=known,
                    unknown=tuple(value for value, meant in said.items() if not meant),
                )


def pairs(table: Table) -> Iterator[tuple[Column, Column]]:
    """Columns that by their names are a type and an id of one thing."""
    ids: dict[Words, Column] = {}
    for column in table.columns:
        thing, marked = stem(column.name)
        if marked and thing and column.type.kind in KEY_KINDS:
            ids.setdefault(thing, column)
    anything = next(
        (column for thing, column in ids.items() if len(thing) == 1 and thing[0] in Vocabulary.ANYTHING), None
    )
    for column in table.columns:
        named = words(column.name)
        if column.type.kind is not Kind.TEXT or not named:
            continue
        found = ids.get(_without_kind(named), anything if named[-1] in Vocabulary.TYPE else None)
        if found is not None and found.name != column.name:
            yield column, found


def _without_kind(named: Words) -> Words:
    if len(named) > 1 and named[-1] in Vocabulary.TYPE:
        return named[:-1]
    if len(named) > 1 and named[0] in Vocabulary.TYPE:
        return named[1:]
    *before, last = named
    return (*before, last.removesuffix("type")) if last.endswith("type") and last != "type" else named


def _meant(
    value: str, sample: Sample, pair: tuple[Column, Column], evidence: Evidence, meanings: Meanings
) -> ProposedType | None:
    """The table that a type means, where it has most of the ids."""
    type_column, column = pair
    ids = sample.values([column.name], where=(type_column.name, value))
    best: ProposedType | None = None
    for parent in _named(value, meanings):
        if len(parent.primary_key) != 1 or not comparable(column, parent.column(parent.primary_key[0])):
            continue
        found = evidence.found(ids, parent, parent.primary_key)
        share = Share(found=found, values=len(ids), whole=ids.whole)
        if share.part >= _LEAST_SHARE and (best is None or share.part > best.share.part):
            best = ProposedType(value=value, parent=parent.name, share=share)
    return best


def _named(value: str, meanings: Meanings) -> tuple[Table, ...]:
    """Tables of this name, or of the class that it ends in."""
    last = _NAMESPACES.split(value.strip())[-1]
    found = (*meanings.named(words(value)), *meanings.named(words(last)))
    return tuple({table.name: table for table in found}.values())
