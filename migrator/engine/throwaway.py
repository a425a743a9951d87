"""A copy of a platform's structure in an empty one, to rehearse in: no row comes along, and nothing stays.

A table of its own says what the copy was made of. Whoever is killed leaves it standing; the next one finds that table
and removes what it names, unless a rehearsal is at work there or somebody has rows in it by now.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa

from migrator.contracts import Claims, Source, Target, Whole
from migrator.engine.order import parents_first
from storage.described import built
from storage.errors import Misuse, Red, TransientFault
from storage.model import Model, TableModel
from storage.problem import Problem
from storage.schema import Column, Kind, Table, Type
from storage.types import arrow_schema

_NUMBER, _PART = "number", "part"
_MARK = Table(
    name="migrator_rehearsal_copy",
    columns=(
        Column(name=_NUMBER, type=Type(kind=Kind.INTEGER), native="bigint"),
        Column(name=_PART, type=Type(kind=Kind.TEXT), native="text"),
    ),
)
_PART_CHARACTERS = 1 << 14
_AT_WORK = "another rehearsal is at work in this copy"


@contextmanager
def throwaway(original: Source, names: Collection[str], copy: Target) -> Iterator[tuple[Problem, ...]]:
    """`copy` has these tables of the original until the context ends; gives what of them it could not have.

    Misuse if it is of another kind, or anything of anybody's is there; TransientFault where another rehearsal is.
    """
    made = _structure(original, names, copy)
    with copy.claims(made.token) as claims:
        is_cleared = _cleared(copy, claims)
        if is_cleared is None:
            raise _at_work()
        with copy.rebuilding(made.with_mark, made.model) as rebuilding:
            rebuilding.fill(_MARK, made.batches())
            told = rebuilding.finish()
        if claims.take([_MARK]) or _left(copy) != made:  # before, there was nothing to take
            raise _at_work()
        try:
            yield (*_removed(is_cleared), *told)
        finally:
            copy.erase(made.with_mark, made.model)


def clear(copy: Target) -> bool:
    """Remove the copy that a rehearsal left which was killed; whether there was one that nobody is at work in."""
    with copy.claims("nobody") as claims:
        return bool(_cleared(copy, claims))


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What a copy was made of, as its own table keeps it: JSON in parts, each a row."""

    tables: tuple[Table, ...]
    model: Model
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def with_mark(self) -> Sequence[Table]:
        return (*self.tables, _MARK)

    def batches(self) -> Iterator[pa.RecordBatch]:
        text = json.dumps(asdict(self))
        parts = [text[start : start + _PART_CHARACTERS] for start in range(0, len(text), _PART_CHARACTERS)]
        yield pa.record_batch([list(range(len(parts))), parts], schema=arrow_schema(_MARK))


def _structure(original: Source, names: Collection[str], copy: Target) -> _Made:
    with original.fence() as reading:
        kind, there = reading.schema.platform, copy.capabilities.platform
        if kind != there:
            raise Misuse(
                f"the target is {kind}, the copy would be {there}",
                where="--on",
                next=f"name an empty database of {kind}",
            )
        tables = parents_first([table for table in reading.schema.tables if table.name in names])
        model = reading.model([table.name for table in tables])
        known = replace(model, tables=(*model.tables, TableModel(table=_MARK.name)))
        return _Made(tables=tuple(tables), model=known)


def _cleared(copy: Target, claims: Claims) -> bool | None:
    """Whether a copy stood there that somebody left; None where somebody is at work in it."""
    made = _left(copy)
    if claims.take([_MARK]):
        return None
    if made is None:
        return False
    _require_unused(copy, made)
    with copy.staging(made.token):
        pass  # sweeps what whoever was killed had staged
    copy.erase(made.with_mark, made.model)
    return True


def _require_unused(copy: Target, made: _Made) -> None:
    """A rehearsal commits no row: where one stands, somebody has begun to use the copy."""
    names = {table.name for table in made.tables}
    for table in copy.describe().tables:
        if table.name not in names:
            continue
        with copy.scan(table, Whole()) as batches:
            if any(batch.num_rows for batch in batches):
                raise Misuse(
                    f"a killed rehearsal left a copy there, and somebody has rows in it: {table.name}",
                    where="--on",
                    next="name another empty database; if nobody needs these rows, delete them and repeat",
                )


def _left(copy: Target) -> _Made | None:
    """What the copy that stands there was made of, if one does."""
    try:
        is_there = any(table.name == _MARK.name for table in copy.describe().tables)
    except Misuse:  # a file that is not there yet
        return None
    if not is_there:
        return None
    with copy.scan(_MARK, Whole()) as batches:
        rows = [(row[_NUMBER], row[_PART]) for batch in batches for row in batch.to_pylist()]
    try:
        return built(_Made, json.loads("".join(part for _, part in sorted(rows))), _MARK.name)
    except ValueError as error:
        raise Red(
            f"a rehearsal's copy stands there, and what it was made of cannot be read: {error}",
            where=_MARK.name,
            next="name another empty database; what stands there is dropped by hand",
        ) from error


def _at_work() -> TransientFault:
    return TransientFault(_AT_WORK, where="--on", next="wait until it is done, or name another empty database")


def _removed(is_cleared: bool) -> Iterator[Problem]:
    if is_cleared:
        what = "the copy that a killed rehearsal had left there was removed first"
        yield Problem(where="--on", what=what, next="nothing is to be done")
