"""What a server answers, as the values that the operations give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from migrator.contracts import ColumnCensus, Finding, TenantCandidate
from migrator.engine.check import MapCheck
from migrator.engine.doctor import Diagnosis, Estimates, Part
from migrator.engine.inspect import InspectedTable, Inspection
from migrator.runs.answers import read_found
from storage.errors import Fault
from storage.problem import Problem
from storage.said_error import read_error
from storage.schema import Column, Kind, Table, TableKind, Type

Value = TypeVar("Value")


def read(kind: type[Value], said: Any) -> Value:
    """A value of frozen dataclasses. Fault where the server is of another version, and says it otherwise."""
    try:
        return read_found(kind, said)
    except ValueError as error:
        raise Fault(
            f"the server's answer is not what this version of the program reads: {kind.__name__}",
            where="--server",
            next="use the same version here and there",
        ) from error


def read_check(said: Mapping[str, Any]) -> MapCheck:
    return MapCheck(
        problems=tuple(read(Problem, one) for one in said["problems"]),
        notes=tuple(read(Problem, one) for one in said["notes"]),
        unmapped=tuple(said["unmapped"]),
        prepared=None,
    )


def read_diagnosis(said: Mapping[str, Any]) -> Diagnosis:
    return Diagnosis(
        parts=tuple(map(_part, said["parts"])),
        estimates=read(Estimates, said["estimates"]),
        source_grants=said["source_grants"],
        target_grants=said["target_grants"],
    )


def _part(said: Mapping[str, Any]) -> Part:
    return Part(
        name=said["name"],
        place=said["place"],
        findings=tuple(read(Finding, one) for one in said["findings"]),
        error=read_error(said["error"]) if said["error"] else None,
    )


def read_inspection(said: Mapping[str, Any]) -> Inspection:
    """As programs are told it (`Inspection.told`): what nobody is told is not there."""
    return Inspection(
        platform=said["platform"],
        version=said["version"],
        tables=tuple(map(_inspected, said["tables"])),
        views=tuple(
            Table(name=one["name"], kind=TableKind(one["kind"]), columns=tuple(map(_column, one["columns"])))
            for one in said["views"]
        ),
        tenants=tuple(read(TenantCandidate, one) for one in said["tenants"]),
    )


def _inspected(said: Mapping[str, Any]) -> InspectedTable:
    table = Table(
        name=said["name"], columns=tuple(map(_column, said["columns"])), primary_key=tuple(said["primary_key"])
    )
    census = tuple(
        ColumnCensus(column=one["name"], fidelity=one["fidelity"], nulls=one["nulls"], found=tuple(one["found"]))
        for one in said["columns"]
    )
    return InspectedTable(table=table, rows=said["rows"], census=census)


_OF_COLUMN = ("name", "native", "nullable", "fidelity", "default", "identity", "generated", "collation", "comment")


def _column(said: Mapping[str, Any]) -> Column:
    told = {name: said[name] for name in _OF_COLUMN if name in said}
    return read(Column, {**told, "type": vars(_type(said["type"]))})


def _type(said: str) -> Type:
    """What `str` made of it."""
    kind, _, numbers = said.rstrip(")").partition("(")
    precision, scale = map(int, numbers.split(",")) if numbers else (None, None)
    return Type(kind=Kind(kind), precision=precision, scale=scale)
