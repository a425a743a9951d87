"""What keys promise, looked at once more in masked rows: what was two stays two, references lead on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from mappings.quote import identifier as quoted
from migrator.contracts import Matching
from migrator.engine.classify import Classified, Reference
from migrator.engine.masks.masking import Masking
from migrator.engine.masks.methods import Mask
from migrator.engine.scope import Scope
from migrator.engine.workbench import Workbench
from migrator.plan.masking import CODE, DATE
from storage.problem import Problem
from storage.schema import Column, Kind, Table
from storage.types import to_text

_SCHEMA = "masked"
_ROWS = pa.schema([("key", pa.string())])
_PERMUTING = frozenset({CODE, DATE})
"""Methods that never make one value of two, by how they are built: keys of theirs need a look only where more is equal
than what is the same."""
_EXACT = frozenset({"BINARY", "RTRIM"})  # blanks at the end stay where they were
_TELLING_CASE, _BLIND = frozenset({"bin", "bin2", "binary", "cs"}), frozenset({"ai", "ci"})
_APART = "use code, which keeps every two spellings apart; where the column's collation calls letters with and without"
_APART += " accents the same, use email, or name where the column is wide enough"
_WORDED = frozenset({Kind.TEXT, Kind.VARIANT, Kind.LITERAL, Kind.JSON})
"""Kinds in which a platform may call two spellings the same."""


Folding = Callable[[pa.Array], pa.Array]
"""Texts → texts that are the same where a comparison may call the first equal."""


def _unfolded(texts: pa.Array) -> pa.Array:
    return texts


def _small(texts: pa.Array) -> pa.Array:
    return pc.utf8_lower(texts)


def _small_ascii(texts: pa.Array) -> pa.Array:
    return pc.ascii_lower(texts)


def _trimmed(texts: pa.Array) -> pa.Array:
    """By what every comparison that may call spellings the same calls the same."""
    return _small(pc.utf8_rtrim(texts, " "))


def _bare(texts: pa.Array) -> pa.Array:
    """By all that some comparison calls the same: letters without case and accents."""
    plain = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKD"), r"\p{Mn}+", "")
    return pc.replace_substring(_trimmed(plain), "ß", "ss")


def _folding(column: Column) -> Folding:
    """What the column's collation may call the same, or more: no table of letters here is a server's own."""
    said, collation = frozenset((column.collation or "").casefold().split("_")), column.collation
    if collation is None or collation in _EXACT:
        return _unfolded
    if collation == "NOCASE":
        return _small_ascii
    if collation == "citext" or {"ci", "as"} <= said:
        return _small
    is_exact = said & _TELLING_CASE or collation.isupper()  # such names say where all is not told apart
    return _unfolded if is_exact and not said & _BLIND else _bare


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """Columns of a table whose masked values are kept, each row's as one text, in a table of that name."""

    name: str
    columns: tuple[str, ...]
    foldings: tuple[Folding, ...]  # of each column
    when: Matching | None = None

    def of(self, table: Table, batch: pa.RecordBatch) -> pa.Array:
        """The texts of the rows that have one."""
        pairs = zip(self.columns, self.foldings, strict=True)
        texts = pc.binary_join_element_wise(*(fold(_text(table, batch, name)) for name, fold in pairs), "\x1f")
        if self.when is not None:
            ((column,), (value,)) = self.when.columns, self.when.values
            texts = texts.filter(pc.equal(_text(table, batch, column), str(value)))
        return texts.drop_null()


def _text(table: Table, batch: pa.RecordBatch, column: str) -> pa.Array:
    type_ = table.column(column).type
    text = to_text(batch.column(table.column_names.index(column)), type_)
    return pc.utf8_slice_codeunits(text, 2) if type_.kind is Kind.VARIANT else text


class Promises:
    """Gathers masked keys in the workbench, and asks there what became of them."""

    def __init__(self, bench: Workbench, masking: Masking, classified: Classified, tables: Sequence[Table]) -> None:
        self._bench = bench
        self._unique = {_unique_name(table, key): (table, key) for table in tables for key in _keys(table, masking)}
        self._references = tuple(one for one in classified.references if _is_doubtful(one, masking, tables))
        if masking.masks:
            bench.schema(_SCHEMA)

    def forget(self, table: Table) -> None:
        """Nothing of this table was seen yet: it is being read again."""
        for kept in self._of(table):
            self._bench.ingest(_SCHEMA, kept.name, [], _ROWS)

    def watch(self, table: Table, batch: pa.RecordBatch) -> None:
        """Masked rows on their way."""
        for kept in self._of(table):
            rows = pa.RecordBatch.from_arrays([kept.of(table, batch)], schema=_ROWS)
            self._bench.append(_SCHEMA, kept.name, [rows], _ROWS)

    def _of(self, table: Table) -> Iterator[_Kept]:
        for name, (of, key) in self._unique.items():
            if of.name == table.name:
                yield _Kept(name=name, columns=key, foldings=tuple(_folding(of.column(one)) for one in key))
        for reference in self._references:
            by = (_trimmed,) * len(reference.columns)
            if reference.table == table.name:
                yield _Kept(name=f"from {reference}", columns=reference.columns, foldings=by, when=reference.when)
            if reference.parent == table.name:
                yield _Kept(name=f"to {reference}", columns=reference.parent_columns, foldings=by)

    def broken(self, scope: Scope) -> Iterator[Problem]:
        """Keys that are not unique any more, and references that lead nowhere which led somewhere in the source."""
        for name, (table, key) in self._unique.items():
            count = self._bench.one(
                f"SELECT count(*) FROM (SELECT key FROM {_table(name)} GROUP BY key HAVING count(*) > 1)"
            )
            if count:
                yield Problem(
                    where=f"{table.name}.{'+'.join(key)}",
                    what="values that were apart are one once they are masked",
                    count=count,
                    next=_APART,
                )
        for reference in self._references:
            lost = self._lost(reference) - sum(
                one.count for one in scope.crossings if one.reference == str(reference) and one.policy == "dangling"
            )
            if lost > 0:
                yield Problem(
                    where=str(reference),
                    what="rows do not point at their parent once they are masked: the source calls spellings the same"
                    " that differ by more than the case of letters",
                    count=lost,
                    next="mask neither column, or spell them alike in the source",
                )

    def _lost(self, reference: Reference) -> int:
        there, pointing = _table(f"to {reference}"), _table(f"from {reference}")
        return int(self._bench.one(f"SELECT count(*) FROM {pointing} ANTI JOIN {there} USING (key)"))


def _table(name: str) -> str:
    return f"{_SCHEMA}.{quoted(name)}"


def _unique_name(table: Table, key: tuple[str, ...]) -> str:
    return f"unique {table.name}.{'+'.join(key)}"


def _keys(table: Table, masking: Masking) -> Iterator[tuple[str, ...]]:
    masks = masking.of(table.name)
    for key in dict.fromkeys((table.primary_key, *(one.columns for one in table.unique))):
        if any(name in masks and _may_meet(masks[name], table.column(name)) for name in key):
            yield key


def _may_meet(mask: Mask, column: Column) -> bool:
    """Whether two values of the column may become one, as its collation compares."""
    return mask.rule.method not in _PERMUTING or _folding(column) is not _unfolded


def _is_doubtful(reference: Reference, masking: Masking, tables: Sequence[Table]) -> bool:
    held = {table.name: table for table in tables}
    if reference.table not in held or reference.parent not in held:
        return False
    kinds = {held[reference.table].column(name).type.kind for name in reference.columns}
    return bool(kinds & _WORDED) and any((reference.table, name) in masking.masks for name in reference.columns)
