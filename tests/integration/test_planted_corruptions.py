"""What goes wrong with a load afterwards is found, all of it and nothing else: where plain reading sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from migrator.engine.large import MARK
from migrator.engine.prepare import Prepared
from migrator.engine.verify import verify
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict, Verification
from storage.archive import Archive
from tests.random.budget import TIMES, tried
from tests.random.corruption import Contents, corrupted, missing, places
from tests.random.databases import mysql, postgres, sqlite
from tests.random.databases.database import REFUSED, Database
from tests.random.moved import Left, checked, loaded, misfits, some
from tests.random.shape import Field, Reference, Row, Sense, Shape
from tests.unit.engine.support import taken

ROWS = 15
MODULES = {"sqlite": sqlite, "postgresql": postgres, "mysql": mysql}


@dataclass(frozen=True)
class Stage:
    """A target that was loaded, what it held then, and what verification expects there."""

    target: Database
    contents: Contents
    prepared: Prepared

    def verified(self) -> Verification:
        return verify(self.prepared, self.target.platform.target())

    def read(self) -> Contents:
        return {shape: self.target.read(shape) for shape in self.contents}


def shapes(native: ModuleType) -> tuple[Shape, ...]:
    """Tables with every type there is, with keys of every type that may be one, without a key, with references."""
    number, text = Field(name="id", native=native.WHOLE), Field(name="text", native=native.TEXT)
    parent = Field(name="parent", native=native.WHOLE)
    reference = Reference(column="parent", parent="a_parents", parent_column="id")
    cells = tuple(Field(name=f"c{n}", native=one) for n, one in enumerate(native.COMMON + native.OWN))
    keyed = tuple(
        Shape(name=f"key_{n}", fields=(Field(name="k", native=one), text), key=("k",))
        for n, one in enumerate(native.COMMON)
        if one.is_key and one.sense is not Sense.WHOLE
    )
    large = (number, Field(name="raw", native=native.BYTES), Field(name="text", native=native.LONG))
    return (
        Shape(name="a_parents", fields=(number, text), key=("id",)),
        Shape(name="cells", fields=(number, *cells), key=("id",)),
        Shape(name="children", fields=(number, parent, text), key=("id",), references=(reference,)),
        Shape(name="pairs", fields=(text, number, parent), key=("id", "text"), references=(reference,)),
        Shape(name="words", fields=(text, Field(name="number", native=native.WHOLE))),
        Shape(name="large", fields=large, key=("id",)),
        *keyed,
    )


def rows_for(shape: Shape, native: ModuleType) -> list[Row]:
    """Random values, in rows that their keys tell apart; those without a key stand twice."""
    if shape.name == "large":  # in the workbench, and in the archive, these stand aside
        sizes = (4_000, 4_001, 300_000, (1 << 20) + 1)
        return [(native.number(size), native.raw(b"\0" * size), "é" * (size // 4)) for size in sizes]
    drawn = some(st.tuples(*(_values(shape, field, native) for field in shape.fields)), 2 * ROWS)
    if not shape.key:
        return drawn[:ROWS] * 2
    numbered = [_with_number(shape, row, native.number(n)) for n, row in enumerate(drawn, start=1)]
    return list({repr(shape.key_of(row)): row for row in numbered}.values())[:ROWS]


def _values(shape: Shape, field: Field, native: ModuleType) -> st.SearchStrategy[Any]:
    if field.name == "parent":
        return st.integers(1, ROWS).map(native.number)
    if field.name in shape.key and field.native.sense is Sense.BYTES:  # what looks like a handle is told by its hash
        return field.native.values.filter(lambda content: not content.startswith(MARK))
    if field.name in shape.key and field.native.sense is Sense.WHOLE:  # after the highest key there is no next one
        return st.integers(0, 100).map(native.number)
    return field.native.values if field.name in shape.key else st.none() | field.native.values


def _with_number(shape: Shape, row: Row, number: Any) -> Row:
    return tuple(number if name == "id" else value for name, value in zip(shape.names, row, strict=True))


@pytest.fixture(scope="module", params=MODULES)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A target that was loaded from a source that declares the same."""
    native = MODULES[request.param]
    everything = {shape: rows_for(shape, native) for shape in shapes(native)}
    with database(request, tmp_path_factory) as source, database(request, tmp_path_factory) as target:
        contents = _without(_misfits(everything, source, target), everything)
        archive = _archived(contents, source, target)
        with workbench() as bench:
            found = checked(bench, archive, tuple(contents), target)
            assert loaded(found, target).verdict is Verdict.GREEN
            assert found.prepared is not None
            there = {shape: target.read(shape) for shape in contents}
            yield Stage(target=target, contents=there, prepared=found.prepared)


def _archived(contents: Contents, source: Database, target: Database) -> Archive:
    for one in (source, target):
        one.create(tuple(contents))
    source.write(contents)
    return taken(source.platform, "root: database")[1]


def _misfits(contents: Contents, source: Database, target: Database) -> set[Left]:
    """Columns whose values the check lets into no column: infinite dates, months without days."""
    return misfits(_archived(contents, source, target), tuple(contents), target)


def _without(left_out: set[Left], contents: Contents) -> Contents:
    found: dict[Shape, list[Row]] = {}
    for shape, rows in contents.items():
        kept = [place for place, name in enumerate(shape.names) if (shape.name, name) not in left_out]
        fields = tuple(shape.fields[place] for place in kept)
        found[replace(shape, fields=fields)] = [tuple(row[place] for place in kept) for row in rows]
    return found


@contextmanager
def database(request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Database]:
    """An empty one of the kind the fixture was asked for."""
    if request.param == "sqlite":
        yield sqlite.SqliteDatabase(folders.mktemp("database") / "a.db")
        return
    server = request.getfixturevalue("postgres" if request.param == "postgresql" else "mariadb")
    url = server.database()
    made: Database = postgres.PostgresDatabase(url) if request.param == "postgresql" else mysql.MysqlDatabase(url)
    with closing(made):
        yield made
    server.drop(url)


def test_what_was_loaded_is_what_was_there_and_is_found_equal(stage: Stage) -> None:
    assert stage.verified().differences == ()


def test_all_that_is_wrong_is_found_where_it_is(stage: Stage) -> None:
    planted = 0

    @tried(6)
    @given(corrupted(stage.contents, most=12))
    def found(wrong: Contents) -> None:
        nonlocal planted
        try:
            stage.target.write({shape: rows for shape, rows in stage.contents.items() if shape in wrong} | wrong)
        except REFUSED:
            assume(False)
        planted += _require_found(stage)

    found()
    print(f"{planted} corruptions")
    assert planted > 10 * TIMES


def _require_found(stage: Stage) -> int:
    """How many things plain reading found to be wrong, of which verification said each and no other."""
    now = stage.read()
    verification = stage.verified()
    told = {(d.table, tuple(d.key.values()), d.column) for d in verification.differences if d.kind != "unexpected"}
    keyed = [shape for shape in now if shape.key]
    expected = set().union(*(places(shape, stage.contents[shape], now[shape]) for shape in keyed))
    assert {place for place in told if place[1]} ^ expected == set()
    lost = {shape.name: missing(stage.contents[shape], now[shape]) for shape in now if not shape.key}
    assert {one.table: one.different for one in verification.tables if one.table in lost} == lost
    wrong = len(expected) + sum(lost.values())
    assert verification.verdict is Verdict.of(not wrong)
    return wrong
