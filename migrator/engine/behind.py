"""What stays behind, asked for any sign of the tenant: rows that the plan's rules give to nobody of ours, all of them.

The proof by index looks where the plan's rules lead. This looks everywhere else in the tables whose rows are a
tenant's: for its mark in another spelling, for references to its rows that no rule follows, and for its ids in values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import pyarrow as pa

from mappings.quote import identifier as quoted
from mappings.quote import literal
from migrator.contracts import Matching, Reading, Whole
from migrator.engine.classify import OWNED, Reference
from migrator.engine.equality import as_text, is_value, same, with_column
from migrator.engine.homes import Home
from migrator.engine.ours import Ours
from migrator.engine.roots import marks, named_columns
from migrator.engine.spellings import Ends
from migrator.outcomes import Progress, Tick
from migrator.plan import root_rows
from storage.errors import Recast
from storage.problem import Problem
from storage.schema import Column, Kind, Table
from storage.types import arrow_schema

ROWS = "migrator left"
"""Rows of the source, a portion of one table, as `behind."migrator left"`."""

_PORTION_ROWS, _PORTION_BYTES = 1 << 19, 1 << 28
"""How much is held at once: so little fits any disk, so much that the archive's keys are not gone through too often."""

_SHOWN = 10


class How(StrEnum):
    """What a row that stays behind says of the tenant."""

    MARK = "the tenant's mark, spelled otherwise"
    REFERENCE = "a reference to the tenant's rows"
    VALUE = "an id of the tenant's rows"
    NAME = "a text that is the key of one of the tenant's rows"
    MENTION = "an id of the tenant's rows within a text"


@dataclass(frozen=True, kw_only=True)
class Sign:
    """Rows left behind that say something of the tenant, for the operator alone: they are other people's.

    `keys` are the first ten rows' keys; `is_decided` where the plan said what leads to the tenant, or it is but text.
    """

    where: str
    how: How
    rows: int
    keys: tuple[str, ...] = ()
    is_decided: bool = False
    spelled: str = ""  # a mark, as it stands there

    @property
    def told(self) -> Problem:
        """As the operator reads it, with the run, where it is no problem."""
        what = f"rows that stay behind, as the plan says, hold {self.how}"
        return Problem(where=self.where, what=what, count=self.rows, examples=self.keys)

    @property
    def problem(self) -> Problem:
        return Problem(
            where=self.where,
            what=f"rows that stay behind hold {self.how}",
            count=self.rows,
            examples=self.keys,
            next="the archive was not committed. If they are the tenant's: say by which reference (scope.references,"
            " scope.paths), or correct them in the source. If not: scope.paths says what alone leads to them",
        )


class Behind(Ours):
    """Reads whole tables, in portions; rows are walked before."""

    def signs(self, reading: Reading, progress: Progress) -> tuple[Sign, ...]:
        """Of every owned table that has rows which stay behind; views repeat what tables hold."""
        self._workbench.schema("behind")
        self._gather_ids()
        found: dict[tuple[str, How, str], Sign] = {}
        for name in self._of_class(OWNED):
            if not self._tables[name].is_view:
                for sign in self._of_table(reading, name, progress):
                    place = (sign.where, sign.how, sign.spelled)
                    found[place] = _joined(found.get(place), sign)
        return tuple(sign for sign in found.values() if not self._names_a_tenant(reading, sign))

    def _names_a_tenant(self, reading: Reading, sign: Sign) -> bool:
        """Whether a mark is somebody's name as it is spelled: where the tenants are listed, both are, as two."""
        # a number is one, however it is written
        lists = [home for home in self._homes.found if home.column.type.kind is Kind.TEXT and home.value is not None]
        return bool(sign.spelled) and any(self._lists(reading, home, sign.spelled) for home in lists)

    def _lists(self, reading: Reading, home: Home, spelled: str) -> bool:
        """By the collation of the list: where it calls both spellings the same, it has one of them alone."""
        name = home.column.name
        texts: set[str] = set()
        for value in (home.value, spelled):
            for batch in reading.scan(home.table, Matching(columns=(name,), values=(value,)), columns=[name]):
                texts.update(map(str, batch.column(name).to_pylist()))
        return {str(home.value), spelled} <= texts

    def _of_table(self, reading: Reading, name: str, progress: Progress) -> list[Sign]:
        table = self._tables[name]
        total = reading.count(table, Whole())
        is_whole = total == self._count(name, "true")
        if is_whole or not self._telling(table):
            return []
        while True:
            try:
                return [
                    sign
                    for rows in self._portions(reading, table, Tick(step="prove", what=name, total=total), progress)
                    for sign in self._asked(table, rows)
                ]
            except Recast as recast:
                table = with_column(table, recast.column)

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────
    def _portions(self, reading: Reading, table: Table, tick: Tick, progress: Progress) -> Iterator[str]:
        """The name of the workbench's table that holds the next rows, those of the archive taken out."""
        columns = tuple(column for column in table.columns if column.name in self._asked_of(table))
        schema, rows, done = arrow_schema(Table(name=table.name, columns=columns)), f"behind.{quoted(ROWS)}", 0
        source = _Portions(reading.scan(table, Whole(), columns=schema.names))
        while not source.is_over:
            done += self._workbench.ingest("behind", ROWS, (b.select(schema.names) for b in source.portion()), schema)
            progress(replace(tick, done=done))
            self._workbench.execute(f"DELETE FROM {rows} AS c WHERE EXISTS ({self._archived(table)})")
            yield rows

    def _asked_of(self, table: Table) -> set[str]:
        ends = ((*r.columns, *(r.when.columns if r.when else ())) for r in self._leading_here(table))
        references = {name for columns in ends for name in columns}
        telling = {column.name for column in self._telling(table)}
        searched = {column.name for column in self._sought(table)}
        return references | telling | searched | named_columns(self._rules.root, table)

    def _archived(self, table: Table) -> str:
        """The archived row that `c` is: by its key, or by all the proof keeps of a row without one."""
        theirs = self._tables[table.name]
        pairs = ((("c", table.column(column.name)), ("t", column)) for column in self._telling(theirs))
        return f"SELECT 1 FROM arch.{quoted(table.name)} t WHERE {' AND '.join(same(*pair) for pair in pairs)}"

    def _leading_here(self, table: Table) -> Iterator[Reference]:
        for reference in self._classified.references_of(table.name):
            if reference.parent in self._tables and self._classified.classes[reference.parent] == OWNED:
                yield reference

    def _is_decided(self, table: Table) -> bool:
        """The plan says what alone makes a row of this table the tenant's: its paths, or the tenant's own row."""
        return table.name in self._rules.paths or any(one.table == table.name for one in root_rows(self._rules.root))

    # ── what is found ───────────────────────────────────────────────────────────────────────────────────────
    def _asked(self, table: Table, rows: str) -> Iterator[Sign]:
        for mark in marks(self._rules.root, table):
            values = zip(mark.columns, mark.values, strict=True)
            texts = ((as_text("c", table.column(name)), literal(str(value))) for name, value in values)
            alike = " AND ".join(f"{_bare(text)} = {_bare(value)}" for text, value in texts)
            where, is_decided = f"{table.name}.{'+'.join(mark.columns)}", self._is_decided(table)
            spelled = " || '+' || ".join(as_text("c", table.column(name)) for name in mark.columns)
            for (text,) in self._workbench.rows(f"SELECT DISTINCT {spelled} FROM {rows} c WHERE {alike} ORDER BY 1"):
                sign = Sign(where=where, how=How.MARK, rows=0, is_decided=is_decided, spelled=text)
                yield from self._sign(table, rows, f"{alike} AND {spelled} = {literal(text)}", sign)
        for reference in self._leading_here(table):
            is_decided = self._is_decided(table) or reference.parent in self._rules.members
            sign = Sign(where=str(reference), how=How.REFERENCE, rows=0, is_decided=is_decided)
            yield from self._sign(table, rows, self._leads_to_us(table, reference), sign)
        for column in self._sought(table) if self._kinds else ():
            yield from self._written(table, rows, column)

    def _leads_to_us(self, table: Table, reference: Reference) -> str:
        ends = Ends(reference=reference, child=table, parent=self._tables[reference.parent])
        filled = [f"c.{quoted(name)} IS NOT NULL" for name in reference.columns]
        if reference.when:
            filled.append(is_value("c", table.column(reference.when.columns[0]), reference.when.values[0]))
        ours = f"SELECT 1 FROM {self._spellings.parents(ends)} WHERE {ends.joined} AND p.migrator_walk IS NOT NULL"
        return f"{' AND '.join(filled)} AND EXISTS ({ours})"

    def _written(self, table: Table, rows: str, column: Column) -> Iterator[Sign]:
        """Ids in a column: as its value, as a value of its JSON, or within its text."""
        hits = self._hits(rows, column)
        where, is_decided = f"{table.name}.{column.name}", self._is_decided(table)
        for how, among in (
            (How.VALUE, "is_value"),
            (How.NAME, "is_name AND NOT is_value"),
            (How.MENTION, "NOT is_name"),
        ):
            sign = Sign(where=where, how=how, rows=0, is_decided=is_decided or how is not How.VALUE)
            yield from self._sign(table, rows, f"c.rowid IN (SELECT row FROM {hits} WHERE {among})", sign)

    def _sign(self, table: Table, rows: str, condition: str, sign: Sign) -> Iterator[Sign]:
        if count := int(self._workbench.one(f"SELECT count(*) FROM {rows} c WHERE {condition}")):
            key = [as_text("c", table.column(name)) for name in table.primary_key] or ["'a row without a key'"]
            shown = " || '+' || ".join(key)
            keys = self._workbench.rows(f"SELECT {shown} FROM {rows} c WHERE {condition} ORDER BY 1 LIMIT {_SHOWN}")
            yield replace(sign, rows=count, keys=tuple(str(key) for (key,) in keys))


def _bare(text: str) -> str:
    """Without case, blanks, and zeros that only fill: what a person would read as the same name."""
    return f"ltrim(lower(regexp_replace({text}, '\\s', '', 'g')), '0')"


class _Portions:
    """A scan in portions, each streamed."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.is_over = False

    def portion(self) -> Iterator[pa.RecordBatch]:
        rows = size = 0
        for batch in self._batches:
            yield batch
            rows, size = rows + len(batch), size + batch.nbytes
            if rows >= _PORTION_ROWS or size >= _PORTION_BYTES:
                return
        self.is_over = True


def _joined(one: Sign | None, other: Sign) -> Sign:
    if one is None:
        return other
    return replace(one, rows=one.rows + other.rows, keys=(one.keys + other.keys)[:_SHOWN])
