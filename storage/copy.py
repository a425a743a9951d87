"""An archive from one store into another: every byte hashed on its way, and an archive only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from storage import bag, seal
from storage.address import below
from storage.archive import Archive
from storage.check import CheckResult, check_archive
from storage.errors import AlreadyExists, MigratorError, Red
from storage.objects import ObjectStore, read_bytes, write_bytes
from storage.verified import corrupt, passing

Told = Callable[[int, int], None]


def _untold(_done: int, _total: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """Where the copy is; `was_there`: it was, identical, before."""

    archive_id: str
    location: str
    rows: int
    files: int
    bytes: int
    was_there: bool


def copy_archive(source: ObjectStore, archive_id: str, target: ObjectStore, *, told: Told = _untold) -> Copied:
    """Copy an archive under the same id, and check the copy whole; an identical one is checked and left as it is.

    `told` hears how many bytes have arrived, and of how many.
    Misuse where there is none. Red where the source is damaged, and where another archive has its id in the target:
    the target then shows no archive that was not there before.
    """
    archive = Archive.open(source, archive_id)
    copy = _Copy(source, archive_id, target)
    was_there = target.size(copy.last) is not None
    if not was_there:
        copy.make(told)
    copy.require_same()
    checked = copy.checked(keep=was_there)
    return Copied(
        archive_id=archive_id,
        location=below(target.url, archive_id),
        rows=sum(table.rows for table in archive.tables),
        files=checked.files,
        bytes=checked.bytes,
        was_there=was_there,
    )


class _Copy:
    """The objects of one archive, by what vouches for them: the manifests, and the signatures for the last of those."""

    def __init__(self, source: ObjectStore, archive_id: str, target: ObjectStore) -> None:
        self._source = source
        self._target = target
        self._archive_id = archive_id
        self.last = f"{archive_id}/{bag.TAG_MANIFEST}"

    def make(self, told: Told) -> None:
        """Everything, and the tag manifest last: then it is an archive. Nothing stays where that fails."""
        hashes = self._hashes()
        self._require_free(hashes)
        done, total = 0, sum(info.size for info in self._source.list(f"{self._archive_id}/"))
        try:
            for key, sha256 in hashes.items():
                with self._target.writer(key) as sink:
                    for chunk in passing(self._source, key, sha256):
                        sink.write(chunk)
                        done += len(chunk)
                        told(done, total)
            with suppress(AlreadyExists):  # another copy of it was first, or another archive: compared next
                write_bytes(self._target, self.last, read_bytes(self._source, self.last), exclusive=True)
        except BaseException:
            with suppress(MigratorError):
                if self._target.size(self.last) is None:  # else another copy of it was quicker, and stays
                    self._remove()
            raise

    def _hashes(self) -> Mapping[str, str]:
        """SHA-256 of every object but the last. Red where the source has objects that nothing vouches for."""
        tags = self._manifest(bag.TAG_MANIFEST)
        vouched = {
            f"{self._archive_id}/{path}": sha256 for path, sha256 in (tags | self._manifest(bag.MANIFEST)).items()
        }
        allowed = {f"{self._archive_id}/signatures/{name}" for name in (*seal.SIGNATURE_FILES, *seal.LATER_FILES)}
        for info in self._source.list(f"{self._archive_id}/"):
            if info.key in allowed:  # no manifest holds their hashes; opening the archive has verified what they say
                vouched[info.key] = hashlib.sha256(read_bytes(self._source, info.key)).hexdigest()
            elif info.key not in vouched and info.key != self.last:
                raise corrupt(self._source, info.key, "added")
        return vouched

    def _manifest(self, name: str) -> dict[str, str]:
        return bag.parse_manifest(read_bytes(self._source, f"{self._archive_id}/{name}"), where=name)

    def _require_free(self, hashes: Mapping[str, str]) -> None:
        """What a killed copy left is written again; anything else under the id is somebody's."""
        for info in self._target.list(f"{self._archive_id}/"):
            if info.key not in hashes:
                raise Red(
                    "something that is not of this archive stands under its id",
                    where=below(self._target.url, info.key),
                    next="find out what it is, then remove it, or choose another store",
                )

    def require_same(self) -> None:
        """The tag manifest vouches for every byte: where it is the same, the archive is."""
        if read_bytes(self._source, self.last) != read_bytes(self._target, self.last):
            raise Red(
                "another archive has this id there; nothing was changed",
                where=below(self._target.url, self._archive_id),
                next="check both of them, and choose another store for the copy",
            )

    def checked(self, *, keep: bool) -> CheckResult:
        """The finding about the copy, which must be green; a red one that we made is removed again."""
        result = check_archive(self._target, self._archive_id)
        if not result.is_green:
            if not keep:
                self._remove()
            first = result.problems[0]
            raise Red(
                f"the copy is not what the archive is: {first.what}",
                where=below(self._target.url, f"{self._archive_id}/{first.where}"),
                next="run the same command again" if not keep else first.next,
                problems=result.problems,
            )
        return result

    def _remove(self) -> None:
        self._target.delete(self.last)  # first: without it no reader takes the rest for an archive
        for info in list(self._target.list(f"{self._archive_id}/")):
            self._target.delete(info.key)
