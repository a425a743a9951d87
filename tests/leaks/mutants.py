"""Extractions that read wrong rows: each takes some it should not, or leaves some, as a mistake in the code would.

The proof must refuse every one that changes what leaves; it may share nothing with what is broken here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any
from zlib import crc32

import pyarrow as pa
import pytest

from migrator.contracts import Among, AnyOf, Predicate, Reading, Whole
from migrator.engine import table_copy
from migrator.engine.extract import extract
from migrator.engine.scope import Resolved
from storage.schema import Table
from storage.types import arrow_schema
from tests.conformance.platforms import KeyList
from tests.leaks.world import MARK

Batches = Iterator[pa.RecordBatch]
Mutant = Callable[[pytest.MonkeyPatch, Random], None]
"""Breaks the code for as long as the patch holds."""


class _Mistaken:
    """A reading whose scans take another predicate for the one they are given."""

    def __init__(self, reading: Reading, mistake: Callable[[Predicate], Predicate]) -> None:
        self._reading = reading
        self._mistake = mistake

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading, name)

    def scan(self, table: Table, predicate: Predicate, **options: Any) -> Batches:
        return self._reading.scan(table, self._mistake(predicate), **options)


def _reads(patch: pytest.MonkeyPatch, random: Random, mistake: Callable[[Predicate], Predicate]) -> None:
    """One table in two, at least, is read with the mistake."""

    def mistaken(reading: Reading, resolved: Resolved, table: Table) -> Batches:
        wrong = _Mistaken(reading, mistake) if chosen(table) else reading
        return extract(wrong, resolved, table)  # type: ignore[arg-type]

    chosen = _some(random)
    patch.setattr(table_copy, "extract", mistaken)


def _some(random: Random) -> Callable[[Table], bool]:
    salt = random.random()
    return lambda table: crc32(f"{salt} {table.name}".encode()) % 2 == 0


def widened(patch: pytest.MonkeyPatch, random: Random) -> None:
    """No predicate at all."""
    _reads(patch, random, lambda _predicate: Whole())


def half_keyed(patch: pytest.MonkeyPatch, random: Random) -> None:
    """Of a key of several columns, the last one alone."""
    _reads(patch, random, lambda predicate: _half(predicate))


def ored(patch: pytest.MonkeyPatch, random: Random) -> None:
    """OR in place of AND between the columns of a key."""

    def mistake(predicate: Predicate) -> Predicate:
        if not isinstance(predicate, Among) or len(predicate.columns) < 2:
            return predicate
        return AnyOf(among=tuple(narrowed(predicate, i) for i in range(len(predicate.columns))))

    _reads(patch, random, mistake)


def _half(predicate: Predicate) -> Predicate:
    if not isinstance(predicate, Among) or len(predicate.columns) < 2:
        return predicate
    return narrowed(predicate, len(predicate.columns) - 1)


def narrowed(predicate: Among, i: int) -> Among:
    keys = list(dict.fromkeys((key[i],) for key in _listed(predicate)))
    return Among(columns=(predicate.columns[i],), keys=KeyList((predicate.keys.types[i],), keys))


def _listed(predicate: Among) -> list[tuple[Any, ...]]:
    return [
        tuple(row.values())
        for batch in predicate.keys.batches()
        for row in batch.rename_columns(_names(batch)).to_pylist()
    ]


def _names(batch: pa.RecordBatch) -> list[str]:
    return [f"k{i}" for i in range(batch.num_columns)]


def lost_key(patch: pytest.MonkeyPatch, random: Random) -> None:
    """A key set from before the last row was found."""

    def mistake(predicate: Predicate) -> Predicate:
        if not isinstance(predicate, Among) or not len(predicate.keys):
            return predicate
        keys = _listed(predicate)
        del keys[random.randrange(len(keys))]
        return replace(predicate, keys=KeyList(predicate.keys.types, keys))

    _reads(patch, random, mistake)


def stale_keys(patch: pytest.MonkeyPatch, random: Random) -> None:
    """A key set of another moment: as many keys, of rows that are by now somebody else's."""

    def mistaken(reading: Reading, resolved: Resolved, table: Table) -> Batches:
        if not chosen(table) or not table.primary_key:
            return extract(reading, resolved, table)

        def mistake(predicate: Predicate) -> Predicate:
            if not isinstance(predicate, Among) or not len(predicate.keys):
                return predicate
            keys = _listed(predicate)
            rows = reading.scan(table, Whole(), columns=list(predicate.columns))
            there = [tuple(row.values()) for batch in rows for row in batch.select(predicate.columns).to_pylist()]
            others = [key for key in there if key not in keys]
            if others:
                keys[random.randrange(len(keys))] = random.choice(others)
            return replace(predicate, keys=KeyList(predicate.keys.types, keys))

        return extract(_Mistaken(reading, mistake), resolved, table)  # type: ignore[arg-type]

    chosen = _some(random)
    patch.setattr(table_copy, "extract", mistaken)


def _rows(patch: pytest.MonkeyPatch, random: Random, change: Callable[[pa.RecordBatch], list[pa.RecordBatch]]) -> None:
    def mistaken(reading: Reading, resolved: Resolved, table: Table) -> Batches:
        for batch in extract(reading, resolved, table):
            yield from change(batch) if chosen(table) else [batch]

    chosen = _some(random)
    patch.setattr(table_copy, "extract", mistaken)


def cut_short(patch: pytest.MonkeyPatch, random: Random) -> None:
    """The last row of a page is left out."""
    _rows(patch, random, lambda batch: [batch.slice(0, max(0, len(batch) - 1))])


def read_twice(patch: pytest.MonkeyPatch, random: Random) -> None:
    """The last row of a page is the first of the next."""
    _rows(patch, random, lambda batch: [batch, batch.slice(max(0, len(batch) - 1))])


def said_twice(patch: pytest.MonkeyPatch, random: Random) -> None:
    """As many rows as there should be: the last of a page is left out, and its first stands there again."""
    _rows(patch, random, lambda batch: [batch.take([*range(len(batch) - 1), 0]) if len(batch) else batch])


def exchanged(patch: pytest.MonkeyPatch, random: Random) -> None:
    """A row of somebody else's in the place of one of ours, and everything about it says that it is ours."""

    def mistaken(reading: Reading, resolved: Resolved, table: Table) -> Batches:
        own = [row for batch in extract(reading, resolved, table) for row in batch.to_pylist()]
        there = (row for batch in reading.scan(table, Whole()) for row in batch.to_pylist())
        others = [row for row in there if row not in own]
        if chosen(table) and own and others:
            said = {
                column for reference in resolved.classified.references_of(table.name) for column in reference.columns
            }
            i = random.randrange(len(own))
            own[i] = random.choice(others) | {name: own[i][name] for name in (said | {MARK}) & own[i].keys()}
        yield pa.RecordBatch.from_pylist(own, arrow_schema(table))

    chosen = _some(random)
    patch.setattr(table_copy, "extract", mistaken)
