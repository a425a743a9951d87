"""References that nobody declared: columns named for a table whose values are keys of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from migrator.engine.draft.evidence import Evidence, Values
from migrator.engine.draft.meaning import LEAST_SHARE, WITHOUT_VALUES, Meaning, Meanings, Why
from migrator.engine.draft.proposal import ProposedReference, Share
from migrator.engine.draft.vocabulary import Vocabulary
from migrator.engine.draft.words import among, same, stem
from storage.schema import Column, Table

_OTHERS = 3
_SURE = 0.95  # of a name that says nothing of a reference
_STRONG = (Why.NAMED, Why.ENDS_NAMED, Why.SHORT, Why.BEGINS_NAMED, Why.ITSELF, Why.LAST_WORD)
_WEAK = (Why.ROLE, Why.SHORTENED, Why.VALUES)
_SAID = {
    Why.NAMED: "named for it",
    Why.ENDS_NAMED: "its name ends so",
    Why.SHORT: "its name is the end of the table's",
    Why.ITSELF: "another row of the same table, by its name",
    Why.BEGINS_NAMED: "its name begins so",
    Why.LAST_WORD: "both names end so",
    Why.ROLE: "a person, by its name",
    Why.SHORTENED: "its name is short for it",
    Why.VALUES: "by its values alone",
}


@dataclass(frozen=True, kw_only=True)
class _Open:
    """A column that may lead somewhere, and what it holds."""

    table: Table
    column: Column
    values: Values


_Borne = tuple[Share, Meaning]


class References:
    """Looks at every column that may be a reference, but for those in `known`: (table, column)."""

    def __init__(self, evidence: Evidence, meanings: Meanings, known: Collection[tuple[str, str]]) -> None:
        self._evidence = evidence
        self._meanings = meanings
        self._known = known

    def find(self, tables: Sequence[Table]) -> tuple[ProposedReference, ...]:
        """Those that are named for a table first: what they lead to decides where the people are."""
        found: list[ProposedReference] = []
        unsure: list[_Open] = []
        for table in tables:
            for one in self._columns(table):
                proposed = self._proposed(one, _STRONG, Counter())
                found += proposed
                unsure += [] if proposed else [one]
        pointed = Counter(key.parent for table in tables for key in table.foreign_keys)
        pointed.update(one.parent for one in found)
        for one in unsure:
            found += self._proposed(one, _WEAK, pointed)
        order = {table.name: number for number, table in enumerate(tables)}
        return tuple(sorted(found, key=lambda one: order[one.table]))

    def _columns(self, table: Table) -> Iterator[_Open]:
        columns = [
            column
            for column in table.columns
            if (table.name, column.name) not in self._known and self._meanings.is_like_a_reference(table, column)
        ]
        if not columns:
            return
        sample = self._evidence.sample(table, [column.name for column in columns])
        for column in columns:
            yield _Open(table=table, column=sample.table.column(column.name), values=sample.values([column.name]))

    def _proposed(self, one: _Open, whys: Sequence[Why], pointed: Counter[str]) -> list[ProposedReference]:
        """By the strongest reason that its values bear out, where there is any."""
        meanings = list(self._meanings.of(one.table, one.column))
        if whys is _WEAK and one.table.primary_key != (one.column.name,):
            meanings += self._meanings.shortened(one.table, one.column)
            meanings += self._meanings.anywhere(one.table, one.column) if one.values.tell else ()
        for why in whys:
            if borne := self._borne([meaning for meaning in meanings if meaning.why is why], one.values, pointed):
                return [_reference(one, *borne)]
        return []

    def _borne(self, meanings: Sequence[Meaning], values: Values, pointed: Counter[str]) -> list[_Borne]:
        """Those that the values bear out, the likeliest first."""
        shares = ((self._share(values, meaning.parent, (meaning.column,)), meaning) for meaning in meanings)
        borne = [(share, meaning) for share, meaning in shares if _bears(share, meaning)]
        return sorted(borne, key=lambda pair: (-pair[0].part, *self._less_likely(pair[1], pointed)))

    def _less_likely(self, meaning: Meaning, pointed: Counter[str]) -> tuple[bool, int]:
        return among(self._meanings.called(meaning.parent), Vocabulary.OUTSIDE), -pointed[meaning.parent.name]

    def _share(self, values: Values, parent: Table, columns: tuple[str, ...]) -> Share:
        found = self._evidence.found(values, parent, columns)
        if unread := self._evidence.refused.get(parent.name):
            return Share(found=0, values=0, whole=False, unread=f"{parent.name}: {unread}")
        return Share(found=found, values=len(values), whole=values.whole, unread=values.unread)

    # ── references of several columns ───────────────────────────────────────────────────────────────────────
    def find_composite(
        self, tables: Sequence[Table], single: Sequence[ProposedReference]
    ) -> tuple[ProposedReference, ...]:
        """Columns that between them are named like another table's key: a tenant's, and a number of his own."""
        leading = {(one.table, one.columns) for one in single}
        leading |= {(table.name, key.columns) for table in tables for key in table.foreign_keys}
        parents = [
            table
            for table in tables
            if len(table.primary_key) > 1 and not all((table.name, (name,)) in leading for name in table.primary_key)
        ]
        return tuple(
            found
            for table in tables
            for parent in parents
            if (columns := self._like_key_of(parent, table)) and (table.name, columns) not in leading
            for found in self._composite(table, columns, parent)
        )

    def _like_key_of(self, parent: Table, table: Table) -> tuple[str, ...]:
        """The table's columns that stand for the parent's key, one of them named for the parent."""
        if parent.name == table.name:
            return ()
        columns, is_named = [], False
        called = self._meanings.called(parent)
        for key in parent.primary_key:
            thing = stem(key)[0]
            named = [c.name for c in table.columns if stem(c.name)[1] and same(stem(c.name)[0], called)]
            if not thing and named:
                columns.append(named[0])
            elif thing and key in table.column_names:
                columns.append(key)
            is_named |= not thing or same(thing, called)
        return tuple(columns) if is_named and len(set(columns)) == len(parent.primary_key) else ()

    def _composite(self, table: Table, columns: tuple[str, ...], parent: Table) -> Iterator[ProposedReference]:
        values = self._evidence.sample(table, columns).values(columns)
        share = self._share(values, parent, parent.primary_key)
        if not values or share.part >= _SURE:
            yield ProposedReference(
                table=table.name,
                columns=columns,
                parent=parent.name,
                parent_columns=parent.primary_key,
                why="named like its key",
                share=share,
            )


def _reference(one: _Open, best: _Borne, *others: _Borne) -> ProposedReference:
    share, meaning = best
    return ProposedReference(
        table=one.table.name,
        columns=(one.column.name,),
        parent=meaning.parent.name,
        parent_columns=(meaning.column,),
        why=_SAID[meaning.why],
        share=share,
        others=tuple(f"{other}: {its}" for its, other in others[:_OTHERS]),
    )


def _bears(share: Share, meaning: Meaning) -> bool:
    if not share.values:
        return meaning.marked and meaning.why in WITHOUT_VALUES
    return share.part >= (LEAST_SHARE[meaning.why] if meaning.marked else _SURE)
