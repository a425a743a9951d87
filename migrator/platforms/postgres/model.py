"""What a PostgreSQL database declares beside columns and keys, as the nouns of storage.model."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import pyarrow as pa

from migrator.platforms.postgres import declared, unrestored
from migrator.platforms.postgres.relation import Relation
from storage.described import built
from storage.model import (
    Check,
    Exclusion,
    Generated,
    IdentityColumn,
    Index,
    Model,
    NativeType,
    Partition,
    ReferenceDetail,
    Sequence,
    TableModel,
    View,
)

Ask = Callable[[str], pa.Table]
"""Run a query whose result is small."""

PLATFORM = "postgresql"

_Noun = TypeVar("_Noun")


def model_of(ask: Ask, relations: Mapping[str, Relation], tables: Collection[str]) -> Model:
    """What these tables are made of, the types and sequences they need, and the views that show nothing else."""
    catalog = _Catalog(ask, [relations[name].oid for name in tables])
    partitions = _Partitions(catalog)
    sequences = catalog.by_table(Sequence, declared.SEQUENCES)
    return Model(
        platform=PLATFORM,
        search_path=tuple(catalog.one(declared.SEARCH_PATH)),
        extensions=tuple(found for _, found in catalog.rows(declared.EXTENSIONS)),
        types=(*catalog.all(NativeType, declared.COLLATIONS), *catalog.all(NativeType, declared.TYPES)),
        sequences=sequences.pop(0, ()),
        tables=(*_tables(catalog, partitions, sequences), *_own(_Catalog(ask, partitions.oids), partitions)),
        views=catalog.all(View, declared.VIEWS),
        notes=tuple(note for _, note in catalog.rows(unrestored.OF_DATABASE)),
    )


class _Catalog:
    """The queries of `declared` over some tables, their rows as nouns."""

    def __init__(self, ask: Ask, oids: Collection[int]) -> None:
        self._ask = ask
        self._oids = f"ARRAY[{', '.join(map(str, oids))}]::oid[]"

    def rows(self, query: str) -> list[tuple[int, Any]]:
        """Whose each is, and what."""
        found = self._ask(query.format(tables=self._oids))
        owners, documents = (column.to_pylist() for column in found.columns)
        return [(owner, json.loads(document)) for owner, document in zip(owners, documents, strict=True)]

    def one(self, query: str) -> Any:
        return self.rows(query)[0][1]

    def all(self, noun: type[_Noun], query: str) -> tuple[_Noun, ...]:
        return tuple(built(noun, found, "the catalog") for _, found in self.rows(query))

    def by_table(self, noun: type[_Noun], query: str) -> dict[int, tuple[_Noun, ...]]:
        """By the object id of the table each is of."""
        found: dict[int, list[_Noun]] = defaultdict(list)
        for owner, document in self.rows(query):
            found[owner].append(built(noun, document, "the catalog"))
        return {owner: tuple(nouns) for owner, nouns in found.items()}


class _Partitions:
    """Those of all tables, however deep."""

    def __init__(self, catalog: _Catalog) -> None:
        self._known: dict[int, list[tuple[int, Partition]]] = defaultdict(list)
        for parent, document in catalog.rows(declared.PARTITIONS):
            self._known[parent].append((document["oid"], built(Partition, document, "the catalog")))

    @property
    def oids(self) -> list[int]:
        return [oid for partitions in self._known.values() for oid, _ in partitions]

    def under(self, parent: int) -> tuple[Partition, ...]:
        return tuple(replace(partition, parts=self.under(oid)) for oid, partition in self._known.get(parent, ()))


def _own(catalog: _Catalog, partitions: _Partitions) -> Iterator[TableModel]:
    """What partitions have of their own, beside what the tables they belong to gave them."""
    for found in _tables(catalog, partitions, {}):
        if found.checks or found.indexes or found.exclusions or found.notes:
            yield replace(found, references=(), inherits=(), partitions=())


def _tables(
    catalog: _Catalog, partitions: _Partitions, numbering: Mapping[int, tuple[Sequence, ...]]
) -> tuple[TableModel, ...]:
    """`numbering`: the sequences of identity columns."""
    checks = catalog.by_table(Check, declared.CHECKS)
    indexes = catalog.by_table(Index, declared.INDEXES)
    exclusions = catalog.by_table(Exclusion, declared.EXCLUSIONS)
    references = catalog.by_table(ReferenceDetail, declared.REFERENCES)
    generated = catalog.by_table(Generated, declared.GENERATED)
    identities = catalog.by_table(IdentityColumn, declared.IDENTITIES)
    collations = dict(catalog.rows(declared.WRITTEN_COLLATIONS))
    return tuple(
        replace(
            built(TableModel, found, "the catalog"),
            checks=checks.get(oid, ()),
            indexes=indexes.get(oid, ()),
            exclusions=exclusions.get(oid, ()),
            references=references.get(oid, ()),
            generated=generated.get(oid, ()),
            identities=tuple(_numbered(column, numbering.get(oid, ())) for column in identities.get(oid, ())),
            collations=collations.get(oid, {}),
            partitions=partitions.under(oid),
        )
        for oid, found in catalog.rows(declared.TABLES)
    )


def _numbered(identity: IdentityColumn, sequences: tuple[Sequence, ...]) -> IdentityColumn:
    return replace(identity, sequence=next((one for one in sequences if one.owner_column == identity.column), None))
