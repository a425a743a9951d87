"""What a store keeps of runs, beside its archives: what each was told, what it decided and what it found, signed.

runs/<run-id>/<version>/<path>                   the documents, as their run's folder has them
runs/<run-id>/<version>/signatures/              over the manifest, as an archive's are over its own
runs/<run-id>/<version>/manifest-sha256.txt      the hashes of the documents; written once, and last

A version without its manifest is none. A run is kept anew where it went on: then the one before goes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage import bag, seal
from storage.address import below
from storage.errors import Red
from storage.objects import ObjectInfo, ObjectStore, read_bytes, write_bytes
from storage.seal import SigningKeys
from storage.system import translated
from storage.verified import passing

FOLDER = "runs"
"""The first name of all these objects: no archive is called that."""

_RUN = re.compile(r"[0-9]{8}T[0-9]{6}-[a-z]{1,20}-[0-9a-f]{4}")
_VERSION = re.compile(r"[0-9]{6}")
_CHUNK = 1 << 20


def is_run_id(name: str) -> bool:
    """Whether a run could be called that; what comes from a store becomes the name of a folder here."""
    return _RUN.fullmatch(name) is not None


def keep_documents(store: ObjectStore, run_id: str, folder: Path, paths: Iterable[str], keys: SigningKeys) -> None:
    """Keep these documents of a run's folder, whole or not at all; what was kept of the run before goes.

    AlreadyExists where somebody else kept the same run meanwhile.
    """
    earlier = list(_versions(store, run_id))
    version = f"{FOLDER}/{run_id}/{int(earlier[-1]) + 1 if earlier else 1:06}"
    hashes = {path: _put(store, f"{version}/{path}", folder / path) for path in paths}
    manifest = bag.render_manifest(hashes)
    for name, content in keys.sign(manifest).items():
        write_bytes(store, f"{version}/signatures/{name}", content)
    write_bytes(store, f"{version}/{bag.MANIFEST}", manifest, exclusive=True)
    for one in earlier:
        _remove(store, f"{FOLDER}/{run_id}/{one}")


def _put(store: ObjectStore, key: str, path: Path) -> str:
    digest = hashlib.sha256()
    with store.writer(key) as sink, translated(path), path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)
    return digest.hexdigest()


def forget_documents(store: ObjectStore, run_id: str) -> None:
    """Keep nothing of this run; no error where nothing was kept."""
    for version in list(_versions(store, run_id)):
        _remove(store, f"{FOLDER}/{run_id}/{version}")


def _remove(store: ObjectStore, version: str) -> None:
    store.delete(f"{version}/{bag.MANIFEST}")  # first: without it no reader takes the rest for documents
    for info in list(store.list(f"{version}/")):
        store.delete(info.key)


def sweep_documents(store: ObjectStore, *, before: datetime) -> int:
    """Remove what killed runs left half kept, where it shows no sign of life since `before`; how many objects."""
    torn = dict[str, list[ObjectInfo]]()
    for info in store.list(f"{FOLDER}/"):
        parts = info.key.split("/")
        if len(parts) > 3 and is_run_id(parts[1]) and _VERSION.fullmatch(parts[2]):
            torn.setdefault("/".join(parts[:3]), []).append(info)
    left = [found for version, found in torn.items() if all(info.key != f"{version}/{bag.MANIFEST}" for info in found)]
    gone = [info for found in left if max(info.modified for info in found) < before for info in found]
    for info in gone:
        store.delete(info.key)
    unfinished = [one for one in store.unfinished() if one.folder == FOLDER and one.since < before]
    for one in unfinished:
        store.discard(one)
    return len(gone) + len(unfinished)


def _versions(store: ObjectStore, run_id: str) -> Iterator[str]:
    """Every version of a run, whole or not, oldest first."""
    prefix = f"{FOLDER}/{run_id}/"
    names = {info.key.removeprefix(prefix).partition("/")[0] for info in store.list(prefix)}
    yield from sorted(name for name in names if _VERSION.fullmatch(name))


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────
def kept_runs(store: ObjectStore) -> Iterator[str]:
    """The ids of the runs a store keeps documents of, oldest first."""
    manifests = (info.key.split("/") for info in store.list(f"{FOLDER}/") if info.key.endswith(f"/{bag.MANIFEST}"))
    found = {parts[1] for parts in manifests if len(parts) == 4 and _VERSION.fullmatch(parts[2])}
    yield from sorted(filter(is_run_id, found))


@dataclass(frozen=True, kw_only=True)
class RunDocuments:
    """The newest whole version of what is kept of a run; its signatures hold, each document is hashed when it is read.

    Whether the key with this fingerprint is the right one, the caller must know.
    """

    store: ObjectStore
    run_id: str
    fingerprint: str
    _version: str
    _hashes: Mapping[str, str]

    @classmethod
    def open(cls, store: ObjectStore, run_id: str) -> RunDocuments:
        """Red where there are none, or they are not what was kept."""
        if (found := cls.find(store, run_id)) is None:
            raise _corrupt(store, f"{FOLDER}/{run_id}", "missing")
        return found

    @classmethod
    def find(cls, store: ObjectStore, run_id: str) -> RunDocuments | None:
        """None where there are none. Red where they are not what was kept."""
        every = (f"{FOLDER}/{run_id}/{version}" for version in _versions(store, run_id))
        whole = [version for version in every if store.size(f"{version}/{bag.MANIFEST}") is not None]
        if not whole:
            return None
        manifest = read_bytes(store, f"{whole[-1]}/{bag.MANIFEST}")
        return cls(
            store=store,
            run_id=run_id,
            fingerprint=_signer(store, whole[-1], manifest),
            _version=whole[-1],
            _hashes=bag.parse_manifest(manifest, where=below(store.url, f"{whole[-1]}/{bag.MANIFEST}")),
        )

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(self._hashes)

    @property
    def location(self) -> str:
        return below(self.store.url, self._version)

    def read(self, path: str) -> bytes:
        """A small document, whole. Red where it is missing or changed."""
        return b"".join(self._passing(path))

    def copy(self, path: str, to: Path) -> None:
        """A document into a file of that name. Red where it is missing or changed: then the file is not there."""
        try:
            with translated(to), to.open("wb") as file:
                for chunk in self._passing(path):
                    file.write(chunk)
        except BaseException:
            to.unlink(missing_ok=True)
            raise

    def _passing(self, path: str) -> Iterator[bytes]:
        if path not in self._hashes:
            raise _corrupt(self.store, f"{self._version}/{path}", "missing")
        yield from passing(self.store, f"{self._version}/{path}", self._hashes[path])


def _signer(store: ObjectStore, version: str, manifest: bytes) -> str:
    prefix = f"{version}/signatures/"
    content = {info.key.removeprefix(prefix): read_bytes(store, info.key) for info in store.list(prefix)}
    signatures = seal.verify(manifest, content)
    for name in signatures.problems:
        raise _corrupt(store, prefix + name, "not a signature of the manifest by this key")
    return signatures.fingerprint


def _corrupt(store: ObjectStore, key: str, how: str) -> Red:
    return Red(
        f"corrupt: {how}", where=below(store.url, key), next="look for another copy of the store; nothing of it is used"
    )
