"""Reading a descriptor: what it says is taken for true only where it agrees with itself.

Whether the bytes are those of the manifest is settled before; whether the rows are what it says, `storage.check` finds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from storage.described import built, member
from storage.errors import Misuse, Red
from storage.files import FILES_TABLE
from storage.identity import FORMAT_VERSION, Identity
from storage.names import is_segment
from storage.package import TablePart, parse_resource, table_resource
from storage.schema import NULL_TOKEN, Table
from storage.types import arrow_type

_TOKEN = re.compile(re.escape(NULL_TOKEN) + "[0-9]*")
_STANDARD = ("path", "bytes", "hash", "encoding")  # what readers that know no `migrator:` property go by


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """Whose data it is, every table of the platform, and the table of what files/ holds."""

    identity: Identity
    tables: tuple[TablePart, ...]
    files: TablePart


def read_descriptor(content: bytes, *, where: str) -> Descriptor:
    """Misuse for a format this version does not know; Red if it is not a descriptor, or contradicts itself."""
    with _refused(where):
        described = _parsed(content)
        found = member(described, "migrator:format", int, "the descriptor")
        if found != FORMAT_VERSION:
            raise Misuse(f"archive format {found} is not known", where=where, next="use a newer migrator")
        identity = built(Identity, member(described, "migrator:archive", dict, "the descriptor"), "migrator:archive")
        if not is_segment(identity.archive_id):
            raise ValueError("migrator:archive.archive_id is not an archive id")
        parts = tuple(_part(one) for one in _masters(member(described, "resources", list, "the descriptor")))
        _once((part.name for part in parts), "resource")
        files = _files(parts)
        tables = tuple(part for part in parts if part is not files)
        _once((part.table.name for part in tables), "table")
    return Descriptor(identity=identity, tables=tables, files=files)


def _files(parts: tuple[TablePart, ...]) -> TablePart:
    for part in parts:
        if part.name == FILES_TABLE.name:  # a platform's table of that name has another file name
            return part
    raise ValueError("the descriptor does not describe files/")


@contextmanager
def _refused(where: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, pa.ArrowInvalid) as error:
        advice = "get another copy of the archive, or read it with the version of migrator that wrote it"
        raise Red(f"corrupt: {error}", where=where, next=advice) from error


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("the descriptor is not JSON") from error


def _masters(resources: list[Any]) -> Iterator[Any]:
    return (one for one in resources if isinstance(one, dict) and "migrator:part" in one)


def _part(resource: dict[str, Any]) -> TablePart:
    part = parse_resource(resource)
    _agree(part.table)
    if not part.csv or not part.parquet or (part.header is None and len(part.csv) > 1):
        raise ValueError(f"{part.name}: a table has a master and a twin, and a header where it has several parts")
    if min(part.rows, part.longest_record) < 0:
        raise ValueError(f"{part.name}: a number of rows or bytes is below 0")
    if _standard(resource) != _standard(table_resource(part, {})):
        raise ValueError(f"{part.name}: what it says to other readers is not what it says to this one")
    return part


def _standard(resource: dict[str, Any]) -> object:
    fields = resource["schema"]["fields"]
    said = [(field.get("name"), field.get("type"), field.get("missingValues")) for field in fields]
    return [resource.get(name) for name in _STANDARD], said


def _agree(table: Table) -> None:
    _once(table.column_names, f"{table.name}: column")
    keys = {*table.primary_key}.union(*(key.columns for key in table.unique))
    for name in keys.union(*(key.columns for key in table.foreign_keys)) - set(table.column_names):
        raise ValueError(f"{table.name}: a key names {name!r}, which is not a column")
    for column in table.columns:
        arrow_type(column.type)
        if not _TOKEN.fullmatch(column.null_token):
            raise ValueError(f"{table.name}.{column.name}: {column.null_token!r} is not a NULL token")


def _once(names: Iterable[str], what: str) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ValueError(f"{what} {name!r} stands there twice")
