"""A thousand equal tables between all pairs of platforms: what the check lets through is never called different.

Every type beside every type that means the same, with the values that are often called different; plain clients say
that what arrived means what was sent. CI takes every tenth table; `MIGRATOR_SOAK=10` takes all, and prints how many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

import pytest
from hypothesis import strategies as st

from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from tests.oracles.alike import MODULES, Alike, alike
from tests.random.budget import TIMES
from tests.random.conftest import KINDS, database_of
from tests.random.databases.database import Database
from tests.random.meaning import meant
from tests.random.moved import Left, checked, loaded, misfits, some
from tests.random.shape import Row, Sense, Shape, Value
from tests.unit.engine.support import taken

__all__ = ["database_of"]  # a fixture
ROWS, EVERY = 5, max(1, 10 // TIMES)


@pytest.mark.parametrize("to", KINDS)
@pytest.mark.parametrize("out_of", KINDS)
def test_none_is_called_different(out_of: str, to: str, database_of: Callable[[str], Database]) -> None:
    source, target = database_of(out_of), database_of(to)
    tables = list(alike(out_of, to))[KINDS.index(to) :: EVERY]
    shapes = tuple(one.here for one in tables)
    source.create(shapes)
    target.create([one.there for one in tables])
    source.write({shape: _rows(shape, out_of) for shape in shapes})
    archive = taken(source.platform, "root: database")[1]
    left_out = misfits(archive, shapes, target)
    with workbench() as bench:
        found = loaded(checked(bench, archive, shapes, target, left_out), target)
    assert found.verification.differences == ()
    assert found.verdict is Verdict.GREEN
    equal = [one for one in tables if {(one.here.name, name) for name in one.here.names[1:]} - left_out]
    for one in equal:
        assert _meant(one, one.there, left_out, target) == _meant(one, one.here, left_out, source), one.said
    refused = [one.said for one in tables if one not in equal]
    print(f"\n{out_of} to {to}: {len(equal)} equal tables; refused with their values: {len(refused)} {refused}")
    assert 2 * len(equal) > len(tables)


def _rows(shape: Shape, kind: str) -> list[Row]:
    """A NULL in every column, and the rows of tables without a key twice."""
    columns = [field.native.values for field in shape.fields[1:]]
    drawn = [(None,) * len(columns), *some(st.tuples(*columns), ROWS)]
    rows = [(MODULES[kind].number(number), *values) for number, values in enumerate(drawn, start=1)]
    return rows if shape.key else rows * 2


def _meant(one: Alike, side: Shape, left_out: Collection[Left], database: Database) -> Counter[str]:
    """The rows of one side by what they mean, without the columns that were refused."""
    places = [place for place, name in enumerate(side.names) if (side.name, name) not in left_out]
    senses = [one.here.fields[place].native.sense for place in places]
    return Counter(repr([_said(row[p], s) for p, s in zip(places, senses, strict=True)]) for row in database.read(side))


def _said(value: Value, sense: Sense) -> object:
    return str(value).lower() if value is not None and sense is Sense.UUID else meant(value, sense)
