"""A mapping on the desk: its text, and what the archive and the target of its plan hold, as far as they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from fastapi import Request

from api.asked import Asked
from api.remembered import Remembered
from mappings.check import check_mapping
from mappings.load import load_mapping
from mappings.model import Edge, Mapping
from migrator.engine.check import MapCheck
from migrator.engine.native import as_archived
from migrator.plan import Plan
from migrator.registry.documents import Kind, Written
from storage.archive import Archive
from storage.errors import MigratorError, Misuse
from storage.problem import Problem
from storage.schema import Schema, Table

_AT_LINE = re.compile(r".*:(\d+)(?: (.*))?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What every page of the workbench would ask for again: archives and targets for a minute, checks for longer."""

    archives: Remembered[Archive] = field(default_factory=lambda: Remembered(most=32, seconds=60))
    targets: Remembered[Schema] = field(default_factory=lambda: Remembered(most=32, seconds=60))
    checks: Remembered[Checked] = field(default_factory=lambda: Remembered(most=64, seconds=86_400))


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A check of every row, and when it was made."""

    at: str
    found: MapCheck


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A problem, the number of the edge it is about, and the `table.column` there; None where it is about no edge."""

    problem: Problem
    edge: int | None
    place: str
    is_note: bool = False


@dataclass(frozen=True, kw_only=True)
class Desk:
    """`lacking` says why the archive or the target is not there."""

    written: Written
    mapping: Mapping
    plans: tuple[str, ...]
    plan: Plan | None = None
    archive: Archive | None = None
    target: Schema | None = None
    lacking: tuple[MigratorError, ...] = ()
    checked: Checked | None = None

    @property
    def question(self) -> tuple[str, ...]:
        """What a check of every row answers: this text and this plan, over this archive."""
        archive = self.archive.identity.archive_id if self.archive else ""
        plan = self.plan.sha256 if self.plan else ""
        return self.written.tenant, self.mapping.sha256, plan, archive

    @property
    def source_tables(self) -> tuple[Table, ...]:
        return tuple(part.table for part in self.archive.tables) if self.archive else ()

    @property
    def target_tables(self) -> tuple[Table, ...]:
        """As the mapping's values go into them."""
        if self.target is None:
            return ()
        return as_archived(self.target, self.archive, self.mapping).tables if self.archive else self.target.tables

    def source(self, name: str) -> Table | None:
        return next((table for table in self.source_tables if table.name == name), None)

    def target_table(self, name: str) -> Table | None:
        return next((table for table in self.target_tables if table.name == name), None)

    def read(self, text: str) -> Mapping:
        """Another text of this mapping."""
        return load_mapping(text, file=self.written.file)

    def path_of(self, number: int) -> tuple[str | int, ...]:
        """Where an edge stands in the text."""
        edge = self.mapping.edges[number]
        own = self.mapping.table(edge.target).edges
        return "tables", edge.target, "edges", next(place for place, one in enumerate(own) if one is edge)

    def problems(self) -> tuple[Placed, ...]:
        """What both schemas alone tell, and what the last check of every row told of this very text."""
        if self.archive is None or self.target is None:
            return ()
        if self.checked is not None:
            red = [self._placed(one) for one in self.checked.found.problems]
            return (*red, *(self._placed(one, is_note=True) for one in self.checked.found.notes))
        return tuple(map(self._placed, check_mapping(self.mapping, self.source_tables, self.target_tables)))

    @property
    def red(self) -> int:
        """How much there is to mend."""
        return sum(not one.is_note for one in self.problems())

    def _placed(self, problem: Problem, *, is_note: bool = False) -> Placed:
        found = _AT_LINE.fullmatch(problem.where)
        if found is None or not problem.where.startswith(self.mapping.file):
            return Placed(problem=problem, edge=None, place=problem.where, is_note=is_note)
        place = found[2] or ""
        edge = self._edge_at(int(found[1]), place)
        return Placed(problem=problem, edge=edge, place=place, is_note=is_note)

    def _edge_at(self, line: int, place: str) -> int | None:
        """The edge that begins last before the line, where its source or its target is what the problem names."""
        before = [number for number, edge in enumerate(self.mapping.edges) if edge.line <= line]
        if not before:
            return None
        edge = self.mapping.edges[before[-1]]
        named = place.partition(".")[0]
        return before[-1] if not place or named in (edge.target, edge.source) else None


def desk(asked: Asked, request: Request, name: str, plan: str = "", *, version: int | None = None) -> Desk:
    """A version of a mapping, else the newest, with the plan that is asked for, else the first that names it."""
    written = asked.served.documents.read(Kind.MAPPING, asked.tenant, name, version)
    mapping = load_mapping(written.text, file=written.file)
    plans = tuple(_plans_of(asked, name))
    chosen = next((one for one in plans if one.name == plan), plans[0] if plans else None)
    if chosen is None:
        return Desk(written=written, mapping=mapping, plans=())
    found = Desk(
        written=written, mapping=mapping, plans=tuple(one.name for one in plans), **sides(asked, request, chosen)
    )
    return replace(found, checked=memory_of(request).checks.get(found.question))


def sides(asked: Asked, request: Request, plan: Plan) -> dict[str, Any]:
    """What a plan's archive and target hold, and why one is not there."""
    memory, service, lacking = memory_of(request), asked.service, []
    archive: Archive | None = None
    target: Schema | None = None
    key = asked.tenant, plan.file
    try:
        archive = memory.archives.found(key, lambda: service.archive_of(plan, None))
    except MigratorError as error:
        lacking.append(error)
    try:
        target = memory.targets.found(key, lambda: service.target_schema(plan))
    except MigratorError as error:
        lacking.append(error)
    return {"plan": plan, "archive": archive, "target": target, "lacking": tuple(lacking)}


def memory_of(request: Request) -> Memory:
    found: Memory = request.app.state.memory
    return found


def _plans_of(asked: Asked, name: str) -> Iterator[Plan]:
    for written in asked.served.documents.newest(Kind.PLAN, tenant=asked.tenant):
        try:
            plan = asked.served.plan(asked.service, asked.tenant, written.name)
        except Misuse:  # its own page says what is wrong with it
            continue
        if plan.mapping is not None and PurePosixPath(plan.mapping).name == name:
            yield plan


def edge_of(found: Desk, number: int) -> Edge:
    """Misuse where there is none of that number."""
    if not 0 <= number < len(found.mapping.edges):
        raise Misuse(f"no edge {number}", where=found.written.file, next="look at its tables")
    return found.mapping.edges[number]
