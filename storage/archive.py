"""Reads an archive: who it is, what tables it has, and their rows, from the typed twin or from the master."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from storage import bag, csvtext, files, seal, twin
from storage.address import below
from storage.descriptor import Descriptor, read_descriptor
from storage.errors import Misuse
from storage.files import FileEntry
from storage.identity import Identity
from storage.model import MODEL, Model, parsed
from storage.objects import ObjectStore, read_bytes
from storage.package import DESCRIPTOR, FOLDERS, Part, TablePart
from storage.parts import GROUP_BYTES
from storage.schema import Held, Table
from storage.summary import ArchiveSummary, list_archives
from storage.types import arrow_schema, from_text, to_text
from storage.verified import corrupt, of_its_type, passing, verified

__all__ = ["Archive", "ArchiveSummary", "ArchivedTable", "Identity", "list_archives"]

ArchivedTable = TablePart
"""A table as the archive has it: `table` with true names, `rows`, `bytes`, `digest`, `scope_class`."""


def every_row(cells: pa.RecordBatch) -> pa.RecordBatch:
    return cells


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A complete archive whose manifests and signatures hold; each payload object is hashed when it is read."""

    store: ObjectStore
    identity: Identity
    fingerprint: str  # of the key that signed it; whether that is the right key, the caller must know
    tables: tuple[ArchivedTable, ...]
    _folder: str  # the archive id, unless somebody renamed the folder
    _manifest: Mapping[str, str]  # SHA-256 by path under the archive
    _files: ArchivedTable

    @classmethod
    def open(cls, store: ObjectStore, archive_id: str) -> Archive:
        """Misuse if there is no complete archive of that id; Red if its manifests or signatures do not hold."""
        if store.size(f"{archive_id}/{bag.TAG_MANIFEST}") is None:
            raise Misuse(
                "there is no complete archive", where=below(store.url, archive_id), next="check the store and the id"
            )
        tag_manifest = read_bytes(store, f"{archive_id}/{bag.TAG_MANIFEST}")
        fingerprint = _signer(store, archive_id, tag_manifest)
        tags = bag.parse_manifest(tag_manifest, where=bag.TAG_MANIFEST)
        manifest_bytes = _vouched(store, archive_id, bag.MANIFEST, tags)
        manifest = bag.parse_manifest(manifest_bytes, where=bag.MANIFEST)
        descriptor = _descriptor(store, archive_id, manifest)
        return cls(
            store=store,
            identity=descriptor.identity,
            fingerprint=fingerprint,
            tables=descriptor.tables,
            _folder=archive_id,
            _manifest=manifest,
            _files=descriptor.files,
        )

    @property
    def location(self) -> str:
        return below(self.store.url, self._folder)

    @property
    def folder(self) -> str:
        """What its objects' names begin with in the store."""
        return self._folder

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
    def scan(
        self, name: str, *, master: bool = False, among: Callable[[pa.RecordBatch], pa.RecordBatch] = every_row
    ) -> Iterator[pa.RecordBatch]:
        """The table's rows as `arrow_schema(table)`, held values resolved; from the CSV with `master`.

        `among` chooses rows of a batch before their held values are fetched.
        Red, before a row of that object is released, where its bytes are not those the manifest vouches for.
        """
        yield from self._scan(self.table(name), master=master, among=among)

    def _scan(
        self,
        part: ArchivedTable,
        *,
        master: bool = False,
        among: Callable[[pa.RecordBatch], pa.RecordBatch] = every_row,
    ) -> Iterator[pa.RecordBatch]:
        for cells in map(among, self._master_cells(part) if master else self._twin_cells(part)):
            for few in self._affordable(cells, part.table):
                yield self._resolved(few, part.table)

    def cell_texts(self, part: ArchivedTable, *, master: bool) -> Iterator[tuple[list[pa.Array], int]]:
        """Each batch's cells as text, as a digest reads them, and its number of rows."""
        for cells in self._master_texts(part) if master else self._twin_cells(part):
            if master:
                yield cells.columns, cells.num_rows
                continue
            pairs = zip(cells.columns, part.table.columns, strict=True)
            columns = [cell if column.held is Held.FILES else to_text(cell, column.type) for cell, column in pairs]
            yield columns, cells.num_rows

    def _twin_cells(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        if not part.table.columns:  # Parquet cannot count rows without columns, the master can
            yield from self._master_texts(part)
            return
        for one in part.parquet:
            with verified(self.store, *self.vouched_key(one)) as stream:
                yield from twin.read_cells(stream, part.table)

    def _master_texts(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        for one in part.csv:
            with verified(self.store, *self.vouched_key(one)) as stream:
                yield from csvtext.read_texts(
                    stream, part.table, has_header=part.header is None, longest=part.longest_record
                )

    def _master_cells(self, part: ArchivedTable) -> Iterator[pa.RecordBatch]:
        for texts in self._master_texts(part):
            with of_its_type(self._where(part.table)):
                columns = [
                    text if column.held is Held.FILES else from_text(text, column.type)
                    for text, column in zip(texts.columns, part.table.columns, strict=True)
                ]
            yield pa.RecordBatch.from_arrays(columns, names=list(part.table.column_names)) if columns else texts

    def _affordable(self, cells: pa.RecordBatch, table: Table) -> Iterator[pa.RecordBatch]:
        """Slices whose held values fit in memory together."""
        sizes = [0] * cells.num_rows
        for cell, column in zip(cells.columns, table.columns, strict=True):
            if column.held is Held.FILES:
                with of_its_type(self._where(table)):
                    hashes = files.held_hashes(cell)
                for row, sha256 in hashes.items():
                    sizes[row] += self.store.size(self._held_key(sha256)) or 0
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
        with of_its_type(self._where(table)):
            columns = [
                files.release(cell, column, self._held_content) if column.held is Held.FILES else cell
                for cell, column in zip(cells.columns, table.columns, strict=True)
            ]
            return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(table))

    def _where(self, table: Table) -> str:
        return f"{self.location}, table {table.name}"

    def held_paths(self, part: ArchivedTable, texts: Sequence[pa.Array]) -> set[str]:
        """Which files, relative to data/, cells of `cell_texts` stand for. Red if one is malformed."""
        with of_its_type(self._where(part.table)):
            return {
                files.file_path(sha256)
                for column, array in zip(part.table.columns, texts, strict=True)
                if column.held is Held.FILES
                for sha256 in files.held_hashes(array).values()
            }

    def _held_key(self, sha256: str) -> str:
        return f"{self._folder}/data/{files.file_path(sha256)}"

    def _held_content(self, sha256: str) -> bytes:
        with verified(self.store, self._held_key(sha256), sha256) as stream:
            return stream.read()

    def vouched_key(self, part: Part) -> tuple[str, str]:
        """The object that holds this file of a table, and the hash its bytes must have."""
        path = f"data/{part.path}"
        key = f"{self._folder}/{path}"
        if self._manifest.get(path) != part.sha256:
            raise corrupt(self.store, key, "manifest and descriptor disagree about it")
        return key, part.sha256

    # ── everything else ─────────────────────────────────────────────────────────────────────────────────────
    def payload(self) -> frozenset[str]:
        """Every path the manifest vouches for, relative to data/."""
        return frozenset(path.removeprefix("data/") for path in self._manifest)

    def documents(self) -> tuple[str, ...]:
        """The paths `document` reads, relative to data/."""
        return tuple(sorted(path for path in self.payload() if path.startswith(FOLDERS)))

    def document(self, path: str) -> bytes:
        """A document's content. Misuse if the archive has none of that path; Red if it was changed."""
        if path not in self.documents():
            raise Misuse(f"the archive has no document {path!r}", where=self.location, next="see its documents")
        return _vouched(self.store, self._folder, f"data/{path}", self._manifest)

    def model(self) -> Model:
        """What its tables are made of beside columns and keys; of an archive that does not say, only the kind.

        Red where it is no model, or one of another platform than the archive's.
        """
        kind = self.identity.source_platform
        if MODEL not in self.documents():
            return Model(platform=kind)
        model = parsed(self.document(MODEL), where=f"{self.location}/data/{MODEL}")
        if model.platform != kind:
            how = f"the archive comes from {kind}, its model from {model.platform}"
            raise corrupt(self.store, f"{self._folder}/data/{MODEL}", how)
        return model

    @property
    def file_count(self) -> int:
        """How many cells have their value under files/."""
        return self._files.rows

    def files(self) -> Iterator[FileEntry]:
        """Every cell whose value is under files/."""
        for batch in self._scan(self._files):
            for row in batch.to_pylist():
                yield FileEntry(**row)

    def content(self, sha256: str) -> Iterator[bytes]:
        """What stands under files/ by that hash, as it comes; Red after the last byte if it was not the right one."""
        return passing(self.store, self._held_key(sha256), sha256)


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


def _descriptor(store: ObjectStore, archive_id: str, manifest: Mapping[str, str]) -> Descriptor:
    path = f"data/{DESCRIPTOR}"
    where = below(store.url, f"{archive_id}/{path}")
    if f"{path}.age" in manifest:
        raise Misuse("the archive is encrypted", where=where, next="decrypt it with age and its key first")
    return read_descriptor(_vouched(store, archive_id, path, manifest), where=where)
