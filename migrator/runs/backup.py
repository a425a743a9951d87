"""A copy of all that this software keeps and no store does: the catalog, the folders of runs, on request the keys.

The copy is a MIGRATOR_HOME. `manifest-sha256.txt` is written last: a folder without it is no backup.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import IO

from migrator.runs.database import Database, open_database
from migrator.runs.folder import TOLD
from migrator.runs.kept import is_document
from migrator.runs.models import Base
from migrator.runs.transfer import Transferred, copy_records
from migrator.runs.upgrade import bring_to_head
from storage import bag
from storage.errors import Misuse
from storage.run_documents import is_run_id
from storage.system import translated

_CATALOG, _RUNS, _KEYS, _VAULT = "catalog.db", "runs", "keys", "vault.key"
_KEY_FILES = (".pem", ".key")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class BackedUp:
    """What a backup holds; `bytes` without its manifest."""

    records: Transferred
    folders: int
    keys: int  # files
    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The folder of the signing keys, and the file of the key that seals addresses, where a server made one."""

    folder: Path
    vault: Path


def backup(url: str, runs: Path, keys: Keys | None, to: Path, *, also: Sequence[type[Base]] = ()) -> BackedUp:
    """Copy the catalog at `url`, with the records of these tables too, the run folders in `runs` and, where they are
    given, the `keys` into the folder `to`.

    What runs that are under way write meanwhile may be in it or not. Misuse where anything stands in the folder; Fault
    where it cannot be written: what is there then is no backup.
    """
    _make(to)
    records = _copy_catalog(url, to / _CATALOG, also)  # first: a run that ended has its folder by then
    with translated(to):
        folders = [path for path in sorted(runs.glob("*")) if is_run_id(path.name)]
        for folder in folders:
            _copy(folder, _names(folder), to / _RUNS / folder.name)
        key_files = _copy_keys(keys, to) if keys else 0
        files, size = _seal(to)
    return BackedUp(records=records, folders=len(folders), keys=key_files, files=files, bytes=size)


def _make(to: Path) -> None:
    with translated(to):
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise Misuse("the folder is not empty", where=str(to), next="name a new folder for each backup")
        to.chmod(0o700)  # it holds keys and values of customers' rows


def _copy_keys(keys: Keys, to: Path) -> int:
    """How many files."""
    names = [path.name for path in sorted(keys.folder.iterdir()) if path.suffix in _KEY_FILES]
    _copy(keys.folder, names, to / _KEYS)
    if not keys.vault.is_file():
        return len(names)
    with keys.vault.open("rb") as content:
        _write(to / _VAULT, content)
    return len(names) + 1


def _copy_catalog(url: str, to: Path, also: Sequence[type[Base]]) -> Transferred:
    """The catalog as a SQLite file, wherever it lies."""
    with closing(open_database(url)) as old, closing(open_database(f"sqlite:///{to}")) as new:
        bring_to_head(old)
        bring_to_head(new)
        with _at_one_moment(old).transaction() as source, new.transaction() as target:
            return copy_records(source, target, new, also=also)


def _at_one_moment(database: Database) -> Database:
    """On SQLite a transaction has the whole catalog anyway."""
    if database.engine.dialect.name != "postgresql":
        return database
    return replace(database, engine=database.engine.execution_options(isolation_level="REPEATABLE READ"))


def _names(folder: Path) -> Iterator[str]:
    """What belongs to the run; a lock, or what is half written, does not."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    yield from (name for name in names if name == TOLD or is_document(name))


def _copy(folder: Path, names: Iterable[str], to: Path) -> None:
    for name in names:
        try:
            content = (folder / name).open("rb")
        except FileNotFoundError:  # a run that is under way has replaced it, or somebody pruned the run
            continue
        with content:
            (to / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(to / name, content)


def _write(path: Path, content: IO[bytes]) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
        file.flush()
        os.fsync(file.fileno())


def _seal(to: Path) -> tuple[int, int]:
    """Write the manifest; how many files it lists, and how many bytes they have."""
    paths = [path for path in sorted(to.rglob("*")) if path.is_file()]
    hashes = {path.relative_to(to).as_posix(): _sha256(path) for path in paths}
    size = sum(path.stat().st_size for path in paths)
    _write(to / bag.MANIFEST, BytesIO(bag.render_manifest(hashes)))
    return len(paths), size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
