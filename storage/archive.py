"""Reads an archive: who it is, what tables it has, and their rows, from the typed twin or from the master."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage import bag, csvtext, files, seal
from storage.errors import Misuse, Red
from storage.files import FILES_TABLE, FileEntry
from storage.identity import FORMAT_VERSION, Identity
from storage.objects import ObjectStore, read_bytes
from storage.package import DESCRIPTOR, Part, TablePart, parse_resource
from storage.parts import GROUP_BYTES, GROUP_ROWS
from storage.schema import Held, Table
from storage.summary import ArchiveSummary, list_archives
from storage.types import arrow_schema, from_text, to_text
from storage.verified import corrupt, verified

__all__ = ["Archive", "ArchiveSummary", "ArchivedTable", "Identity", "list_archives"]

ArchivedTable = TablePart
"""A table as the archive has it: `table` with true names, `rows`, `bytes`, `digest`, `scope_class`."""

_FOLDERS = ("schema/", "provenance/", "reports/")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A complete archive whose manifests and signatures hold; each payload object is hashed when it is read."""

    store: ObjectStore
    identity: Identity
    fingerprint: str  # of the key that signed it; whether that is the right key, the caller must know
    tables: tuple[ArchivedTable, ...]
    _manifest: Mapping[str, str]  # SHA-256 by path under the archive
    _files: ArchivedTable

    @classmethod
    def open(cls, store: ObjectStore, archive_id: str) -> Archive:
        """Misuse if there is no complete archive of that id; Red if its manifests or signatures do not hold."""
        if store.size(f"{archive_id}/{bag.TAG_MANIFEST}") is None:
            raise Misuse(
                "there is no complete archive", where=f"{store.url}/{archive_id}", next="check the store and the id"
            )
        tag_manifest = read_bytes(store, f"{archive_id}/{bag.TAG_MANIFEST}")
        fingerprint = _signer(store, archive_id, tag_manifest)
        tags = bag.parse_manifest(tag_manifest, where=bag.TAG_MANIFEST)
        manifest_bytes = _vouched(store, archive_id, bag.MANIFEST, tags)
        manifest = bag.parse_manifest(manifest_bytes, where=bag.MANIFEST)
        about, described = _described(_descriptor(store, archive_id, manifest))
        return cls(
            store=store,
            identity=about,
            fingerprint=fingerprint,
            tables=tuple(part for part in described if part.name != FILES_TABLE.name),
            _manifest=manifest,
            _files=next(part for part in described if part.name == FILES_TABLE.name),
        )

    @property
    def location(self) -> str:
        return f"{self.store.url}/{self.identity.archive_id}"

    def described(self) -> tuple[ArchivedTable, ...]:
        """Every table the descriptor knows: the platform's, and the one of held files."""
        return (*self.tables, self._files)

    def table(self, name: str) -> ArchivedTable:
        """The table of that true name. Misuse if the archive has none."""
        for part in self.tables:
            if part.table.name == name:
                return part
        raise Misuse(
            f"the archive has no table {name!r}",
            where=self.location,
            next=f"it has: {', '.join(part.table.name for part in self.tables)}",
        )

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────
    def scan(self, name: str, *, master: bool = False) -> Iterator[pa.RecordBatch]:
        """The table's rows as `arrow_schema(table)`, held values resolved; from the CSV with `master`.

        Red, before a row of that object is released, where its bytes are not those the manifest vouches for.
        """
        yield from self._scan(self.table(name), master=master)

    def _scan(self, part: ArchivedTable, *, master: bool = False) -> Iterator[pa.RecordBatch]:
        for cells in self._master_cells(part) if master else self._twin_cells(part):
            for few in self._affordable(cells, part.table):
                yield self._resolved(few, part.table)

    def cell_texts(self, part: ArchivedTable, *, master: bool) -> Iterator[tuple[list[pa.Array], int]]:
        """Each batch's cells as text, as a digest reads them, and its number of rows."""
        if master:
            for texts in self._master_texts(part):
                yield texts.columns, texts.num_rows
            return
        for cells in self._twin_cells(part):
            pairs = zip(cells.columns, part.table.columns, strict=True)
            columns = [cell if column.held is Held.FILES else to_text(cell, column.type) for cell, column in pairs]
            yield columns, cells.num_rows

    def _twin_cells(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        if not part.table.columns:  # Parquet cannot count rows without columns
            yield csvtext.rows_without_columns(part.rows)
            return
        for one in part.parquet:
            with verified(self.store, *self._vouched_key(one)) as stream:
                yield from pq.ParquetFile(stream, pre_buffer=False).iter_batches(GROUP_ROWS, use_threads=False)

    def _master_texts(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        for one in part.csv:
            with verified(self.store, *self._vouched_key(one)) as stream:
                yield from csvtext.read_texts(
                    stream, part.table, has_header=part.header is None, longest=part.longest_record
                )

    def _master_cells(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        for texts in self._master_texts(part):
            try:
                columns = [
                    text if column.held is Held.FILES else from_text(text, column.type)
                    for text, column in zip(texts.columns, part.table.columns, strict=True)
                ]
            except (pa.ArrowInvalid, ValueError) as error:
                raise Red(
                    f"corrupt: a value is not of its column's type ({error})",
                    where=f"{self.location}, table {part.table.name}",
                    next="get another copy of the archive",
                ) from error
            yield pa.RecordBatch.from_arrays(columns, names=list(part.table.column_names)) if columns else texts

    def _affordable(self, cells: pa.RecordBatch, table: Table) -> Iterator[pa.RecordBatch]:
        """Slices whose held values fit in memory together."""
        sizes = [0] * cells.num_rows
        for cell, column in zip(cells.columns, table.columns, strict=True):
            if column.held is Held.FILES:
                for row in pc.indices_nonzero(pc.fill_null(pc.starts_with(cell, files.BY_HASH), False)).to_pylist():
                    sizes[row] += self.store.size(self._held_key(cell[row].as_py())) or 0
        start = total = 0
        for row, size in enumerate(sizes) if any(sizes) else ():
            if total + size > GROUP_BYTES and row > start:
                yield cells.slice(start, row - start)
                start, total = row, 0
            total += size
        yield cells.slice(start)

    def _resolved(self, cells: pa.RecordBatch, table: Table) -> pa.RecordBatch:
        if not table.columns:
            return cells
        columns = [
            files.release(cell, column, self._held_content) if column.held is Held.FILES else cell
            for cell, column in zip(cells.columns, table.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(table))

    def _held_key(self, cell: str) -> str:
        return f"{self.identity.archive_id}/data/{files.file_path(cell.removeprefix(files.BY_HASH))}"

    def _held_content(self, sha256: str) -> bytes:
        with verified(self.store, self._held_key(sha256), sha256) as stream:
            return stream.read()

    def _vouched_key(self, part: Part) -> tuple[str, str]:
        path = f"data/{part.path}"
        key = f"{self.identity.archive_id}/{path}"
        if path not in self._manifest:
            raise corrupt(self.store, key, "not in the manifest")
        return key, self._manifest[path]

    # ── everything else ─────────────────────────────────────────────────────────────────────────────────────
    def documents(self) -> tuple[str, ...]:
        """The paths `document` reads, relative to data/."""
        paths = (path.removeprefix("data/") for path in self._manifest)
        return tuple(sorted(path for path in paths if path.startswith(_FOLDERS)))

    def document(self, path: str) -> bytes:
        """A document's content. Misuse if the archive has none of that path; Red if it was changed."""
        if path not in self.documents():
            raise Misuse(f"the archive has no document {path!r}", where=self.location, next="see its documents")
        return _vouched(self.store, self.identity.archive_id, f"data/{path}", self._manifest)

    def files(self) -> Iterator[FileEntry]:
        """Every cell whose value is under files/."""
        for batch in self._scan(self._files):
            for row in batch.to_pylist():
                yield FileEntry(**row)


def _signer(store: ObjectStore, archive_id: str, tag_manifest: bytes) -> str:
    folder = f"{archive_id}/signatures/"
    content = {info.key.removeprefix(folder): read_bytes(store, info.key) for info in store.list(folder)}
    signatures = seal.verify(tag_manifest, content)
    for name, what in signatures.problems.items():
        raise corrupt(store, folder + name, what)
    return signatures.fingerprint


def _vouched(store: ObjectStore, archive_id: str, path: str, manifest: Mapping[str, str]) -> bytes:
    if path not in manifest:
        raise corrupt(store, f"{archive_id}/{path}", "not in the manifest")
    with verified(store, f"{archive_id}/{path}", manifest[path]) as stream:
        return stream.read()


def _descriptor(store: ObjectStore, archive_id: str, manifest: Mapping[str, str]) -> dict[str, Any]:
    path = f"data/{DESCRIPTOR}"
    where = f"{store.url}/{archive_id}/{path}"
    if f"{path}.age" in manifest:
        raise Misuse("the archive is encrypted", where=where, next="decrypt it with age and its key first")
    descriptor: dict[str, Any] = json.loads(_vouched(store, archive_id, path, manifest))
    if descriptor.get("migrator:format") != FORMAT_VERSION:
        found = descriptor.get("migrator:format")
        raise Misuse(f"archive format {found!r} is not known", where=where, next="use a newer migrator")
    return descriptor


def _described(descriptor: dict[str, Any]) -> tuple[Identity, list[TablePart]]:
    try:
        identity = Identity(**descriptor["migrator:archive"])
        resources = [one for one in descriptor["resources"] if "migrator:part" in one]
        names = [one["name"] for one in resources]
    except (KeyError, TypeError) as error:
        raise Red(
            f"the descriptor does not describe an archive ({error!r})",
            where=f"data/{DESCRIPTOR}",
            next="read this archive with the version of migrator that wrote it",
        ) from error
    if FILES_TABLE.name not in names:
        raise Red("the descriptor does not describe files/", where=f"data/{DESCRIPTOR}", next="get another copy")
    return identity, [parse_resource(one) for one in resources]
