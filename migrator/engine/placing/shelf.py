"""Files in one place of the target: which names are taken, putting files there, reading them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from migrator.engine.attachments_said import HELD_BY, Content
from migrator.engine.placing.due import DueFile, said_hash
from migrator.outcomes import Check, Difference
from migrator.plan import FileRule
from storage.address import below
from storage.archive import Archive
from storage.errors import AlreadyExists, Misuse, Red
from storage.objects import ObjectStore
from storage.problem import Problem

_AT_ONCE = 4
_EXCLUSIVE = 4 << 20  # bytes of a file that a bucket takes in one conditional write, held in memory for it
_EXAMPLES, _SHOWN = 10, 20

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class FilesCompared:
    """The files a rule's column names, re-read and hashed; `bytes` are those of the files that are right.

    `sources` are the columns (table, column) of the archive that hold or name them.
    """

    label: str
    sources: frozenset[tuple[str, str]]
    files: int
    bytes: int
    different: int
    differences: tuple[Difference, ...]

    @property
    def check(self) -> Check:
        return Check(
            name=f"the files that {self.label} names are there, and every byte of them is the archive's",
            passed=not self.different,
            detail=f"{self.files - self.different} of {self.files} files, {self.bytes:,} bytes",
        )


def each(items: Iterable[Item], act: Callable[[Item], Answer]) -> Iterator[tuple[Item, Answer]]:
    """Each with what `act` says of it, a few at once, in their order."""
    items = iter(items)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while few := list(islice(items, 4 * _AT_ONCE)):
            yield from zip(few, pool.map(act, few), strict=True)


def taken(shelf: ObjectStore, due: Iterable[DueFile]) -> Iterator[Problem]:
    """Names that other files have already."""
    others = (file.name for file, is_taken in each(due, lambda file: _is_taken(shelf, file)) if is_taken)
    if examples := tuple(islice(others, _EXAMPLES)):
        yield Problem(
            where=shelf.url,
            what="another file stands there already under the name a file of this load gets",
            count=len(examples) + sum(1 for _ in others),
            examples=examples,
            next="make the names differ in the mapping (concat something of the tenant's), or find out whose they are",
        )


def _is_taken(shelf: ObjectStore, file: DueFile) -> bool:
    size = shelf.size(file.name)
    return size is not None and (size != file.size or standing(shelf, file.name) != file.content)


def put(archive: Archive, shelf: ObjectStore, file: DueFile) -> None:
    """One file of the archive into its place. Red where another file came there meanwhile."""
    is_small = file.size <= _EXCLUSIVE
    if not is_small and shelf.size(file.name) is not None:
        _require_equal(shelf, file)
        return
    try:
        with shelf.writer(file.name, exclusive=is_small) as sink:
            for chunk in archive.content(file.sha256):
                sink.write(chunk)
            if not is_small and shelf.size(file.name) is not None:
                raise AlreadyExists("somebody put it there", where=below(shelf.url, file.name), next="read it instead")
    except AlreadyExists:
        _require_equal(shelf, file)


def _require_equal(shelf: ObjectStore, file: DueFile) -> None:
    """What came there meanwhile may be the same, from another load."""
    if standing(shelf, file.name) != file.content:
        raise Red(
            "somebody put another file there meanwhile; nothing was loaded",
            where=below(shelf.url, file.name),
            next="find out who writes there, then give the same command again",
        )


def compared(
    rule: FileRule, sources: frozenset[tuple[str, str]], shelf: ObjectStore, due: Iterable[DueFile]
) -> FilesCompared:
    """Every file that a rule's column names, read again and hashed."""
    files = right = bytes_ = 0
    differences: list[Difference] = []
    for file, found in each(due, lambda file: standing(shelf, file.name)):
        files += 1
        if found == file.content:
            right, bytes_ = right + 1, bytes_ + file.size
        elif len(differences) < _SHOWN:
            differences.append(
                Difference(
                    table=rule.table,
                    key={rule.column: file.name},
                    column=f"file of {rule.column}",
                    expected=file.content,
                    actual=found,
                )
            )
    return FilesCompared(
        label=rule.label,
        sources=sources,
        files=files,
        bytes=bytes_,
        different=files - right,
        differences=tuple(differences),
    )


def standing(shelf: ObjectStore, name: str) -> str | None:
    """`sha256:` and the hash of the file that stands there; else what stands there instead; None where nothing does."""
    try:
        return None if shelf.size(name) is None else _hashed(shelf, name)
    except Red as no_file:
        return no_file.what


def _hashed(shelf: ObjectStore, name: str) -> str | None:
    try:
        with shelf.reader(name) as stream:
            return said_hash(Content.of(stream, HELD_BY).sha256)
    except Misuse:  # it was removed meanwhile
        return None
