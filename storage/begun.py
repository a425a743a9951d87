"""The list of what stands of an archive that is being written, so that whoever goes on with it need not begin anew.

It lies beside the archive's prefix and never in it. It says of one fence alone: another fence is another archive.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TypeVar

from storage import bag
from storage.described import built
from storage.identity import Identity, is_archive_id
from storage.objects import ObjectStore, read_bytes, write_bytes
from storage.package import Part, TablePart
from storage.schema import Held, Table

LIST = ".parts"
"""What the list's folder is called after the archive's id."""

_Entry = TypeVar("_Entry")
_BEGUN, _RESULT, _TABLES, _SPLITS = "begun.json", "result.json", "tables/", "splits/"


@dataclass(frozen=True, kw_only=True)
class Begun:
    """Who writes the archive, and what must be found the same by whoever goes on."""

    run: str
    attempt: int  # the one that writes
    began: int  # the one that began, in a fence of its own
    identity: Identity
    scope: str  # a digest of which rows leave, and why
    handle: str | None = None  # how the fence is joined; None where nobody holds it


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A table all of whose parts stand; `said` is what its writer needs to remember of it, as JSON."""

    part: TablePart
    said: str


@dataclass(frozen=True, kw_only=True)
class FinishedSplit:
    """One of the splits of a table: as many rows as its part has, from this place on in the order of its keys."""

    first: int
    part: TablePart


class PartList:
    """The list of one archive."""

    def __init__(self, store: ObjectStore, archive_id: str) -> None:
        self._store = store
        self.archive_id = archive_id
        self._folder = f"{archive_id}{LIST}/"

    # ── writing ─────────────────────────────────────────────────────────────────────────────────────────────
    def begin(self, begun: Begun) -> None:
        """The first entry, or the same of another attempt: from then on that one writes, and no other."""
        self._write(_BEGUN, asdict(begun))

    def add(self, finished: Finished) -> None:
        self._write(f"{_TABLES}{finished.part.name}.json", asdict(finished))

    def add_split(self, finished: FinishedSplit) -> None:
        self._write(f"{_SPLITS}{finished.part.name}-{finished.first}.json", asdict(finished))

    def result(self, said: str) -> None:
        """The last entry, before the archive is one: what its writer would say of it."""
        write_bytes(self._store, f"{self._folder}{_RESULT}", said.encode())

    def _write(self, name: str, entry: dict[str, object]) -> None:
        write_bytes(self._store, f"{self._folder}{name}", json.dumps(entry).encode())

    def erase(self) -> None:
        """The first entry goes last: until then the list is found."""
        for info in reversed(list(self._store.list(self._folder))):
            if not info.key.endswith(f"/{_BEGUN}"):
                self._store.delete(info.key)
        self._store.delete(f"{self._folder}{_BEGUN}")

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────────────
    def begun(self) -> Begun | None:
        """None where nothing is listed, or what nobody can read."""
        return self._read(_BEGUN, Begun)

    def finished(self) -> Iterator[Finished]:
        """The tables that stand; one whose entry cannot be read does not."""
        for info in self._store.list(f"{self._folder}{_TABLES}"):
            entry = self._read(info.key.removeprefix(self._folder), Finished)
            if entry is not None:
                yield entry

    def splits(self) -> Iterator[FinishedSplit]:
        """The splits that stand; one whose parts went with its table does not."""
        for info in self._store.list(f"{self._folder}{_SPLITS}"):
            entry = self._read(info.key.removeprefix(self._folder), FinishedSplit)
            if entry is not None and all(map(self._is_there, entry.part.parts)):
                yield entry

    def _is_there(self, part: Part) -> bool:
        return self._store.size(f"{self.archive_id}/data/{part.path}") == part.bytes

    def told(self) -> str | None:
        """The result, where there is one."""
        key = f"{self._folder}{_RESULT}"
        return None if self._store.size(key) is None else read_bytes(self._store, key).decode()

    def _read(self, name: str, type_: type[_Entry]) -> _Entry | None:
        key = f"{self._folder}{name}"
        if self._store.size(key) is None:
            return None
        try:
            return built(type_, json.loads(read_bytes(self._store, key)), name)
        except ValueError:
            return None

    @property
    def is_committed(self) -> bool:
        """Whether the archive is one."""
        return self._store.size(f"{self.archive_id}/{bag.TAG_MANIFEST}") is not None

    def erase_all(self) -> None:
        """The list, and all that stands of what is no archive; an archive stays."""
        if not self.is_committed:
            for one in list(self._store.unfinished()):
                if one.folder in (self.archive_id, f"{self.archive_id}{LIST}"):
                    self._store.discard(one)
            for info in list(self._store.list(f"{self.archive_id}/")):
                self._store.delete(info.key)
        self.erase()


def can_stand(table: Table) -> bool:
    """Whether a table's parts say all of it: not the values that lie elsewhere, nor rows without a column."""
    return bool(table.columns) and all(column.held is not Held.FILES for column in table.columns)


def lists_of(store: ObjectStore, run: str) -> Iterator[PartList]:
    """What attempts of this run have begun in the store; costs by the number of its archives."""
    for folder in list(store.folders()):
        if folder.endswith(LIST) and is_archive_id(folder.removesuffix(LIST)):
            found = PartList(store, folder.removesuffix(LIST))
            begun = found.begun()
            if begun is not None and begun.run == run:
                yield found
