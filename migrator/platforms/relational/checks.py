"""What a merge would do wrong to its target, found inside the transaction and told by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from migrator.contracts import ACTION, KEEP, OVERWRITE, Staged
from migrator.platforms.relational.journal import Journal, before_column
from migrator.platforms.relational.sqltext import listed, matched, quoted, said
from migrator.platforms.relational.transaction import Transaction, live_parent, pointing
from storage.errors import Red
from storage.schema import ForeignKey, Table

_ACTION = quoted(ACTION)


class Checks:
    """Foreign keys both ways, and sequences. The schema is read once: nobody else changes it meanwhile."""

    def __init__(self, transaction: Transaction, run: str) -> None:
        self._transaction = transaction
        self._run = run
        self._tables = {table.name: table for table in transaction.describe().tables}

    @property
    def tables(self) -> tuple[Table, ...]:
        """The target's own tables."""
        return tuple(self._tables.values())

    def problems(self, one: Staged) -> Iterator[str]:
        """What is wrong with the table after the merge; see migrator.contracts.Merge.check."""
        yield from self._orphans(one)
        yield from self._deserted(one)
        if any(column.identity for column in one.table.columns):
            yield from self._transaction.sequence_problems(one.table)

    def refuse_fixed(self, one: Staged) -> None:
        """Red where overwriting would have to change what no UPDATE can: before overwriting."""
        fixed = self._transaction.fixed_columns(one.table) & set(one.columns) - set(one.key)
        for column in sorted(fixed):
            changed = self._transaction.is_distinct(f"t.{quoted(column)}", self._transaction.staged_value(one, column))
            rows = self._transaction.rows(
                f"SELECT {listed(one.key, 't.')} FROM {self._transaction.live(one.table)} t"
                f" JOIN {self._transaction.stage(one)} s ON {matched('t', 's', one.key)}"
                f" WHERE s.{_ACTION} = '{OVERWRITE}' AND {changed} LIMIT 3"
            )
            if rows:
                raise Red(
                    f"the platform gives this column its values, and lets nobody overwrite them: {said(rows)}",
                    where=f"{one.table.name}.{column}",
                    next="keep these rows (target.on_match), or leave the column out of the mapping",
                )

    def refuse_cascades(self, one: Staged) -> None:
        """Red where an ON UPDATE action would change rows that nobody journals: before overwriting."""
        for child, key in self._pointing_at_changed(one):
            if key.on_update in ("NO ACTION", "RESTRICT"):
                continue
            rows = self._transaction.rows(f"{self._moving(one, child, key)} LIMIT 3")
            if rows:
                raise Red(
                    f"overwriting would change rows of {child.name} too, by ON UPDATE {key.on_update}: {said(rows)}",
                    where=f"{one.table.name} ({', '.join(key.parent_columns)})",
                    next="keep these rows (target.on_match), or map these columns to the values that are there",
                )

    def moves_references(self, one: Staged, loaded: Collection[str]) -> bool:
        """Whether overwriting changes what rows of loaded tables point at, so that both must change together."""
        return any(
            self._transaction.rows(f"{self._moving(one, child, key)} LIMIT 1")
            for child, key in self._pointing_at_changed(one)
            if child.name in loaded
        )

    def _moving(self, one: Staged, child: Table, key: ForeignKey) -> str:
        """The values that overwriting would change, and that rows of the child point at."""
        differs = " OR ".join(
            self._transaction.is_distinct(f"t.{quoted(column)}", self._transaction.staged_value(one, column))
            for column in key.parent_columns
            if column in one.columns
        )
        return (
            f"SELECT {listed(key.parent_columns, 't.')} FROM {self._transaction.live(one.table)} t"
            f" JOIN {self._transaction.stage(one)} s ON {matched('t', 's', one.key)}"
            f" WHERE s.{_ACTION} = '{OVERWRITE}' AND ({differs})"
            f" AND EXISTS (SELECT 1 FROM {self._transaction.live(child)} c WHERE {pointing('c', 't', key)})"
        )

    def _pointing_at_changed(self, one: Staged) -> Iterator[tuple[Table, ForeignKey]]:
        """Foreign keys of any table to columns of this one that overwriting may change."""
        for child in self._tables.values():
            for key in child.foreign_keys:
                if key.parent == one.table.name and set(key.parent_columns) & (set(one.columns) - set(one.key)):
                    yield child, key

    def _orphans(self, one: Staged) -> Iterator[str]:
        """Where the platform checks at the commit only, or not at all, nobody would be told by name: so look."""
        if self._transaction.enforces_references:
            return
        for key in one.table.foreign_keys:
            parent = live_parent(self._transaction, self._tables, key)
            if parent is None:
                continue
            written = self._written(one)
            filled = " AND ".join(f"t.{quoted(column)} IS NOT NULL" for column in key.columns)
            there = f"SELECT 1 FROM {parent} p WHERE {pointing('t', 'p', key)}{self._transaction.holding}"
            orphans = written and self._transaction.rows(
                f"SELECT {listed(key.columns, 't.')} {written} AND {filled} AND NOT EXISTS ({there}) LIMIT 3"
            )
            if orphans:
                shown = said(orphans)
                yield f"{one.table.name}.{'+'.join(key.columns)} points at no row of {key.parent}: {shown}"

    def _written(self, one: Staged) -> str | None:
        """`FROM … t WHERE …` of the rows this load wrote."""
        if not one.key:
            return self._transaction.created(one)
        live, stage = self._transaction.live(one.table), self._transaction.stage(one)
        return f"FROM {live} t JOIN {stage} s ON {matched('t', 's', one.key)} WHERE s.{_ACTION} <> '{KEEP}'"

    def _deserted(self, one: Staged) -> Iterator[str]:
        """Rows of any table that point at a value which overwriting took away."""
        if self._transaction.enforces_references or not one.key:
            return
        journal = Journal.of(self._transaction, self._run, one)
        for child, key in self._pointing_at_changed(one):
            pairs = list(zip(key.columns, key.parent_columns, strict=True))
            pointing_at = " AND ".join(f"c.{quoted(ours)} = j.{before_column(theirs)}" for ours, theirs in pairs)
            there = " AND ".join(f"p.{quoted(theirs)} = j.{before_column(theirs)}" for _, theirs in pairs)
            deserted = self._transaction.rows(
                f"SELECT DISTINCT {', '.join(f'j.{before_column(theirs)}' for _, theirs in pairs)}"
                f" FROM {journal.name} j WHERE j.action = '{OVERWRITE}'"
                f" AND EXISTS (SELECT 1 FROM {self._transaction.live(child)} c WHERE {pointing_at})"
                f" AND NOT EXISTS (SELECT 1 FROM {journal.live} p WHERE {there}) LIMIT 3"
            )
            if deserted:
                shown = said(deserted)
                yield f"{child.name}.{'+'.join(key.columns)} points at values of {one.table.name} overwritten: {shown}"
