"""Scopes that find wrong rows: each forgets a rule or misreads one, as a mistake in the code would.

Nobody asks about what they find: where the scope asks before anything is read, the proof has nothing to show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any
from zlib import crc32

import pytest

from migrator.contracts import Among, AnyOf, Predicate, Whole
from migrator.engine import closure
from migrator.engine.classify import Classified, Reference, classify
from migrator.engine.closure import Closure
from migrator.engine.doubts import Doubts
from migrator.engine.stages import stages
from migrator.plan import ScopeRules
from storage.schema import Schema
from tests.leaks.mutants import narrowed


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
        part = narrowed(among, len(among.columns) - 1)
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


def last_stage_first(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Children are asked for before their parents are there, and never again."""
    patch.setattr(closure, "stages", lambda led: tuple(reversed(stages(led))))


def no_keyless(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Rows that no key tells apart are forgotten, views among them."""
    patch.setattr(Closure, "_take_keyless", lambda _self: False)
    _keyless(patch, lambda _among: ())


def keyless_by_one_path(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Rows that no key tells apart are read by the first of their paths alone."""
    _keyless(patch, lambda among: among[:1])


def _keyless(patch: pytest.MonkeyPatch, change: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> None:
    right = Closure._of_keyless

    def mistaken(self: Closure, name: str) -> Predicate:
        found = right(self, name)
        return AnyOf(among=change(found.among)) if isinstance(found, AnyOf) else found

    patch.setattr(Closure, "_of_keyless", mistaken)
    no_crossings(patch)


def one_root(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Of several roots of one table the first alone is taken."""
    right = Closure._root_predicate

    def mistaken(self: Closure, name: str) -> Predicate | None:
        found = right(self, name)
        return found.among[0] if isinstance(found, AnyOf) else found

    patch.setattr(Closure, "_root_predicate", mistaken)
    no_crossings(patch)


def shared_once(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Shared rows come along, and not what they point at in turn."""
    right = Closure._take_parents

    def mistaken(self: Closure, reference: Reference, class_: str) -> int:
        in_turn = class_ == "shared" and self._class(reference.table) == "shared"
        return 0 if in_turn else right(self, reference, class_)

    patch.setattr(Closure, "_take_parents", mistaken)
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))


def everything_named(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """Whatever our rows point at is taken for ours, as if the plan carried it."""

    def mistaken(self: Closure) -> None:
        while any(
            self._take_parents(reference, "carried")
            for reference in self._classified.references
            if self._class(reference.parent) == "owned"
        ):
            pass
        self._take_shared()

    patch.setattr(Closure, "_apply_policies", mistaken)
    no_crossings(patch)


def unasked(patch: pytest.MonkeyPatch, _random: Random) -> None:
    """All rows are the right ones, and nothing about them was asked."""
    no_crossings(patch)


def no_crossings(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether references lead out of the tenant's rows, or what contradicts the plan."""
    patch.setattr(Closure, "crossing", lambda _self, _reference: (0, ()))
    patch.setattr(Doubts, "problems", lambda _self: ())
