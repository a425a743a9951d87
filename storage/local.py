"""An object store in a folder. Objects are plain files, so an archive in it can be read with nothing but a shell."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from storage.errors import AlreadyExists, Misuse, Red
from storage.objects import ObjectInfo, Sink, Unfinished, checked_key, missing
from storage.system import translated

_UNFINISHED = ".unfinished"  # same file system as the objects, so that publishing is one rename; never listed
_LONGEST_FOLDER = 100  # characters of it in an unfinished file's name, which then still fits everywhere


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make it unless it is there; `exist_ok` asks what stood there when whoever ended meanwhile took it along."""
    while True:
        try:
            return folder.mkdir(parents=True)
        except FileExistsError:
            with suppress(FileNotFoundError):
                if stat.S_ISDIR(folder.lstat().st_mode) or folder.is_dir():
                    return None
                raise


class LocalStore:
    """The contract of storage.objects over a folder, made when first written to.

    Symbolic links inside it are listed, so that they are noticed, and never followed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def url(self) -> str:
        return str(self.root)

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        target = self._path(key)
        with translated(target):
            descriptor, name = self._begun(key)
        temporary, file = Path(name), os.fdopen(descriptor, "wb")
        try:
            yield _LocalSink(file, target)
            with translated(target):
                file.flush()
                os.fsync(file.fileno())
                file.close()
                self._publish(temporary, target, exclusive=exclusive)
        finally:
            with suppress(OSError):  # closing tries once more to write what a full disk refused: that was said already
                file.close()
            temporary.unlink(missing_ok=True)
            self._tidy()

    def _begun(self, key: str) -> tuple[int, str]:
        """An open file for what will be the object, and its name."""
        # a tenant's data is nobody else's on this machine: the folder is private, and so is every file in it
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.root / _UNFINISHED
        while True:
            _make_folder(unfinished)
            with suppress(FileNotFoundError):  # a writer that ended took the folder along
                return tempfile.mkstemp(dir=unfinished, prefix=_of_folder(key))

    def _publish(self, temporary: Path, target: Path, *, exclusive: bool) -> None:
        known = next(folder for folder in target.parents if folder.is_dir())
        place = self._place_once if exclusive else os.replace
        try:
            self._place(place, temporary, target)
        except FileNotFoundError:  # a concurrent delete pruned the folder just made
            self._place(place, temporary, target)
        except FileExistsError as error:
            raise AlreadyExists("the object exists already", where=str(target), next="read it instead") from error
        for folder in target.parents:  # a folder made just now is an entry that a power cut may lose, too
            _fsync_folder(folder)
            if folder == known:
                break

    def _place(self, place: Callable[[Path, Path], None], temporary: Path, target: Path) -> None:
        _make_folder(target.parent)
        self._refuse_links(target.parent)
        place(temporary, target)

    def _place_once(self, temporary: Path, target: Path) -> None:
        """Link, which fails where the target exists; FileExistsError then."""
        try:
            os.link(temporary, target)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise
            self._claim_and_rename(temporary, target)

    def _claim_and_rename(self, temporary: Path, target: Path) -> None:
        # file systems without hard links (exFAT, some network shares): whoever makes the claim may look and rename
        key = target.relative_to(self.root).as_posix()
        claim = self.root / _UNFINISHED / (_of_folder(key) + hashlib.sha256(key.encode()).hexdigest())
        os.close(os.open(claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            if target.exists():
                raise FileExistsError(target)
            temporary.replace(target)
        finally:
            claim.unlink()

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        path = self._path(key)
        self._refuse_links(path)
        if not path.is_file():
            raise missing(self, key)
        with translated(path):
            file = path.open("rb")
        with file:
            yield file

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        folder, _, _ = prefix.rpartition("/")
        start = self._path(folder) if folder else self.root
        if start.is_dir() and not start.is_symlink():
            with translated(start):
                yield from self._walk(start, prefix)

    def _walk(self, folder: Path, prefix: str) -> Iterator[ObjectInfo]:
        # a folder sorts as its name with the slash, which gives the order of whole keys without holding them all
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))
        for entry in entries:
            key = Path(entry.path).relative_to(self.root).as_posix()
            if key == _UNFINISHED:
                continue
            if entry.is_dir(follow_symlinks=False):
                if key.startswith(prefix) or prefix.startswith(key + "/"):
                    yield from self._walk(Path(entry.path), prefix)
            elif key.startswith(prefix):
                status = entry.stat(follow_symlinks=False)
                yield ObjectInfo(key=key, size=status.st_size, modified=_moment(status.st_mtime))

    def folders(self, prefix: str = "") -> Iterator[str]:
        if self.root.is_dir():
            with translated(self.root):
                names = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir(follow_symlinks=False))
            yield from (name for name in names if name.startswith(prefix) and name != _UNFINISHED)

    def size(self, key: str) -> int | None:
        path = self._path(key)
        self._refuse_links(path)
        with translated(path):
            return path.stat().st_size if path.is_file() else None

    def delete(self, key: str) -> None:
        path = self._path(key)
        self._refuse_links(path.parent)
        with translated(path):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # the first folder that is not empty ends it
            self._prune(path.parent)
        self._tidy()  # a writer that was killed between its file and its folder left the latter

    def _prune(self, folder: Path) -> None:
        while folder != self.root:
            folder.rmdir()
            folder = folder.parent

    def unfinished(self) -> Iterator[Unfinished]:
        folder = self.root / _UNFINISHED
        if not folder.is_dir():
            return
        with translated(folder):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                with suppress(FileNotFoundError):  # it was finished meanwhile
                    since = _moment(entry.stat(follow_symlinks=False).st_mtime)
                    yield Unfinished(folder=entry.name.rpartition(".")[0], since=since, name=entry.name)

    def discard(self, unfinished: Unfinished) -> None:
        path = self.root / _UNFINISHED / checked_key(unfinished.name)
        with translated(path):
            path.unlink(missing_ok=True)
        self._tidy()

    def _tidy(self) -> None:
        with suppress(OSError):  # other writers are at work
            (self.root / _UNFINISHED).rmdir()

    def notes(self) -> tuple[str, ...]:
        return ()

    def _path(self, key: str) -> Path:
        if key.partition("/")[0] == _UNFINISHED:
            raise Misuse(f"{key!r} is reserved by the store", where=self.url, next="choose another name")
        return self.root / checked_key(key)

    def _refuse_links(self, path: Path) -> None:
        for step in (path, *path.parents):
            if step == self.root:
                return
            if step.is_symlink():
                raise Red(
                    "a symbolic link stands in the store",
                    where=str(step),
                    next="a store holds plain files and folders only: find out who put it there, then remove it",
                )


def _of_folder(key: str) -> str:
    """How the names of what is unfinished begin, so that it is known whose it is."""
    return f"{key.partition('/')[0][:_LONGEST_FOLDER]}."


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class _LocalSink:
    """Translates the errors of writing, and only those: what the writer's caller raises passes through untouched."""

    def __init__(self, file: IO[bytes], target: Path) -> None:
        self._file = file
        self._target = target

    def write(self, data: bytes, /) -> int:
        with translated(self._target):
            return self._file.write(data)
