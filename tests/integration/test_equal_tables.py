"""Random tables from every kind of database to every kind: each column is refused with its values, or arrives exactly.

What arrives is read with plain clients alone, which know nothing of the software; equal tables are never called
different, and what the check lets through is never altered on its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from storage.archive import Archive
from tests.random.budget import tried
from tests.random.conftest import KINDS, database_of
from tests.random.databases import mysql, postgres, sqlite
from tests.random.databases.database import Database
from tests.random.meaning import meant
from tests.random.moved import checked, loaded, misfits
from tests.random.schemas import PLAIN_COLUMNS, PLAIN_TABLES, Contents, filled, schemas
from tests.random.shape import Field, Native, Reference, Row, Sense, Shape
from tests.unit.engine.support import taken

__all__ = ["database_of"]  # a fixture
MODULES = {"sqlite": sqlite, "postgresql": postgres, "mysql": mysql}


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("out_of", KINDS)
def test_a_column_arrives_as_it_is_or_is_refused(out_of: str, to: str, database_of: Callable[[str], Database]) -> None:
    source, target = database_of(out_of), database_of(to)
    natives = MODULES[out_of].COMMON

    @tried(3)
    @given(schemas(natives, tables=PLAIN_TABLES, columns=PLAIN_COLUMNS).flatmap(filled), st.data())
    def arrives(contents: Contents, data: st.DataObject) -> None:
        source.create(tuple(contents))
        source.write(contents)
        _, archive = taken(source.platform, "root: database")
        others = {one: one for one in contents} if out_of == to else _there(contents, MODULES[to], data)
        target.create(tuple(others.values()))
        for shape, names in _moved(archive, tuple(contents), target).items():
            there = target.read(others[shape])
            assert _meant(shape, names, there) == _meant(shape, names, source.read(shape))

    arrives()


def _there(shapes: Iterable[Shape], module: ModuleType, data: st.DataObject) -> dict[Shape, Shape]:
    """The tables as people of another platform declare them: types of the same sense, narrow or wide, or text."""
    found: dict[Shape, Shape] = {}
    for shape in shapes:
        pointing = {one.column: _parents(one, found) for one in shape.references}
        fields = (
            replace(field, native=pointing.get(field.name) or data.draw(_alike(field, shape, module)))
            for field in shape.fields
        )
        found[shape] = replace(shape, fields=tuple(fields))
    return found


def _parents(reference: Reference, found: Mapping[Shape, Shape]) -> Native:
    """A column that points at a key is what that is."""
    parent = next(shape for shape in found.values() if shape.name == reference.parent)
    return parent.fields[parent.place(reference.parent_column)].native


def _alike(field: Field, shape: Shape, module: ModuleType) -> st.SearchStrategy[Native]:
    is_key, sense = field.name in shape.key, field.native.sense
    alike = [one for one in module.COMMON if one.sense is sense and (one.is_key or not is_key)]
    text = [] if sense is Sense.BYTES else [module.TEXT if is_key else module.LONG]
    return st.sampled_from([*alike, *text] or [module.BYTES])


def _moved(archive: Archive, shapes: tuple[Shape, ...], target: Database) -> dict[Shape, tuple[str, ...]]:
    """Load whatever fits: the tables, and of each the columns, that nothing was told against."""
    left_out = misfits(archive, shapes, target)
    if all((shape.name, "") in left_out for shape in shapes):
        return {}
    with workbench() as bench:
        assert loaded(checked(bench, archive, shapes, target, left_out), target).verdict is Verdict.GREEN
    return {
        shape: tuple(name for name in shape.names if (shape.name, name) not in left_out)
        for shape in shapes
        if (shape.name, "") not in left_out
    }


def _meant(shape: Shape, names: Sequence[str], rows: Sequence[Row]) -> Counter[str]:
    """The rows by what they mean, in any order."""
    fields = [(shape.place(name), shape.fields[shape.place(name)].native.sense) for name in names]
    return Counter(repr([meant(row[place], sense) for place, sense in fields]) for row in rows)
