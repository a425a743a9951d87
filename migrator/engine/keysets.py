"""The key sets of a closure, and what they answer: which rows were taken, and what these point at."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.quote import identifier as quoted
from migrator.contracts import Among, Keys, Matching, Reading
from migrator.engine.classify import OWNED, SHARED, Classified, Reference
from migrator.engine.equality import as_text, is_value, keys_sought
from migrator.engine.spellings import Ends, Spellings
from migrator.engine.workbench import QueryKeys, Workbench
from storage.schema import Column, Table

CARRIED, STUB = "carried", "stub"


class KeySets:
    """The rows taken so far, as each table's *skeleton* in the workbench, `own."table"`.

    That is the columns that identify its rows and take part in references, plus `migrator_class` (owned, shared,
    carried, stub) and `migrator_round` (when the row was found).
    """

    def __init__(self, reading: Reading, classified: Classified, workbench: Workbench) -> None:
        self._reading = reading
        self._classified = classified
        self._workbench = workbench
        self._tables = {table.name: table for table in reading.schema.tables}
        self._spellings = Spellings(workbench, "own")

    def _class(self, name: str) -> str:
        return self._classified.class_of(name)

    def table(self, name: str) -> Table:
        """The table, its key columns typed by what they hold."""
        return self._tables[name]

    def count(self, name: str, class_: str | None = None) -> int:
        where = f" WHERE migrator_class = '{class_}'" if class_ else ""
        return int(self._workbench.one(f"SELECT count(*) FROM own.{quoted(name)}{where}"))

    def pointing(self, reference: Reference, keys: Keys) -> Among:
        """Rows that point by this reference at one of these keys of its parent."""
        of = tuple(self._tables[reference.parent].column(name) for name in reference.parent_columns)
        return Among(columns=reference.columns, keys=keys, when=reference.condition, of=of)

    def outside(self, reference: Reference) -> QueryKeys:
        """What rows taken so far have that point by this reference at no row taken so far.

        The values of its columns and, where it holds for some types alone, of its type column, as the rows have them.
        """
        columns = self._told_by(reference)
        names = ", ".join(f"c.{quoted(column.name)}" for column in columns)
        query = f"SELECT DISTINCT {names} {self._pointing_outside(reference)} ORDER BY ALL"
        return QueryKeys(workbench=self._workbench, query=query, types=tuple(column.type for column in columns))

    def parents_of(self, reference: Reference, *, outside: bool = False) -> QueryKeys:
        """The keys, as the parent has them, that rows taken so far point at; `outside`: those of rows not taken."""
        parent = self._tables[reference.parent]
        theirs = (parent.column(name) for name in reference.parent_columns)
        children = (("c", column) for column in self._columns(reference))
        rows = self._pointing_outside(reference) if outside else self._pointing(reference)
        return keys_sought(self._workbench, zip(children, theirs, strict=True), rows)

    def _columns(self, reference: Reference) -> list[Column]:
        return [self._tables[reference.table].column(name) for name in reference.columns]

    def _told_by(self, reference: Reference) -> list[Column]:
        """The columns that decide what a row points at by this reference."""
        return [self._tables[reference.table].column(name) for name in reference.told_by]

    def _pointing(self, reference: Reference) -> str:
        return f"FROM own.{quoted(reference.table)} c WHERE {self._filled(reference)}"

    def _pointing_outside(self, reference: Reference) -> str:
        pointing = self._pointing(reference)
        if self._class(reference.parent) not in (OWNED, SHARED):
            return pointing
        return f"{pointing} AND NOT EXISTS ({self._parents(reference)})"

    def _parents(self, reference: Reference) -> str:
        """The taken rows `p` that `c` points at, by what the source says of spellings."""
        ends = Ends(reference=reference, child=self._tables[reference.table], parent=self._tables[reference.parent])
        self._spellings.learn(ends, self._reading, self._pointing(reference))
        return f"SELECT 1 FROM {self._spellings.parents(ends)} WHERE {ends.joined}"

    def _filled(self, reference: Reference) -> str:
        """Rows of `c` this reference counts for: every column filled, of the right type, and kept in a stub."""
        parts = [f"c.{quoted(column)} IS NOT NULL" for column in reference.columns]
        if any(column.nullable for column in self._told_by(reference)):
            parts.append(f"c.migrator_class <> '{STUB}'")
        if reference.when:
            type_column = self._tables[reference.table].column(reference.when.columns[0])
            parts.append(is_value("c", type_column, reference.when.values[0]))
        return " AND ".join(parts)

    def _keys_of(self, name: str, columns: tuple[str, ...], condition: str) -> QueryKeys:
        names = ", ".join(map(quoted, columns))
        filled = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in columns)
        return QueryKeys(
            workbench=self._workbench,
            query=f"SELECT DISTINCT {names} FROM own.{quoted(name)} WHERE {condition} AND {filled} ORDER BY ALL",
            types=tuple(self._tables[name].column(column).type for column in columns),
        )

    def owned_keys(self, reference: Reference) -> QueryKeys:
        """The keys of the tenant's own rows that this reference could point at."""
        return self._keys_of(reference.parent, reference.parent_columns, "migrator_class = 'owned'")

    def pointed_at(self, reference: Reference) -> tuple[QueryKeys, int]:
        """The keys of rows taken so far that others of them point at by this reference, and how many rows have them."""
        ends = Ends(reference=reference, child=self._tables[reference.table], parent=self._tables[reference.parent])
        names = ", ".join(f"p.{quoted(column)}" for column in reference.parent_columns)
        rows = f"FROM own.{quoted(reference.parent)} p WHERE EXISTS"
        rows += f" (SELECT 1 {self._pointing(reference)} AND {ends.joined})"
        keys = QueryKeys(
            workbench=self._workbench,
            query=f"SELECT DISTINCT {names} {rows} ORDER BY ALL",
            types=tuple(column.type for column in ends.parents),
        )
        return keys, int(self._workbench.one(f"SELECT count(*) {rows}"))

    def carry_stubs(self, reference: Reference) -> int:
        """Make stubs that other rows point at by this reference carried; how many."""
        ends = Ends(reference=reference, child=self._tables[reference.table], parent=self._tables[reference.parent])
        other = " AND c.rowid <> p.migrator_row" if reference.table == reference.parent else ""
        rows = f"SELECT p.migrator_row FROM {self._spellings.parents(ends)} WHERE p.migrator_class = '{STUB}'"
        rows += f" AND EXISTS (SELECT 1 {self._pointing(reference)} AND {ends.joined}{other})"
        own = f"own.{quoted(reference.parent)}"
        return int(self._workbench.one(f"UPDATE {own} SET migrator_class = '{CARRIED}' WHERE rowid IN ({rows})"))

    def leading_in(self, reference: Reference, cases: Sequence[Matching] = ()) -> int:
        """How many of the tenant's own rows point at the tenant's own rows by this reference, in any of these cases."""
        matching = " OR ".join(self._matching(reference.table, case) for case in cases) or "true"
        return int(
            self._workbench.one(
                f"SELECT count(*) FROM own.{quoted(reference.table)} c WHERE {self._filled(reference)}"
                f" AND c.migrator_class = 'owned' AND ({matching})"
                f" AND EXISTS ({self._parents(reference)} AND p.migrator_class = 'owned')"
            )
        )

    def _matching(self, name: str, case: Matching) -> str:
        """The condition that a row `c` has these values, of columns of its skeleton."""
        parts = ["true"]
        for column, value in zip(case.columns, case.values, strict=True):
            is_it = is_value("c", self._tables[name].column(column), value)
            parts.append(f"c.{quoted(column)} IS NULL" if value is None else is_it)
        return f"({' AND '.join(parts)})"

    def crosses_as_owned(self, reference: Reference) -> bool:
        """Whether rows of the tenant's own point outside what was taken, and not only such as came along."""
        own = f"{self._pointing_outside(reference)} AND c.migrator_class = 'owned'"
        return bool(self._workbench.one(f"SELECT count(*) {own}"))

    def crossing(self, reference: Reference) -> tuple[int, tuple[str, ...]]:
        """How many taken rows point outside what was taken, and up to ten of the keys they point at."""
        names = " || '+' || ".join(as_text("c", column) for column in self._columns(reference))
        outside = self._pointing_outside(reference)
        count = int(self._workbench.one(f"SELECT count(*) {outside}"))
        if not count:
            return 0, ()
        examples = self._workbench.rows(f"SELECT DISTINCT {names} {outside} ORDER BY 1 LIMIT 10")
        return count, tuple(str(row[0]) for row in examples)
