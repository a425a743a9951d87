"""Keys as conditions: what a set of keys selects, written so that the server compares as it would a reference.

A reference compares by its parent's type and collation. Where the row's own type compares alike (one family), its own
index serves; where not (a text that points at a number), both sides are compared as text. Keys that no value of the
column can equal are left out before the server sees them: it would refuse to read `abc` as a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from migrator.contracts import Keys
from migrator.platforms.postgres.types import bare, is_citext, own_bytes
from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Column, Kind, Type
from storage.types import Variant, to_text

_NUMBERS, _MOMENTS, _PADDED = "number", "moment", "bpchar"
_FAMILIES = {
    Kind.INTEGER: _NUMBERS,
    Kind.FLOAT: _NUMBERS,
    Kind.DECIMAL: _NUMBERS,
    Kind.DATE: _MOMENTS,
    Kind.TIMESTAMP: _MOMENTS,
    Kind.TIMESTAMPTZ: _MOMENTS,
}
_ARRAYS = {Kind.INTEGER: "bigint", Kind.FLOAT: "double precision", Kind.DECIMAL: "numeric"}
_TEXTS = frozenset({"text", "character varying", "name"})
# a bare `character` or `bit` is one character long
_WITHOUT_LENGTH = {"character": "pg_catalog.bpchar", "bit": 'pg_catalog."bit"'}
_CANONICAL = {
    Kind.INTEGER: r"^(?:0|-?[1-9]\d{0,18})$",
    Kind.UUID: r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    Kind.DECIMAL: r"^(?:-?\d+(?:\.\d+)?|NaN|-?Infinity)$",
}
_PLAIN_TAGS = [Variant.INTEGER, Variant.REAL, Variant.TEXT]
_LARGEST = "9223372036854775807"


@dataclass(frozen=True, kw_only=True)
class KeyColumn:
    """How one column is compared with keys: `left` is SQL over alias t, `array` the type its keys are written as."""

    left: str
    array: str
    only: Kind | None = None  # keys of another kind count where they are written as values of this kind are
    choices: tuple[str, ...] = ()  # an enumerated column equals none but these
    bytewise: bool = True  # keys that are not the same are not equal either
    collated: str = ""  # the keys, too: the server joins rows to each key that their own collation tells apart

    def possible(self, texts: pa.Array, type_: Type) -> pa.Array:
        """Which of these keys, as text, can equal a value of the column."""
        possible = pc.invert(pc.match_substring(texts, "\0"))
        if self.only and type_.kind is not self.only:
            possible = pc.and_(possible, pc.match_substring_regex(texts, _CANONICAL[self.only]))
        if self.only is Kind.INTEGER and type_.kind is not Kind.INTEGER:
            digits = pc.utf8_ltrim(texts, "-")
            small = pc.or_(pc.less(pc.utf8_length(digits), len(_LARGEST)), pc.less_equal(digits, _LARGEST))
            possible = pc.and_(possible, small)
        if self.choices:
            possible = pc.and_(possible, pc.is_in(texts, value_set=pa.array(self.choices, pa.string())))
        return possible


def key_column(column: Column, type_: Type, parent: Column | None) -> KeyColumn:
    """How `column` is compared with keys of `type_`; as `parent` does where they are its keys."""
    rule, name = parent or column, f"t.{quoted(column.name)}"
    if type_.kind is Kind.BINARY and column.type.kind is Kind.TEXT:  # texts of an unknown encoding
        return KeyColumn(left=own_bytes(column, name), array="bytea")
    only = Kind.DECIMAL if _is_numeric(rule) else rule.type.kind if rule.type.kind in _CANONICAL else None
    if rule.type.kind is not type_.kind and rule.type.kind is not Kind.TEXT and not only:
        return KeyColumn(left=f"{name}::text", array="text")
    if _family(column) != _family(rule):
        array = _array(rule) if rule.type.kind is Kind.TEXT and not rule.choices else "text"
        left, alike = f"{name}::text{_collated(rule)}", array == "text" and rule.collation is None
        return KeyColumn(left=left, array=array, only=only, bytewise=alike, collated=_keys_collated(rule))
    return KeyColumn(
        left=name if column.collation == rule.collation else f"{name}{_collated(rule)}",
        array=_array(rule),
        only=only,
        choices=rule.choices,
        bytewise=rule.collation is None and _family(rule) != _PADDED and not _is_numeric(rule),
        collated=_keys_collated(rule),
    )


def _is_numeric(column: Column) -> bool:
    return bare(column.native) == "numeric"


def _family(column: Column) -> str:
    """Types of one family compare with each other, and by each other's indexes."""
    if column.type.kind is Kind.TEXT:
        name = bare(column.native)
        if name in _TEXTS or (column.collation and not is_citext(column)):
            return "text"
        return _PADDED if name in ("character", _PADDED) else name
    if _is_numeric(column):
        return _NUMBERS
    return _FAMILIES.get(column.type.kind, column.native if column.type.kind is Kind.LITERAL else column.type.kind)


def _collated(rule: Column) -> str:
    if is_citext(rule):
        return f"::{rule.native}"
    if rule.collation:
        return f" COLLATE {rule.collation}"
    return ' COLLATE "default"' if rule.type.kind is Kind.TEXT and not rule.choices else ""


def _keys_collated(rule: Column) -> str:
    return f" COLLATE {rule.collation}" if rule.collation and not is_citext(rule) else ""


def _array(rule: Column) -> str:
    if rule.type.kind in _ARRAYS:
        return _ARRAYS[rule.type.kind]
    name = bare(rule.native)
    return "text" if name in _TEXTS else _WITHOUT_LENGTH.get(name, name)


# ── keys as literals ────────────────────────────────────────────────────────────────────────────────────────
def _texts(keys: pa.Array, type_: Type) -> pa.Array:
    """Each key in a form PostgreSQL reads."""
    if type_.kind is Kind.BINARY:
        return pa.array([f"\\x{value.hex()}" for value in keys.to_pylist()], pa.string())
    if type_.kind is Kind.DECIMAL:
        return pc.cast(keys, pa.string())
    if type_.kind is Kind.VARIANT:  # of another platform; what is neither text nor a number equals nothing here
        plain = pc.is_in(pc.utf8_slice_codeunits(keys, 0, 2), value_set=pa.array(_PLAIN_TAGS))
        return pc.if_else(plain, pc.utf8_slice_codeunits(keys, 2), "\0")
    return to_text(keys, type_)


def _array_literal(texts: pa.Array, type_: str) -> str:
    if type_ != "bigint":
        escaped = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
        texts = pc.binary_join_element_wise('"', escaped, '"', "")
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts), ",")
    return f"{literal('{' + joined[0].as_py() + '}')}::{type_}[]"


# ── conditions ──────────────────────────────────────────────────────────────────────────────────────────────
def chunks(keys: Keys, size: int | None) -> Iterator[pa.RecordBatch]:
    """The keys, at most `size` at a time and never fewer but at the end; all at once without a size."""
    held: list[pa.RecordBatch] = []
    for batch in keys.batches():
        while size is not None and (room := size - sum(map(len, held))) <= len(batch):
            if taken := [*held, *([batch.slice(0, room)] if room else [])]:
                yield _together(taken)
            held, batch = [], batch.slice(room)
        if len(batch):
            held.append(batch)
    if held:
        yield _together(held)


def _together(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def condition(columns: Sequence[KeyColumn], keys: pa.RecordBatch, types: Sequence[Type], *, joined: bool) -> str:
    """The condition that a row has one of these keys; `joined` reads the table once against all of them."""
    texts = _possible(columns, keys, types)
    if not len(texts[0]):
        return "false"
    arrays = [_array_literal(text, column.array) for column, text in zip(columns, texts, strict=True)]
    if len(columns) > 1:
        lefts = ", ".join(column.left for column in columns)
        names = [f"k{i}" for i in range(len(columns))]
        sought = ", ".join(f"{name}{column.collated}" for name, column in zip(names, columns, strict=True))
        return f"({lefts}) IN (SELECT {sought} FROM unnest({', '.join(arrays)}) k ({', '.join(names)}))"
    left = columns[0].left
    if joined:
        return f"{left} IN (SELECT unnest({arrays[0]}){columns[0].collated})"
    if columns[0].array == "bigint" and (run := _run(texts[0])):
        return f"{left} BETWEEN {run[0]} AND {run[1]}"
    return f"{left} = ANY({arrays[0]})"


def alternative(columns: Sequence[KeyColumn], keys: pa.RecordBatch, types: Sequence[Type]) -> str:
    """The same condition, such that an index serves it among others joined by OR: no subquery alone does that."""
    whole = condition(columns, keys, types, joined=False)
    if len(columns) == 1 or whole == "false":
        return whole
    texts = _possible(columns, keys, types)
    each = [
        f"{column.left} = ANY({_array_literal(pc.unique(text), column.array)})"
        for column, text in zip(columns, texts, strict=True)
    ]
    return " AND ".join((*each, whole))


def _possible(columns: Sequence[KeyColumn], keys: pa.RecordBatch, types: Sequence[Type]) -> list[pa.Array]:
    texts = [_texts(key, type_) for key, type_ in zip(keys.columns, types, strict=True)]
    possible = [column.possible(text, type_) for column, text, type_ in zip(columns, texts, types, strict=True)]
    together = reduce(pc.and_, possible)
    return [text.filter(together) for text in texts]


def _run(texts: pa.Array) -> tuple[int, int] | None:
    """The first and the last of integers without a gap: a range is quicker than a list."""
    ends = pc.min_max(pc.cast(texts, pa.int64()))
    first, last = ends["min"].as_py(), ends["max"].as_py()
    return (first, last) if last - first + 1 == len(texts) else None
