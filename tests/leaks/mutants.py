"""Extractions gone wrong: each takes rows it should not, or leaves some, as a mistake in the code would.

The proof must refuse every one that changes what leaves; it may share nothing with what is broken here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from zlib import crc32

import pyarrow as pa
import pytest

from migrator.contracts import Among, AnyOf, Predicate, Reading, Whole
from migrator.engine import snapshot
from migrator.engine.classify import Classified, Reference, classify
from migrator.engine.closure import Closure
from migrator.engine.doubts import Doubts
from migrator.engine.extract import extract
from migrator.engine.scope import Resolved
from migrator.plan import ScopeRules
from storage.schema import Schema, Table
from storage.types import arrow_schema
from tests.conformance.platforms import KeyList
from tests.leaks.world import MARK

Batches = Iterator[pa.RecordBatch]
Mutant = Callable[[pytest.MonkeyPatch, Random], None]
"""Breaks the code for as long as the patch holds."""


# ── what reads the rows ─────────────────────────────────────────────────────────────────────────────────────
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
    patch.setattr(snapshot, "extract", mistaken)


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
        return AnyOf(among=tuple(_column(predicate, i) for i in range(len(predicate.columns))))

    _reads(patch, random, mistake)


def _half(predicate: Predicate) -> Predicate:
    if not isinstance(predicate, Among) or len(predicate.columns) < 2:
        return predicate
    return _column(predicate, len(predicate.columns) - 1)


def _column(predicate: Among, i: int) -> Among:
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
    patch.setattr(snapshot, "extract", mistaken)


def _rows(patch: pytest.MonkeyPatch, random: Random, change: Callable[[pa.RecordBatch], list[pa.RecordBatch]]) -> None:
    def mistaken(reading: Reading, resolved: Resolved, table: Table) -> Batches:
        for batch in extract(reading, resolved, table):
            yield from change(batch) if chosen(table) else [batch]

    chosen = _some(random)
    patch.setattr(snapshot, "extract", mistaken)


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
    patch.setattr(snapshot, "extract", mistaken)


# ── what finds the rows ─────────────────────────────────────────────────────────────────────────────────────
def _points(patch: pytest.MonkeyPatch, change: Callable[[Among], Among]) -> None:
    right = Closure.pointing

    def mistaken(self: Closure, reference: Reference, keys: Any) -> Among:
        return change(right(self, reference, keys))

    patch.setattr(Closure, "pointing", mistaken)
    no_crossings(patch)


def any_type(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """A polymorphic reference counts whatever its type column says."""
    _points(patch, lambda among: replace(among, when=None))


def half_joined(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Children are looked for by a part of their parent's key."""

    def change(among: Among) -> Among:
        if len(among.columns) < 2:
            return among
        part = _column(among, len(among.columns) - 1)
        return replace(part, when=among.when, of=among.of[-1:])

    _points(patch, change)


def first_generation(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Children are looked for once; theirs are not."""
    right = Closure._take_children

    def mistaken(self: Closure, reference: Reference) -> int:
        roots_found: int = vars(self).setdefault("roots_found", self._round)
        return right(self, reference) if self._grown.get(reference.parent, 0) <= roots_found else 0

    patch.setattr(Closure, "_take_children", mistaken)


def everybodys_root(patch: pytest.MonkeyPatch, random: Random) -> None:
    """A table's own mark is not looked at."""
    right, salt = Closure._root_predicate, random.random()

    def mistaken(self: Closure, name: str) -> Predicate | None:
        found = right(self, name)
        return Whole() if found is not None and crc32(f"{salt} {name}".encode()) % 2 else found

    patch.setattr(Closure, "_root_predicate", mistaken)


def all_shared(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Shared tables leave whole."""
    right = Closure._take_shared

    def mistaken(self: Closure) -> None:
        for name in self._rules.shared:
            if not self.count(name):
                self._take(name, Whole(), "shared")
        right(self)

    patch.setattr(Closure, "_take_shared", mistaken)


def no_shared(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Shared rows are forgotten."""
    patch.setattr(Closure, "_take_shared", lambda _self: None)
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))


def all_people(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Whoever is in a table of people is taken for a member."""

    def mistaken(self: Closure) -> bool:
        return any(self._take(reference.parent, Whole(), "owned") for reference in self._classified.members)

    patch.setattr(Closure, "_take_members", mistaken)


def no_people(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Members are forgotten."""
    patch.setattr(Closure, "_take_members", lambda _self: False)
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))


def uninvited(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """What the plan carries is forgotten."""
    patch.setattr(Closure, "_apply_policies", lambda _self: None)
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))


def carried_all(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Of whom the plan wants the key, the whole row comes along."""
    patch.setattr("migrator.engine.extract._stub", lambda _table, _resolved, batch: batch)


def kept_keys(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """What the plan sets to NULL stays."""
    patch.setattr("migrator.engine.extract._nulling", lambda *_: lambda batch: batch)


def forgotten_path(patch: pytest.MonkeyPatch, random: Random) -> None:
    """A reference that makes rows the tenant's is not followed, by the scope nor by the proof along the edges."""

    def mistaken(schema: Schema, rules: ScopeRules) -> Classified:
        found = classify(schema, rules)
        several = [name for name, paths in sorted(found.paths.items()) if len(paths) > 1]
        if not several:
            return found
        name = several[int(salt * len(several))]
        kept = tuple(path for i, path in enumerate(found.paths[name]) if i != int(salt * len(found.paths[name])))
        return replace(found, paths={**found.paths, name: kept})

    salt = random.random()
    patch.setattr("migrator.engine.scope.classify", mistaken)
    no_crossings(patch)


def no_crossings(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether references lead out of the tenant's rows, or what contradicts the plan."""
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))
    patch.setattr(Doubts, "problems", lambda _self: ())


CLEAN: Sequence[Mutant] = (widened, lost_key, stale_keys, cut_short, read_twice, everybodys_root, all_shared, no_shared)
"""Those that a world shows in which nothing is wrong."""
COUNTED: Sequence[Mutant] = (said_twice, exchanged)
"""Those that leave every count as it is."""
UNLED: Sequence[Mutant] = (forgotten_path,)
"""Those that no edge shows: it takes a proof that asks what stays behind."""
KEYED: Sequence[Mutant] = (half_keyed, ored, half_joined)
"""Those that it takes keys of several columns for."""
ROOTED: Sequence[Mutant] = (first_generation,)
"""Those that it takes a root row and references for."""
JOINED: Sequence[Mutant] = (all_people, no_people)
"""Those that it takes people for who belong to tenants by memberships."""
TYPED: Sequence[Mutant] = (any_type,)
"""Those that it takes a row for whose target is ours by another type than its own."""
DECIDED: Sequence[Mutant] = (uninvited, carried_all, kept_keys, widened, stale_keys)
"""Those that it takes rows of others for, that come along or whose keys may not."""
