"""Masking rules brought to a source: which columns each masks, there and along every reference that leads there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mappings.nearest import nearest
from migrator.engine.blanks import APART_KINDS
from migrator.engine.classify import OWNED, SHARED, Classified, Reference
from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.methods import APART, Mask
from migrator.plan import AttachmentRule, ColumnRoot, ScopeRules
from migrator.plan.masking import CONST, NULL, REMOVED, MaskRule, MaskRules
from storage.errors import Misuse
from storage.schema import Column, Kind, Schema, Table

Place = tuple[str, str]
"""A table and a column of it."""

_WORDED = frozenset({Kind.TEXT, Kind.JSON, Kind.LITERAL, Kind.VARIANT, Kind.BINARY})
_EMPTYING = frozenset({REMOVED, NULL, CONST})
_SAYING = re.compile(r"['\"]|^[\s(+-]*(0x|[0-9.]*[1-9])")
"""Defaults that are, or hold, a text or a number other than 0: perhaps somebody's value."""


def label(place: Place) -> str:
    """As rules and messages name it."""
    return ".".join(place)


@dataclass(frozen=True, kw_only=True)
class Masking:
    """Every masked column with what masks it; `unmasked` are columns that may hold words, and nobody said to keep."""

    masks: dict[Place, Mask] = field(default_factory=dict)
    kept: tuple[Place, ...] = ()
    unmasked: tuple[Place, ...] = ()

    def of(self, table: str) -> dict[str, Mask]:
        """The masks of one table, by column."""
        return {column: mask for (name, column), mask in self.masks.items() if name == table}

    def described(self, table: Table) -> Table:
        """The table as the archive describes it: a masked column says nothing of values, and is computed no more."""
        masked = self.of(table.name)
        if not masked and not (table.is_view and self.masks):
            return table
        columns = tuple(_plain(column) if column.name in masked else column for column in table.columns)
        return replace(table, columns=columns, ddl=None)

    def attachments(self, rules: ScopeRules) -> ScopeRules:
        """The scope without the files that masked columns hold or name, and without what masked columns say of files.

        Misuse where a column of files is masked by what leaves something of it.
        """
        return replace(rules, attachments=tuple(self._attachments(rules.attachments)))

    def _attachments(self, rules: Iterable[AttachmentRule]) -> Iterator[AttachmentRule]:
        for rule in rules:
            mask = self.masks.get((rule.table, rule.column))
            if mask is None:
                said = {"size_column": rule.size_column, "hash_column": rule.hash_column}
                hidden = {name: None for name, column in said.items() if (rule.table, column) in self.masks}
                yield replace(rule, **hidden)  # type: ignore[arg-type]
            elif mask.rule.method not in _EMPTYING:
                raise Misuse(
                    f"{rule.label} holds or names files: {mask.rule.method} leaves them without a name",
                    where=mask.rule.at,
                    next="write removed or null: the files stay behind",
                )


def _plain(column: Column) -> Column:
    says = column.default is not None and _SAYING.search(column.default)
    return replace(column, default=None if says else column.default, generated=False, attachment=None)


def masking(rules: MaskRules, key: MaskKey, schema: Schema, classified: Classified, scope: ScopeRules) -> Masking:
    """Misuse, with file:line, where the rules name what does not leave, contradict each other, or forget something."""
    return _Resolver(rules, key, schema, classified, scope).masking()


class _Resolver:
    def __init__(
        self, rules: MaskRules, key: MaskKey, schema: Schema, classified: Classified, scope: ScopeRules
    ) -> None:
        self._rules = rules
        self._key = key
        self._schema = schema
        self._held = [table for table in schema.tables if classified.classes[table.name] in (OWNED, SHARED)]
        self._references = classified.references
        self._scope = scope
        self._joined = _joined(self._held, classified.references, scope)

    def masking(self) -> Masking:
        ruled = {self._place(rule.label, rule.at): rule for rule in self._rules.rules}
        spread = dict(self._spread(ruled))
        self._require_no_types(spread)
        kept = tuple(place for label_, at in self._rules.kept.items() for place in self._kept(label_, at, spread))
        masks = {place: self._mask(place, rule) for place, rule in spread.items()}
        self._require_computed(masks, kept)
        self._require_stubs(masks)
        unmasked = tuple(place for place in self._worded() if place not in masks and place not in kept)
        if self._rules.strict and unmasked:
            raise Misuse(
                f"{len(unmasked)} column(s) may hold words and have no rule: {', '.join(map(label, unmasked))}",
                where=self._rules.file,
                next="give each a rule, or name it under keep",
            )
        return Masking(masks=masks, kept=kept, unmasked=unmasked)

    def _place(self, named: str, at: str) -> Place:
        names = [table.name for table in self._held]
        known = [name for name in self._schema.table_names if named.startswith(f"{name}.")]
        name = max(known, key=len, default=named.partition(".")[0])  # any name may hold a dot
        if name not in names:
            what = f"{name} does not leave" if known else f"the source has no table {name!r}"
            raise Misuse(what, where=at, next=nearest(name, names))
        column = named.removeprefix(f"{name}").removeprefix(".")
        if column not in self._schema.table(name).column_names:
            known = list(self._schema.table(name).column_names)
            raise Misuse(f"{name} has no column {column!r}", where=at, next=nearest(column, known))
        return name, column

    def _kept(self, named: str, at: str, spread: dict[Place, MaskRule]) -> Iterator[Place]:
        names = [table.name for table in self._held]
        if named.endswith(".*") and named[:-2] in names:
            columns = self._schema.table(named[:-2]).column_names
            yield from ((named[:-2], column) for column in columns if (named[:-2], column) not in spread)
            return
        place = self._place(named, at)
        if rule := spread.get(place):
            what = f"{named} cannot be kept: it is masked with {rule.label}, which it points at or which points at it"
            raise Misuse(what, where=at, next=f"keep or mask both; that rule is at {rule.at}")
        yield place

    def _spread(self, ruled: dict[Place, MaskRule]) -> Iterator[tuple[Place, MaskRule]]:
        """Each rule at every place that must compare with its own."""
        of: dict[Place, MaskRule] = {}
        for place, rule in ruled.items():
            for other in self._joined.get(place, (place,)):
                if other in of and not of[other].is_like(rule):
                    what = f"{rule.label} and {of[other].label} compare with each other, and are masked differently"
                    raise Misuse(what, where=rule.at, next=f"mask both alike; the other rule is at {of[other].at}")
                of.setdefault(other, ruled.get(other, rule))
        for table in self._held:
            yield from (
                ((table.name, name), of[table.name, name]) for name in table.column_names if (table.name, name) in of
            )

    def _mask(self, place: Place, rule: MaskRule) -> Mask:
        apart = any(self._is_unique(other) for other in self._joined.get(place, (place,)))
        table = self._schema.table(place[0])
        if (place[1],) in _unique(table) and rule.method not in (*APART, NULL):
            what = f"{label(place)} is unique, and {rule.method} would make its values one"
            raise Misuse(what, where=rule.at, next=f"use {', '.join(sorted(APART))}")
        mask = Mask(key=self._key, rule=rule, apart=apart)
        mask.require_fitting(table, table.column(place[1]))
        return mask

    def _is_unique(self, place: Place) -> bool:
        return any(place[1] in columns for columns in _unique(self._schema.table(place[0])))

    def _require_no_types(self, spread: dict[Place, MaskRule]) -> None:
        types = {(one.table, column) for one in self._references if one.when for column in one.when.columns}
        for place in sorted(types & set(spread)):
            what, rule = f"{label(place)} says which table a reference means", spread[place]
            raise Misuse(what, where=rule.at, next=f"leave {rule.label} as it is")

    def _require_computed(self, masks: dict[Place, Mask], kept: tuple[Place, ...]) -> None:
        """A computed column may repeat what is masked beside it, and a view what is masked anywhere."""
        for table in self._held:
            computed = [(table.name, column.name) for column in table.columns if column.generated or table.is_view]
            open_ = [place for place in computed if place not in masks and place not in kept]
            if open_ and (table.is_view or any(name == table.name for name, _ in masks)):
                what = f"{label(open_[0])} is computed, perhaps of columns that are masked"
                raise Misuse(what, where=self._rules.file, next="give it a rule too, or name it under keep")

    def _require_stubs(self, masks: dict[Place, Mask]) -> None:
        """A row that comes along by its key alone repeats it, or a hash of it, where a value must be unique."""
        for reference in self._references:
            table = self._schema.table(reference.parent)
            if self._scope.foreign.get(reference.name) != "stub" or not any(name == table.name for name, _ in masks):
                continue
            obliged = {name for columns in _unique(table) for name in columns if not table.column(name).nullable}
            for name in sorted(obliged - {*table.primary_key, *reference.parent_columns}):
                if table.column(name).type.kind in APART_KINDS and (table.name, name) not in masks:
                    what = f"{table.name}.{name} repeats the key of rows that come along as stubs"
                    raise Misuse(what, where=self._rules.file, next="give it a rule too")

    def _worded(self) -> Iterator[Place]:
        for table in self._held:
            for column in table.columns:
                if column.type.kind in _WORDED and not column.choices:
                    yield table.name, column.name


def _unique(table: Table) -> set[tuple[str, ...]]:
    return {columns for columns in (table.primary_key, *(key.columns for key in table.unique)) if columns}


def _joined(held: list[Table], references: Iterable[Reference], scope: ScopeRules) -> dict[Place, set[Place]]:
    """Each column that is compared with others, with all of these and itself."""
    groups: dict[Place, set[Place]] = {}
    for one, other in _pairs(held, references, scope):
        group = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(group, group))
    return groups


def _pairs(held: list[Table], references: Iterable[Reference], scope: ScopeRules) -> Iterator[tuple[Place, Place]]:
    for reference in references:
        for column, parent in zip(reference.columns, reference.parent_columns, strict=True):
            yield (reference.table, column), (reference.parent, parent)
    if isinstance(scope.root, ColumnRoot):
        marked = [(table.name, scope.root.column) for table in held if scope.root.column in table.column_names]
        yield from ((marked[0], other) for other in marked[1:])
