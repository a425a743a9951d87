"""How a table is partitioned, as a clause of its CREATE TABLE."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from migrator.platforms.mysql.definition import DEFAULT
from migrator.platforms.relational.archived import MYSQL
from migrator.platforms.relational.sqltext import quoted
from storage.errors import Red
from storage.model import Partition, TableModel

_SAID = re.compile(r"(?P<method>(?:LINEAR )?(?:HASH|KEY)|(?:RANGE|LIST)(?: COLUMNS)?) \((?P<by>.*)\)", re.DOTALL)
_BY_TIME = "SYSTEM_TIME"


def is_by_time(of: TableModel) -> bool:
    """Whether old versions of rows have partitions of their own, which nobody can make again as they were."""
    return (of.partitioned_by or "").startswith(_BY_TIME)


def partitioned(of: TableModel) -> str:
    """PARTITION BY …, or nothing where the table is whole. Red where that is not what the archive says."""
    if of.partitioned_by is None or is_by_time(of):
        return ""
    method, by = _method(of.partitioned_by, of.table)
    parts = of.partitions
    subparts = f" SUBPARTITION BY {_subparts(parts[0], of.table)}" if parts and parts[0].partitioned_by else ""
    if method.endswith(("HASH", "KEY")):
        return f" PARTITION BY {method} {by}{_numbered([part.name for part in parts], 'p', 'PARTITION')}"
    bounded = ", ".join(_bounded(method, part, of.table) for part in parts)
    return f" PARTITION BY {method} {by}{subparts} ({bounded})"


def _method(said: str, where: str) -> tuple[str, str]:
    found = _SAID.fullmatch(said)
    if not found:
        raise Red(f"no table is partitioned so: {said[:80]!r}", where=where, next="restore nothing of it")
    by = MYSQL.expression(found["by"], where=where) if found["by"].strip() else "()"
    return found["method"], by


def _subparts(first: Partition, where: str) -> str:
    """The count alone where the names are those that the server gives."""
    method, by = _method(first.partitioned_by or "", where)
    default = [f"{first.name}sp{number}" for number in range(len(first.parts))]
    count = f" SUBPARTITIONS {len(first.parts)}" if [part.name for part in first.parts] == default else ""
    return f"{method} {by}{count}"


def _numbered(names: Sequence[str], prefix: str, word: str) -> str:
    if list(names) == [f"{prefix}{number}" for number in range(len(names))]:
        return f" {word}S {len(names)}"
    return f" ({', '.join(f'{word} {quoted(name)}' for name in names)})"


def _bounded(method: str, part: Partition, where: str) -> str:
    return " ".join(_words(method, part, f"{where}.{part.name}"))


def _words(method: str, part: Partition, where: str) -> Iterator[str]:
    yield f"PARTITION {quoted(part.name)}"
    if part.bound.upper() == DEFAULT:
        yield DEFAULT
    else:
        bound = MYSQL.expression(part.bound, where=where)
        yield f"VALUES {'LESS THAN' if method.startswith('RANGE') else 'IN'} {bound}"
    default = [f"{part.name}sp{number}" for number in range(len(part.parts))]
    if part.parts and [one.name for one in part.parts] != default:
        yield f"({', '.join(f'SUBPARTITION {quoted(one.name)}' for one in part.parts)})"
