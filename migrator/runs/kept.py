"""What a store keeps of a run: its record and the documents of its folder, from which a catalog can be made again.

It holds keys and values of a customer's rows, as the archives beside it do. It never holds a secret, nor what the
operator of a snapshot was told of other tenants: that stays on the machine that ran.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from migrator.runs.folder import RunFolder
from migrator.runs.records import ReportRecord, RunRecord
from storage.described import built
from storage.errors import Red
from storage.objects import ObjectStore
from storage.run_documents import RunDocuments, keep_documents
from storage.seal import SigningKeys
from storage.system import translated, write_whole

RECORD = "run.json"
_PLACE = "store.txt"
_DOCUMENTS = (RECORD, "plan.yaml", "mapping.yaml", "decisions/notes.json", "verification.json", "report.html")
_DECISION = re.compile(r"decisions/[a-z0-9-]{1,60}\.parquet")
_OF_ITS_PERFORMER = ("worker", "heartbeat_at", "progress", "deaths", "last_step")  # of no use once it ended


@dataclass(frozen=True, kw_only=True)
class KeptReport:
    format: str
    sha256: str
    file: str  # in the run's folder


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """The content of run.json."""

    record: RunRecord
    reports: tuple[KeptReport, ...]


def is_document(path: str) -> bool:
    """Whether a run's folder keeps that in a store."""
    return path in _DOCUMENTS or _DECISION.fullmatch(path) is not None


def documents(folder: Path) -> Iterator[str]:
    """What of it a store keeps, as paths within it."""
    paths = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    yield from filter(is_document, paths)


def keep(
    store: ObjectStore, record: RunRecord, reports: Iterable[ReportRecord], folder: RunFolder, keys: SigningKeys
) -> None:
    """Keep the run in this store as it is now; what was kept of it before goes."""
    kept = KeptRun(
        record=record,
        reports=tuple(KeptReport(format=one.format, sha256=one.sha256, file=Path(one.path).name) for one in reports),
    )
    with translated(folder.path):
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder.path / RECORD, _written(kept).encode())
        paths = tuple(documents(folder.path))
    keep_documents(store, record.run_id, folder.path, paths, keys)
    kept_in(folder.path, store)


def kept_in(folder: Path, store: ObjectStore) -> None:
    """Remember which store keeps the run of this folder: each machine has its own way there."""
    with translated(folder):
        write_whole(folder / _PLACE, store.url.encode())


def place_of(folder: Path) -> str | None:
    """The address of the store that keeps the run of this folder, None where none does."""
    with translated(folder):
        return (folder / _PLACE).read_text(encoding="utf-8") if (folder / _PLACE).is_file() else None


def _written(kept: KeptRun) -> str:
    plain = asdict(kept)
    plain["record"] = {name: value for name, value in plain["record"].items() if name not in _OF_ITS_PERFORMER}
    return json.dumps(plain, indent=2) + "\n"


def read(kept: RunDocuments) -> KeptRun:
    """What `keep` wrote. Red where it is not that, or of another run than it lies with."""
    try:
        told = built(KeptRun, json.loads(kept.read(RECORD)), RECORD)
    except ValueError as error:
        raise _unreadable(kept, str(error)) from error
    if told.record.run_id != kept.run_id:
        raise _unreadable(kept, f"it is of the run {told.record.run_id}")
    return told


def attempt_of(folder: Path) -> int:
    """Of which attempt of its run this folder tells; 0 where it does not say."""
    if not (folder / RECORD).is_file():
        return 0
    with translated(folder):
        content = (folder / RECORD).read_bytes()
    try:
        return built(KeptRun, json.loads(content), RECORD).record.attempt
    except ValueError:
        return 0


def _unreadable(kept: RunDocuments, how: str) -> Red:
    return Red(
        f"this is not what was kept of a run: {how}",
        where=kept.location,
        next="look for another copy of the store; nothing of it is used",
    )
