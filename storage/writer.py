"""Writes an archive: tables, documents, then the commit. Nothing is an archive before the last object is there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import IO, Self

from storage import bag, manual, package
from storage.address import below
from storage.errors import AlreadyExists, MigratorError, Misuse, Recast
from storage.files import FILES_TABLE, FileEntry
from storage.identity import FORMAT_VERSION, Identity, new_archive_id
from storage.names import is_path
from storage.objects import ObjectStore, Sink, write_bytes
from storage.package import DESCRIPTOR, FOLDERS, Part, TablePart
from storage.parts import HashingSink
from storage.seal import SigningKeys
from storage.tables import TablesWriter

__all__ = ["ArchiveWriter", "Identity", "Sealed", "new_archive_id"]


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """A committed archive: where it is, and the fingerprint to write down away from it."""

    archive_id: str
    location: str
    fingerprint: str
    rows: int
    bytes: int  # of everything under data/
    tables: tuple[TablePart, ...]


def _nothing_stays(_error: BaseException | None) -> bool:
    return False


class ArchiveWriter(TablesWriter):
    """A context that writes one archive; leaving it without `commit()` deletes everything it wrote.

    Unless `stays` says of the error that ends it that another writer goes on. AlreadyExists on entry if anything stands
    under the archive's id; with `standing`, all goes but these tables, which an earlier writer finished.
    """

    def __init__(
        self,
        store: ObjectStore,
        identity: Identity,
        keys: SigningKeys,
        *,
        expected: Sequence[str] = (),
        standing: Sequence[TablePart] | None = None,
        stays: Callable[[BaseException | None], bool] = _nothing_stays,
    ) -> None:
        super().__init__(store, identity.archive_id, expected=expected)
        self._identity = identity
        self._keys = keys
        self._standing = standing
        self._stays_after = stays
        self._documents: dict[str, Part] = {}
        self._stays = False  # what stands under the id is an archive: ours, or that of a writer who was first

    @property
    def location(self) -> str:
        return below(self._store.url, self._archive_id)

    def __enter__(self) -> Self:
        if self._standing is not None:
            self._clear(but={f"data/{one.path}" for part in self._standing for one in part.parts})
        elif next(iter(self._store.list(f"{self._archive_id}/")), None) is not None:
            raise AlreadyExists("an archive of this id exists", where=self.location, next="take another archive id")
        return super().__enter__()

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        super().__exit__(_type, error, _traceback)
        if not self._stays and not self._stays_after(error):
            with suppress(MigratorError):  # best effort: without its last object no reader takes it for an archive
                self._store.delete(f"{self._archive_id}/{bag.TAG_MANIFEST}")
                self._delete("")

    def _clear(self, *, but: Collection[str]) -> None:
        prefix = f"{self._archive_id}/"
        for info in list(self._store.list(prefix)):
            if info.key.removeprefix(prefix) not in but:
                self._store.delete(info.key)

    # ── what is no table ────────────────────────────────────────────────────────────────────────────────────
    def attach(self, entry: FileEntry, content: IO[bytes]) -> None:
        """Add a file that a row of a table names; the entry says whose it is, and the SHA-256 of its content."""
        self._held.hold(entry, content)

    def document(self, path: str, content: bytes) -> None:
        """Add a document, given whole; see `documented`."""
        with self.documented(path) as sink:
            sink.write(content)

    @contextmanager
    def documented(self, path: str) -> Iterator[Sink]:
        """Where the bytes of a document go: schema/…, provenance/…, reports/… or portable/… under data/.

        Misuse for any other path, or one already there.
        """
        if not path.startswith(FOLDERS) or not is_path(path) or path in self._documents:
            raise Misuse(
                f"{path!r} cannot be a document of an archive",
                where=self.location,
                next=f"use a new name of [a-z0-9._-] under {', '.join(FOLDERS)}",
            )
        with self._store.writer(f"{self._archive_id}/data/{path}") as sink:
            hashing = HashingSink(sink)
            yield hashing
        self._documents[path] = Part(path=path, bytes=hashing.size, sha256=hashing.sha256)

    # ── commit ──────────────────────────────────────────────────────────────────────────────────────────────
    def commit(self) -> Sealed:
        """Descriptor, manifests, signatures, and the tag manifest last and once: then it is an archive."""
        payload = self._payload()
        self._commit_tags(payload)
        self._stays = True
        return Sealed(
            archive_id=self._archive_id,
            location=self.location,
            fingerprint=self._keys.fingerprint,
            rows=sum(part.rows for part in self.tables),
            bytes=sum(part.bytes for part in payload.values()),
            tables=self.tables,
        )

    def _payload(self) -> Mapping[str, Part]:
        """Everything under data/, complete, by path relative to data/."""
        files = self._write_files_table()
        descriptor = package.render(self._descriptor(files))
        write_bytes(self._store, f"{self._archive_id}/data/{DESCRIPTOR}", descriptor)
        parts = [one for part in (*self.tables, files) for one in part.parts]
        return {
            **{one.path: one for one in (*parts, *self._held.parts())},
            **self._documents,
            DESCRIPTOR: _part_of(DESCRIPTOR, descriptor),
        }

    def _write_files_table(self) -> TablePart:
        table = FILES_TABLE
        while True:
            try:
                return self._write(table, self._held.batches(), name="_files", splits=1, scope_class="archive")
            except Recast as recast:
                columns = [recast.column if one.name == recast.column.name else one for one in table.columns]
                table = replace(table, columns=tuple(columns))

    def _descriptor(self, files: TablePart) -> dict[str, object]:
        tables = (*self.tables, files)
        names = {part.table.name: part.name for part in self.tables}
        masters = [package.table_resource(part, names) for part in tables]
        return {
            "$schema": package.PROFILE,
            "name": self._archive_id.lower(),
            "title": f"{self._identity.tenant}: {self._identity.plan}",
            "created": self._identity.created_at,
            "migrator:format": FORMAT_VERSION,
            "migrator:archive": asdict(self._identity),
            "resources": masters + [resource for part in tables for resource in package.parquet_resources(part)],
        }

    def _commit_tags(self, payload: Mapping[str, Part]) -> None:
        manifest = bag.render_manifest({f"data/{path}": part.sha256 for path, part in payload.items()})
        texts = manual.render(self._identity, self._keys.fingerprint, self.tables)
        size = sum(part.bytes for part in payload.values())
        tags = {
            bag.BAG_DECLARATION: bag.BAGIT,
            bag.BAG_INFO: bag.render_info(self._identity.bag_info(files=len(payload), size=size)),
            bag.MANIFEST: manifest,
            **texts,
        }
        tag_manifest = bag.render_manifest({path: hashlib.sha256(one).hexdigest() for path, one in tags.items()})
        signatures = {f"signatures/{name}": one for name, one in self._keys.sign(tag_manifest).items()}
        for path, content in (*tags.items(), *signatures.items()):
            write_bytes(self._store, f"{self._archive_id}/{path}", content)
        try:
            write_bytes(self._store, f"{self._archive_id}/{bag.TAG_MANIFEST}", tag_manifest, exclusive=True)
        except AlreadyExists:
            self._stays = True
            raise


def _part_of(path: str, content: bytes) -> Part:
    return Part(path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
