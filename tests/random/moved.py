"""What random tests do with tables: out of one database into an archive, and from there into another, as they are."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.load import load_mapping
from migrator.engine.check import MapCheck, map_check
from migrator.engine.load import Identity, Loaded, load
from migrator.engine.workbench import Workbench, workbench
from storage.archive import Archive
from storage.problem import Problem
from tests.random.databases.database import Database
from tests.random.shape import Shape

Value = TypeVar("Value")
Left = tuple[str, str]
"""A table and a column of it, or the table whole."""

IDENTITY = Identity(run="r1", plan="p", tenant="acme", archive="a", seal="s")


def as_it_is(shapes: Sequence[Shape], left_out: Collection[Left] = ()) -> str:
    """The mapping that carries every column under its own name, but for those left out, and tables left out whole."""
    whole = [shape.name for shape in shapes if (shape.name, "") in left_out]
    lines = ["mapping: identity", "version: 1"]
    lines += ["dropped_tables:", *(f"  {json.dumps(name)}: left out" for name in whole)] if whole else []
    lines += ["tables:"]
    for shape in shapes:
        if shape.name in whole:
            continue
        name, without = json.dumps(shape.name), [one for one in shape.names if (shape.name, one) in left_out]
        lines += [f"  {name}:", "    edges:", f"      - from: {name}", "        columns:"]
        lines += [f"          {json.dumps(one)}: {json.dumps(one)}" for one in shape.names if one not in without]
        lines += ["        dropped:", *(f"          {json.dumps(one)}: left out" for one in without)] if without else []
    return "\n".join(lines)


def checked(
    bench: Workbench, archive: Archive, shapes: Sequence[Shape], target: Database, left_out: Collection[Left] = ()
) -> MapCheck:
    mapping = load_mapping(as_it_is(shapes, left_out), file="identity.yaml")
    return map_check(bench, archive, mapping, target.platform.target(), lambda _table: "error")


def misfits(archive: Archive, shapes: Sequence[Shape], target: Database) -> set[Left]:
    """What has to be left out so that nothing is told against the rest: each was told with its values."""
    left_out: set[Left] = set()
    while True:
        with workbench() as bench:
            problems = checked(bench, archive, shapes, target, left_out).problems
        told = {_told(problem, shapes) for problem in problems}
        if not told:
            return left_out
        assert not told <= left_out, problems
        left_out |= told
        left_out |= {(one.name, "") for one in shapes if all((one.name, name) in left_out for name in one.names)}
        if all((one.name, "") in left_out for one in shapes):
            return left_out


def _told(problem: Problem, shapes: Sequence[Shape]) -> Left:
    """What a problem is about; of a key, the table whole."""
    assert problem.what and problem.next
    assert "never fits" in problem.what or (problem.count and problem.examples), problem
    table, _, column = problem.where.rpartition(" ")[2].partition(".")
    shape = next(one for one in shapes if one.name == table)
    return (table, "" if column in shape.key else column)


def loaded(found: MapCheck, target: Database) -> Loaded:
    assert found.prepared is not None
    return load(found.prepared, target.platform.target(), IDENTITY, rehearse=False)


def some(strategy: st.SearchStrategy[Value], count: int) -> list[Value]:
    """The same so many values at every call."""
    found: list[Value] = []

    @settings(max_examples=count, derandomize=True, database=None, deadline=None)
    @given(strategy)
    def collect(value: Value) -> None:
        found.append(value)

    collect()
    return found[:count]
