"""What a load put into a place of files: written there before the first file, gone when all of it was taken back.

One object of JSON lines per run: a head that says which run, of which target, then each file that its rows name, and
whether it was there already. So the loads of several targets, or of several machines, know of each other's files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from migrator.contracts import JOURNALS
from migrator.engine.placing.due import DueFile
from storage.address import below, without_user
from storage.errors import Fault, Misuse
from storage.objects import ObjectStore

_SUFFIX = ".jsonl"


@dataclass(frozen=True, kw_only=True)
class JournalledFile(DueFile):
    """A file that the rows of a run name; `is_put` where it was not there before the run."""

    is_put: bool


@dataclass(frozen=True, kw_only=True)
class FilesJournal:
    """The journal of a run in a store; `target` is the platform whose rows name the files, redacted."""

    store: ObjectStore
    run: str
    target: str

    @property
    def key(self) -> str:
        return f"{JOURNALS}/{self.run}{_SUFFIX}"

    def write(self, files: Iterable[JournalledFile]) -> None:
        """Say which files the rows name; the journal is there whole, or not at all."""
        with self.store.writer(self.key) as sink:
            sink.write(_line({"run": self.run, "target": self.target}))
            for file in files:
                sink.write(_line(asdict(file)))

    def files(self) -> Iterator[JournalledFile]:
        """What it says, in the order of the names."""
        with self.store.reader(self.key) as stream:
            stream.readline()
            for line in stream:
                with _readable(self.store, self.key):
                    file = JournalledFile(**json.loads(line))
                yield file

    @property
    def is_there(self) -> bool:
        return self.store.size(self.key) is not None

    @property
    def is_its_own(self) -> bool:
        """Whether it is there, and its head names the same target."""
        head = _head(self.store, self.key)
        return head is not None and _named(self.store, self.key, head).is_of(self.target)

    def is_of(self, target: str) -> bool:
        """Whether the rows of this target name the files, whoever asks there."""
        return without_user(self.target) == without_user(target)

    def close(self) -> None:
        self.store.delete(self.key)


def journals(store: ObjectStore) -> Iterator[FilesJournal]:
    """Every journal that stands in a store."""
    for info in list(store.list(f"{JOURNALS}/")):
        if info.key.endswith(_SUFFIX) and (head := _head(store, info.key)):
            yield _named(store, info.key, head)


def _named(store: ObjectStore, key: str, head: bytes) -> FilesJournal:
    with _readable(store, key):
        return FilesJournal(store=store, **json.loads(head))


def _head(store: ObjectStore, key: str) -> bytes | None:
    try:
        with store.reader(key) as stream:
            return stream.readline()
    except Misuse:  # all of its files were taken back meanwhile
        return None


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode() + b"\n"


@contextmanager
def _readable(store: ObjectStore, key: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError) as error:
        raise Fault(
            "this is no journal of files",
            where=below(store.url, key),
            next="find out who changed it; if nothing of a load is to be taken back here, remove it",
        ) from error
