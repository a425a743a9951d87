"""A folder of files that others use too: what is put there is as open as the folder, and no folder of theirs goes."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from migrator.contracts import JOURNALS
from storage.errors import Red
from storage.local import LocalStore
from storage.system import translated

_MADE = "folders"
"""Which folders were made here, beside the journals: the topmost of each, a line for each."""


class FolderShelf(LocalStore):
    """A LocalStore whose objects may be read by whoever may read its root, which is there; its journals may not.

    Red where a folder stands under a file's name, or a file under a folder's.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root.resolve())
        self._lock = threading.Lock()
        self._made: set[Path] | None = None

    def size(self, key: str) -> int | None:
        size, path = super().size(key), self._path(key)
        if size is None:
            standing = next(step for step in (path, *path.parents) if step.exists())
            if standing == path or not standing.is_dir():
                stands, due = ("folder", "file") if standing == path else ("file", "folder")
                raise Red(
                    f"a {stands} stands where a {due} should be",
                    where=str(standing),
                    next="make the names differ in the mapping, or find out who put it there",
                )
        return size

    # ── as open as the root ─────────────────────────────────────────────────────────────────────────────────
    def _begun(self, key: str) -> tuple[int, str]:
        descriptor, name = super()._begun(key)
        if not _is_ours(key):
            self._open_up(descriptor, 0o666)
        return descriptor, name

    def _place(self, place: Callable[[Path, Path], None], temporary: Path, target: Path) -> None:
        if not _is_ours(target.relative_to(self.root).as_posix()):
            with self._lock:
                self._make([folder for folder in self._above(target) if not folder.exists()])
        super()._place(place, temporary, target)

    def _make(self, missing: Sequence[Path]) -> None:
        """Make these folders, the outermost last; that one is noted unless it lies in another one made here."""
        if missing and not self._known().intersection(self._above(missing[-1])):
            self._note(missing[-1])
        for folder in reversed(missing):
            with suppress(FileExistsError):  # somebody else was quicker
                folder.mkdir()
                self._open_up(folder, 0o7777)

    def _open_up(self, file: int | Path, bits: int) -> None:
        """Give it the root's owner, as far as this user may, and the root's permissions."""
        root = self.root.stat()
        for owner in (root.st_uid, -1):
            with suppress(PermissionError):
                os.chown(file, owner, root.st_gid)
                break
        os.chmod(file, stat.S_IMODE(root.st_mode) & bits)  # noqa: PTH101 - a path, or a descriptor

    # ── which folders are its own ───────────────────────────────────────────────────────────────────────────
    def _prune(self, folder: Path) -> None:
        if _is_ours(folder.relative_to(self.root).as_posix()):
            if [entry.name for entry in os.scandir(folder)] == [_MADE]:  # the last journal is gone
                self._notes.unlink()
            super()._prune(folder)
            return
        with self._lock:
            made = self._known()
            top = next((above for above in (folder, *self._above(folder)) if above in made), None)
            while top and folder != top.parent:
                folder.rmdir()
                folder = folder.parent
            if top:
                made.remove(top)

    def _note(self, folder: Path) -> None:
        with translated(self._notes):
            self._notes.parent.mkdir(exist_ok=True)
            descriptor = os.open(self._notes, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "ab") as notes:
                notes.write(os.fsencode(folder.relative_to(self.root)) + b"\0")
                notes.flush()
                os.fsync(notes.fileno())
        self._known().add(folder)

    def _known(self) -> set[Path]:
        """The folders made here that still stand."""
        if self._made is None:
            names = self._notes.read_bytes().split(b"\0")[:-1] if self._notes.exists() else []
            self._made = {folder for name in names if (folder := self.root / os.fsdecode(name)).is_dir()}
        return self._made

    @property
    def _notes(self) -> Path:
        return self.root / JOURNALS / _MADE

    def _above(self, path: Path) -> Iterator[Path]:
        """The folders between a path and the root, the nearest first."""
        return (folder for folder in path.parents if self.root in folder.parents)


def _is_ours(key: str) -> bool:
    return key.partition("/")[0] == JOURNALS
