"""The rows that are the tenant's, found to a fixed point by key sets: no nested SQL, and cost by the tenant's size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa

from mappings.quote import identifier as quoted
from migrator.contracts import Among, AnyOf, Keys, Matching, Predicate, Reading, Whole
from migrator.engine.classify import OWNED, SHARED, Classified, Reference
from migrator.engine.equality import as_text, is_value, with_column
from migrator.engine.keysets import CARRIED, STUB, KeySets
from migrator.engine.roots import any_of, marks, named_columns
from migrator.engine.stages import stages
from migrator.engine.workbench import FewKeys, QueryKeys, Workbench
from migrator.plan import ScopeRules
from storage.errors import Recast, Red
from storage.schema import Column, Table
from storage.types import arrow_type

_MOST_ROUNDS = 1_000_000
_FEW_BYTES = 1 << 20  # rows of so few are taken without a table of their own: a deep chain has thousands of them
_INCOMING = "migrator incoming"


@dataclass(frozen=True, kw_only=True)
class _Latest:
    """The tenant's own rows that were found last, where they are few and all of them were new."""

    table: str
    after: int  # the round that had found rows of it before
    rows: list[pa.RecordBatch]


class Closure(KeySets):
    """The tenant's rows as key sets. `find()` fills them; `predicate` then selects rows of the source."""

    def __init__(self, reading: Reading, rules: ScopeRules, classified: Classified, workbench: Workbench) -> None:
        super().__init__(reading, classified, workbench)
        self._rules = rules
        self._round = 0
        self._grown: dict[str, int] = {}  # table → the last round that found rows of it
        self._down: dict[Reference, int] = {}  # reference → the last round whose rows were asked for their children
        self._up: dict[Reference, int] = {}  # the same for their parents
        self._latest: _Latest | None = None

    # ── finding ─────────────────────────────────────────────────────────────────────────────────────────────
    def find(self) -> None:
        """Fill the key sets, once more from the start whenever a key column turns out to hold mixed types."""
        while True:
            try:
                self._find()
                return
            except Recast as recast:
                self._tables[recast.table] = with_column(self._tables[recast.table], recast.column)

    def _find(self) -> None:
        self._round, self._grown, self._down, self._up, self._latest = 0, {}, {}, {}, None
        self._workbench.execute("DROP SCHEMA IF EXISTS own CASCADE")
        self._workbench.schema("own")
        for name, class_ in self._classified.classes.items():
            if class_ in (OWNED, SHARED):
                self._create(name)
        self._take_roots()
        self._follow_down()
        while self._take_members() or self._take_keyless():
            self._follow_down()
        self._take_shared()
        self._apply_policies()

    def _create(self, name: str) -> None:
        columns = [pa.field(column.name, arrow_type(column.type)) for column in self.skeleton(name)]
        schema = pa.schema([*columns, ("migrator_class", pa.string()), ("migrator_round", pa.int32())])
        self._workbench.ingest("own", name, [], schema)

    def skeleton(self, name: str) -> tuple[Column, ...]:
        """The columns a key set of this table needs, in the table's order."""
        table, needed = self._tables[name], set(self._tables[name].primary_key)
        for reference in (*self._classified.references, *self._classified.elsewhere):
            if reference.table == name:
                needed.update(reference.columns, reference.when.columns if reference.when else ())
            if reference.parent == name:
                needed.update(reference.parent_columns)
        needed |= named_columns(self._rules.root, table)
        return tuple(column for column in table.columns if column.name in needed)

    def _take_roots(self) -> None:
        for name in self._classified.paths:
            predicate = self._root_predicate(name)
            if predicate is not None:
                self._take(name, predicate, OWNED)
        for name, how in self._rules.shared.items():
            if how == "whole":
                self._take(name, Whole(), SHARED)

    def _root_predicate(self, name: str) -> Whole | AnyOf | Matching | None:
        if name in self._classified.whole:
            return Whole()
        found = marks(self._rules.root, self._tables[name])
        return any_of(found) if found else None

    def _led(self) -> dict[str, tuple[Reference, ...]]:
        """The tables whose rows references make the tenant's, with these."""
        return {name: paths for name, paths in self._classified.paths.items() if name not in self._classified.whole}

    def _follow_down(self) -> None:
        """Children of all rows that were not asked for theirs, until none finds any."""
        keyed = {name: paths for name, paths in self._led().items() if self._tables[name].primary_key}
        for stage in stages(keyed):
            while sum(self._take_children(reference) for reference in stage):
                if self._round > _MOST_ROUNDS:
                    raise Red(
                        "the ownership paths do not come to an end", where="scope", next="report this with the schema"
                    )

    def _take_children(self, reference: Reference) -> int:
        asked, grown = self._down.get(reference, 0), self._grown.get(reference.parent, 0)
        if grown <= asked:
            return 0
        self._down[reference] = self._round
        return self._take(reference.table, self.pointing(reference, self._found_since(asked, reference)), OWNED)

    def _found_since(self, asked: int, reference: Reference) -> Keys:
        """The keys of the tenant's own rows that this reference could point at, of those found after this round."""
        latest = self._latest
        if latest and latest.table == reference.parent and latest.after <= asked:
            parent = self._tables[reference.parent]
            return FewKeys.among(latest.rows, [parent.column(name) for name in reference.parent_columns])
        fresh = f"migrator_class = 'owned' AND migrator_round > {asked}"
        return self._keys_of(reference.parent, reference.parent_columns, fresh)

    def _take_keyless(self) -> bool:
        """Rows no key tells apart are read whole, by all paths of their table; says whether others may hang on them."""
        led = self._led()
        parents = {path.parent for paths in led.values() for path in paths}
        parents |= {reference.table for reference in self._classified.members}
        grown = False
        for name, paths in led.items():
            if paths and not self._tables[name].primary_key:
                held = self.count(name)
                found = self._take(name, self._of_keyless(name), OWNED)
                self._workbench.execute(f"DELETE FROM own.{quoted(name)} WHERE migrator_round < {self._round}")
                grown |= found > held and name in parents
        return grown

    def _of_keyless(self, name: str) -> Predicate:
        root = self._root_predicate(name)
        if isinstance(root, Whole):
            return root
        named = root.among if isinstance(root, AnyOf) else (root,) if root else ()
        paths = (self.pointing(path, self.owned_keys(path)) for path in self._classified.paths[name])
        members = (
            Among(columns=reference.parent_columns, keys=self.owned_keys(reference))
            for reference in self._classified.members
            if reference.parent == name
        )
        return AnyOf(among=(*named, *paths, *members))

    def _take_members(self) -> bool:
        """Rows that belong to the tenant since rows of his point at them; others may hang on them in turn."""
        return any(self._take_parents(reference, OWNED) for reference in self._classified.members)

    def _take_shared(self) -> None:
        """Rows of shared tables that rows taken so far point at, and what those point at in turn."""
        found = True
        while found:
            found = False
            for reference in self._classified.references:
                if self._class(reference.parent) == SHARED and self._class(reference.table) in (OWNED, SHARED):
                    found |= bool(self._take_parents(reference, SHARED))

    def _apply_policies(self) -> None:
        """Parents of other tenants, where the plan lets them come along; to a fixed point: they have parents too.

        A row that one reference lets come by its key and another in full comes in full, whichever is read first.
        """
        found = True
        while found:
            found = False
            for reference in self._classified.references:
                policy = self._rules.foreign.get(reference.name)
                if policy in ("carry", "stub") and self._class(reference.parent) == OWNED:
                    found |= bool(self._take_parents(reference, CARRIED if policy == "carry" else STUB))
                    found |= policy == "carry" and self._carry_stubs(reference)
            if found:
                self._take_shared()

    def _carry_stubs(self, reference: Reference) -> bool:
        """Whether there were any: what they point at is asked for once more, of all their columns."""
        carried = self.carry_stubs(reference)
        if carried:
            self._round += 1
            self._grown[reference.parent] = self._round
        return carried > 0

    def _take_parents(self, reference: Reference, class_: str) -> int:
        if self._grown.get(reference.table, 0) <= self._up.get(reference, 0):
            return 0  # what its rows point at was asked for, and came along where it is there
        self._up[reference] = self._round
        keys = self.parents_of(reference, outside=True)
        if not len(keys):
            return 0
        return self._take(reference.parent, Among(columns=reference.parent_columns, keys=keys), class_)

    def _take(self, name: str, predicate: Predicate, class_: str) -> int:
        """Read the skeleton of these rows and add those not held yet; returns how many were new."""
        table, skeleton = self._tables[name], self.skeleton(name)
        schema = pa.schema([pa.field(column.name, arrow_type(column.type)) for column in skeleton])
        batches = iter(self._reading.scan(table, predicate, columns=[column.name for column in skeleton]))
        first, is_all = _first(batches)
        self._round += 1
        own, is_new = f"own.{quoted(name)}", "true"
        if table.primary_key:
            on = " AND ".join(f"o.{quoted(column)} = i.{quoted(column)}" for column in table.primary_key)
            is_new = f"NOT EXISTS (SELECT 1 FROM {own} o WHERE {on})"
        # a table without key and references has no column here: its rows still count
        values = ", ".join([*(f"i.{quoted(column.name)}" for column in skeleton), f"'{class_}'", str(self._round)])
        new = f"INSERT INTO {own} SELECT {values} FROM {{}} i WHERE {is_new}"
        if is_all:
            found = self._workbench.insert(new.format("incoming"), first, schema) if first else 0
        else:
            self._workbench.ingest("own", _INCOMING, chain(first, batches), schema)
            found = int(self._workbench.one(new.format(f"own.{quoted(_INCOMING)}")))
        if found:
            is_latest = is_all and class_ == OWNED and found == sum(map(len, first))
            self._latest = _Latest(table=name, after=self._grown.get(name, 0), rows=first) if is_latest else None
            self._grown[name] = self._round
            self._refuse_null_keys(table)
        return found

    def _refuse_null_keys(self, table: Table) -> None:
        """Of the rows just found: no key that is NULL is ever among those held."""
        nullable = [name for name in table.primary_key if table.column(name).nullable]
        empty = " OR ".join(f"{quoted(name)} IS NULL" for name in nullable)
        latest = f"FROM own.{quoted(table.name)} WHERE migrator_round = {self._round}"
        count = self._workbench.one(f"SELECT count(*) {latest} AND ({empty})") if empty else 0
        if count:
            raise Red(
                f"{count} row(s) have NULL in their primary key, so nothing tells them apart",
                where=f"{table.name} ({', '.join(table.primary_key)})",
                next="give these rows a key in the source, or name the table under scope.excluded with a reason",
            )

    # ── asking ──────────────────────────────────────────────────────────────────────────────────────────────
    def predicate(self, name: str, class_: str | None = None) -> Predicate:
        """What selects this table's rows of the archive in the source; with `class_`, only those."""
        table = self._tables[name]
        if table.primary_key:
            condition = f"migrator_class = '{class_}'" if class_ else f"migrator_class <> '{STUB}'"
            return Among(columns=table.primary_key, keys=self._keys_of(name, table.primary_key, condition))
        if self._rules.shared.get(name) == "whole":
            return Whole()
        if self._class(name) == SHARED:
            return AnyOf(
                among=tuple(
                    Among(columns=r.parent_columns, keys=self.parents_of(r))
                    for r in self._classified.references
                    if r.parent == name and self._class(r.table) in (OWNED, SHARED)
                )
            )
        if class_ == STUB:
            return AnyOf(among=tuple(self._brought(name, STUB)))
        own, carried = self._of_keyless(name), tuple(self._brought(name, CARRIED))
        return AnyOf(among=(*own.among, *carried)) if isinstance(own, AnyOf) else own

    def few(self, name: str, first: int, rows: int) -> Among:
        """Of what `predicate` selects of a table with a key: so many rows, from this place on in the order of keys."""
        whole = self.predicate(name)
        assert isinstance(whole, Among) and isinstance(whole.keys, QueryKeys)
        return replace(whole, keys=replace(whole.keys, query=f"{whole.keys.query} LIMIT {rows} OFFSET {first}"))

    def _brought(self, name: str, class_: str) -> Iterator[Among]:
        """What selects the rows of a table without a key that came along: the keys by which others point at them."""
        leading = (reference.parent_columns for reference in self.inviting(name))
        for columns in dict.fromkeys(leading):
            yield Among(columns=columns, keys=self._keys_of(name, columns, f"migrator_class = '{class_}'"))

    def inviting(self, name: str) -> Iterator[Reference]:
        """The references by which rows of other tenants in this table may come along."""
        for reference in self._classified.references:
            if reference.parent == name and self._rules.foreign.get(reference.name) in ("carry", "stub"):
                yield reference

    def unknown_types(self, name: str, column: str, known: Sequence[str]) -> tuple[str, ...]:
        """The values of a type column in the whole source that are none of those known."""
        described = self._tables[name].column(column)
        try:
            self._take_in(name, described)
        except Recast as recast:
            described = recast.column
            self._take_in(name, described)
        text, is_known = as_text("t", described), " OR ".join(is_value("t", described, value) for value in known)
        unknown = f"{text} IS NOT NULL AND ({is_known}) IS NOT TRUE"
        query = f"SELECT DISTINCT {text} FROM own.{quoted(_INCOMING)} t WHERE {unknown} ORDER BY 1"
        return tuple(row[0] for row in self._workbench.rows(query))

    def _take_in(self, name: str, column: Column) -> None:
        table = with_column(self._tables[name], column)
        batches = self._reading.scan(table, Whole(), columns=[column.name], distinct=True)
        self._workbench.ingest("own", _INCOMING, batches, pa.schema([(column.name, arrow_type(column.type))]))


def _first(batches: Iterator[pa.RecordBatch]) -> tuple[list[pa.RecordBatch], bool]:
    """The first rows, a few, and whether they are all."""
    first: list[pa.RecordBatch] = []
    room = _FEW_BYTES
    for batch in batches:
        if batch.num_rows:
            first.append(batch)
            room -= batch.nbytes
        if room < 0:
            return first, False
    return first, True
