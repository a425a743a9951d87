"""A catalog is made again from stores alone; nothing that is damaged, strange or somebody else's comes into it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.kept import keep, place_of
from migrator.runs.rebuilding import Rebuilt, rebuild
from migrator.runs.records import ReportRecord, RunRecord
from storage.errors import Misuse
from storage.memory import MemoryStore
from storage.objects import write_bytes
from storage.run_documents import keep_documents
from storage.seal import SigningKeys

LOAD = RunRecord(
    run_id="20260101T000000-migration-0a1b",
    kind="migration",
    number=1,
    plan="acme-exit",
    tenant="acme",
    state="done",
    verdict="green",
    started_at="2026-01-01T00:00:00Z",
    finished_at="2026-01-01T00:10:00Z",
    host="elsewhere",
    process=7,
)
AFTER = replace(LOAD, run_id="20260102T000000-verification-0a1b", kind="verification", of_run=LOAD.run_id)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys.load_or_create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def store(tmp_path: Path, keys: SigningKeys) -> MemoryStore:
    """Two runs of another machine, the later one first."""
    store = MemoryStore()
    for record in (AFTER, LOAD):
        kept(store, record, tmp_path, keys)
    return store


def kept(store: MemoryStore, record: RunRecord, tmp_path: Path, keys: SigningKeys) -> None:
    folder = RunFolder(path=tmp_path / "theirs" / record.run_id)
    folder.decisions.mkdir(parents=True)
    (folder.decisions / "decided-0.parquet").write_bytes(b"PAR1")
    (folder.path / "plan.yaml").write_text("plan: acme-exit")
    (folder.path / "verification.json").write_text("{}")
    path = str(folder.path / "verification.json")
    keep(store, record, [ReportRecord(run_id=record.run_id, format="json", path=path, sha256="aa")], folder, keys)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture
def again(store: MemoryStore, url: str, tmp_path: Path, keys: SigningKeys) -> Callable[[], Rebuilt]:
    return lambda: rebuild([store], url, lambda run: tmp_path / "runs" / run, {keys.fingerprint})


def runs(url: str) -> dict[str, RunRecord]:
    with closing(Catalog.open(url)) as catalog:
        return {run.run_id: run for run in catalog.runs()}


def test_records_folders_and_reports_come_back(again: Callable[[], Rebuilt], url: str, tmp_path: Path) -> None:
    assert again() == Rebuilt(archives=0, runs=2, there=0, problems=())
    assert runs(url) == {LOAD.run_id: LOAD, AFTER.run_id: AFTER}
    folder = tmp_path / "runs" / LOAD.run_id
    assert (folder / "decisions" / "decided-0.parquet").read_bytes() == b"PAR1"
    assert {path.stat().st_mode & 0o077 for path in (folder, folder / "decisions")} == {0}
    assert place_of(folder) == "memory:"
    with closing(Catalog.open(url)) as catalog:
        (report,) = catalog.reports(LOAD.run_id)
    assert (report.path, report.sha256) == (str(folder / "verification.json"), "aa")


def test_once_more_changes_nothing(again: Callable[[], Rebuilt], url: str, tmp_path: Path) -> None:
    again()
    (tmp_path / "runs" / LOAD.run_id / "told.json").write_text("of this machine")
    assert again() == Rebuilt(archives=0, runs=0, there=2, problems=())
    assert (tmp_path / "runs" / LOAD.run_id / "told.json").read_text() == "of this machine"


def test_a_run_that_was_under_way_is_not_waited_for(
    again: Callable[[], Rebuilt], store: MemoryStore, url: str, tmp_path: Path, keys: SigningKeys
) -> None:
    under_way = replace(
        LOAD, run_id=LOAD.run_id[:-4] + "ffff", number=2, state="running", verdict=None, finished_at=None
    )
    kept(store, under_way, tmp_path, keys)
    again()
    found = runs(url)[under_way.run_id]
    assert found.state == "failed" and found.error and "migrator verify" in found.error["next"]


def test_documents_signed_by_a_strangers_key_are_refused(
    store: MemoryStore, url: str, tmp_path: Path, keys: SigningKeys
) -> None:
    stranger = SigningKeys.load_or_create(tmp_path / "stranger")
    folder = tmp_path / "theirs" / LOAD.run_id
    (folder / "plan.yaml").write_text("plan: another")
    keep_documents(store, LOAD.run_id, folder, ["run.json", "plan.yaml"], stranger)
    rebuilt = rebuild([store], url, lambda run: tmp_path / "runs" / run, {keys.fingerprint})
    signed, alone = rebuilt.problems
    assert stranger.fingerprint in signed.what and "--key" in signed.next
    assert LOAD.run_id in alone.what and rebuilt.runs == 0
    assert not (tmp_path / "runs" / LOAD.run_id).exists()
    both = {keys.fingerprint, stranger.fingerprint}
    assert rebuild([store], url, lambda run: tmp_path / "runs" / run, both).runs == 2


def test_a_damaged_document_is_told_and_its_run_does_not_come(
    again: Callable[[], Rebuilt], store: MemoryStore, url: str, tmp_path: Path
) -> None:
    write_bytes(store, f"runs/{AFTER.run_id}/000001/plan.yaml", b"plan: another")
    rebuilt = again()
    assert [AFTER.run_id in problem.where for problem in rebuilt.problems] == [True]
    assert list(runs(url)) == [LOAD.run_id]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [LOAD.run_id]


def test_no_document_lands_where_it_does_not_belong(
    again: Callable[[], Rebuilt], store: MemoryStore, tmp_path: Path, keys: SigningKeys
) -> None:
    folder = tmp_path / "theirs" / LOAD.run_id
    (folder / "told.json").write_text("[]")
    (folder / "extra").mkdir()
    (folder / "extra" / "file").write_text("x")
    keep_documents(store, LOAD.run_id, folder, ["run.json", "told.json", "extra/file"], keys)
    again()
    assert {path.name for path in (tmp_path / "runs" / LOAD.run_id).iterdir()} == {"run.json", "store.txt"}


def test_two_histories_are_not_mixed(again: Callable[[], Rebuilt], url: str) -> None:
    with closing(Catalog.open(url)) as catalog:
        other = catalog.start(kind="migration", plan="acme-exit", tenant="acme")
    with pytest.raises(Misuse, match="two histories"):
        again()
    assert list(runs(url)) == [other.run_id]


def test_what_refers_to_a_damaged_run_does_not_come_either(again: Callable[[], Rebuilt], store: MemoryStore) -> None:
    write_bytes(store, f"runs/{LOAD.run_id}/000001/plan.yaml", b"plan: another")
    rebuilt = again()
    assert rebuilt.runs == 0
    assert ["changed" in rebuilt.problems[0].what, LOAD.run_id in rebuilt.problems[1].what] == [True, True]
