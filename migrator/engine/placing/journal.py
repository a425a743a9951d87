"""What a load put into a place of files: written there before the first file, gone when all of it was taken back.

One object of JSON lines per run: a head that says which run, of which target, then each file that was not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from migrator.engine.placing.due import JOURNALS, DueFile
from storage.address import below
from storage.errors import Fault
from storage.objects import ObjectStore


@dataclass(frozen=True, kw_only=True)
class FilesJournal:
    """The journal of a run in a store; `target` is the platform whose rows name the files, redacted."""

    store: ObjectStore
    run: str
    target: str
    since: datetime | None = None

    @property
    def key(self) -> str:
        return f"{JOURNALS}/{self.run}.jsonl"

    def write(self, files: Iterable[DueFile]) -> None:
        """Say which files will be put there; the journal is there whole, or not at all."""
        with self.store.writer(self.key) as sink:
            sink.write(_line({"run": self.run, "target": self.target}))
            for file in files:
                sink.write(_line(asdict(file)))

    def files(self) -> Iterator[DueFile]:
        """What it says, in the order of the names."""
        with self.store.reader(self.key) as stream:
            stream.readline()
            for line in stream:
                said = _parsed(self.store, self.key, line)
                yield DueFile(name=str(said["name"]), sha256=str(said["sha256"]), size=int(said["size"]))

    @property
    def is_there(self) -> bool:
        return self.store.size(self.key) is not None

    def close(self) -> None:
        self.store.delete(self.key)


def journals(store: ObjectStore) -> Iterator[FilesJournal]:
    """Every journal that stands in a store."""
    for info in list(store.list(f"{JOURNALS}/")):
        with store.reader(info.key) as stream:
            head = _parsed(store, info.key, stream.readline())
        yield FilesJournal(store=store, run=str(head["run"]), target=str(head["target"]), since=info.modified)


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode() + b"\n"


def _parsed(store: ObjectStore, key: str, line: bytes) -> dict[str, str | int]:
    try:
        value: dict[str, str | int] = json.loads(line)
    except ValueError as error:
        raise Fault(
            "this is no journal of files",
            where=below(store.url, key),
            next="find out who changed it; if nothing of a load is to be taken back here, remove it",
        ) from error
    return value
