"""What a store keeps of a run says all that a catalog said, and nothing that is the operator's alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migrator.runs.folder import RunFolder
from migrator.runs.kept import KeptReport, is_document, keep, read
from migrator.runs.records import ReportRecord, RunRecord
from storage.errors import Red
from storage.memory import MemoryStore
from storage.objects import read_bytes, write_bytes
from storage.problem import Problem
from storage.run_documents import RunDocuments, keep_documents
from storage.seal import SigningKeys

RUN = RunRecord(
    run_id="20260101T000000-migration-0a1b",
    kind="migration",
    number=3,
    plan="acme-exit",
    tenant="acmé",
    state="done",
    verdict="red",
    archive="/archives/acme-20260101T000000Z-1a2b3c4d",
    error={"what": "a row", "where": "", "next": "look"},
    started_at="2026-01-01T00:00:00Z",
    finished_at="2026-01-01T00:10:00Z",
    host="here",
    process=7,
    attempt=2,
    progress={"step": "merge", "done": 1},
    worker="w",
    heartbeat_at="2026-01-01T00:10:00Z",
    waived="the night is short",
)
ARBITRARY = ("told.json", ".lock", "decisions/x.exe", "decisions/../../run.json", "../run.json", "keys/ed25519.key.pem")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys.load_or_create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(path=tmp_path / "runs" / RUN.run_id)
    folder.keep_told([Problem(where="notes", what="rows of another tenant")])
    folder.decisions.mkdir()
    for name in ("plan.yaml", "verification.json", ".lock", "decisions/crosswalk-0.parquet", "decisions/x.tmp"):
        (folder.path / name).write_text(name)
    return folder


def test_the_record_comes_back_but_for_what_was_its_performers(folder: RunFolder, keys: SigningKeys) -> None:
    store = MemoryStore()
    reports = (ReportRecord(run_id=RUN.run_id, format="json", path=str(folder.path / "verification.json"), sha256="a"),)
    keep(store, RUN, reports, folder, keys)
    kept = read(RunDocuments.open(store, RUN.run_id))
    assert kept.record == replace(RUN, progress=None, worker=None, heartbeat_at=None)
    assert kept.reports == (KeptReport(format="json", sha256="a", file="verification.json"),)


def test_what_the_operator_was_told_of_others_stays_here(folder: RunFolder, keys: SigningKeys) -> None:
    store = MemoryStore()
    keep(store, RUN, (), folder, keys)
    kept = RunDocuments.open(store, RUN.run_id)
    assert set(kept.paths) == {"run.json", "plan.yaml", "verification.json", "decisions/crosswalk-0.parquet"}
    assert not [info.key for info in store.list() if b"another tenant" in read_bytes(store, info.key)]
    assert not [path for path in ARBITRARY if is_document(path)]


@pytest.mark.parametrize(("old", "new"), [('"number": 3', '"number": "3"'), ("-0a1b", "-ffff"), ("{", "[")])
def test_what_is_no_record_of_that_run_is_refused(folder: RunFolder, keys: SigningKeys, old: str, new: str) -> None:
    keep(MemoryStore(), RUN, (), folder, keys)
    path = folder.path / "run.json"
    path.write_text(path.read_text().replace(old, new))
    store = MemoryStore()
    keep_documents(store, RUN.run_id, folder.path, ["run.json"], keys)
    with pytest.raises(Red, match="not what was kept of a run"):
        read(RunDocuments.open(store, RUN.run_id))


def test_another_runs_documents_are_not_this_ones(folder: RunFolder, keys: SigningKeys) -> None:
    store, other = MemoryStore(), "20260101T000000-migration-ffff"
    keep(store, RUN, (), folder, keys)
    for info in list(store.list()):
        write_bytes(store, info.key.replace(RUN.run_id, other), read_bytes(store, info.key))
    with pytest.raises(Red, match="it is of the run"):
        read(RunDocuments.open(store, other))
