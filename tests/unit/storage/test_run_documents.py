"""What a store keeps of runs is whole, signed and replaced at once, and no archive's business."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.archive import list_archives
from storage.errors import Fault, Red
from storage.local import LocalStore
from storage.memory import MemoryStore
from storage.objects import ObjectStore, write_bytes
from storage.run_documents import (
    RunDocuments,
    forget_documents,
    is_run_id,
    keep_documents,
    kept_runs,
    sweep_documents,
)
from storage.seal import SigningKeys
from storage.sweep import sweep

RUN = "20261122T152700-migration-0a1b"
PATHS = ("run.json", "decisions/crosswalk-0.parquet")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SigningKeys:
    return SigningKeys.load_or_create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run" / "decisions").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_bytes(b"{}")
    (tmp_path / "run" / "decisions" / "crosswalk-0.parquet").write_bytes(b"PAR1")
    return tmp_path / "run"


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return MemoryStore() if request.param == "memory" else LocalStore(tmp_path / "store")


def keys_of(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list()]


def test_documents_come_back_as_they_were(store: ObjectStore, folder: Path, keys: SigningKeys, tmp_path: Path) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    assert list(kept_runs(store)) == [RUN]
    kept = RunDocuments.open(store, RUN)
    assert (kept.fingerprint, set(kept.paths)) == (keys.fingerprint, set(PATHS))
    assert kept.read("run.json") == b"{}"
    kept.copy(PATHS[1], tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"PAR1"


def test_what_is_kept_anew_replaces_what_was(store: ObjectStore, folder: Path, keys: SigningKeys) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    (folder / "run.json").write_bytes(b'{"state": "done"}')
    keep_documents(store, RUN, folder, ("run.json",), keys)
    kept = RunDocuments.open(store, RUN)
    assert (kept.read("run.json"), kept.paths) == (b'{"state": "done"}', ("run.json",))
    assert not [key for key in keys_of(store) if key.startswith(f"runs/{RUN}/000001/")]


def test_keeping_that_stops_half_way_leaves_what_was_kept_before(
    store: ObjectStore, folder: Path, keys: SigningKeys
) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    (folder / "run.json").write_bytes(b"new")
    with pytest.raises(Fault):  # the second document is not there
        keep_documents(store, RUN, folder, ("run.json", "gone.json"), keys)
    assert RunDocuments.open(store, RUN).read("run.json") == b"{}"
    keep_documents(store, RUN, folder, ("run.json",), keys)
    assert RunDocuments.open(store, RUN).read("run.json") == b"new"


def test_nothing_is_left_of_what_is_forgotten(store: ObjectStore, folder: Path, keys: SigningKeys) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    forget_documents(store, RUN)
    assert keys_of(store) == []
    forget_documents(store, RUN)
    with pytest.raises(Red, match="missing"):
        RunDocuments.open(store, RUN)


def test_archives_and_the_sweep_know_nothing_of_them(store: ObjectStore, folder: Path, keys: SigningKeys) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    before = keys_of(store)
    assert list(list_archives(store)) == []
    assert sweep(store, before=datetime.now(UTC) + timedelta(days=9)) == ()
    assert keys_of(store) == before


def test_what_was_half_kept_is_swept_once_it_is_old(store: ObjectStore, folder: Path, keys: SigningKeys) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    whole = keys_of(store)
    theirs = "runs/photos/000001/a"
    for key in (f"runs/{RUN}/000002/run.json", f"runs/{RUN}/000002/plan.yaml", theirs):
        write_bytes(store, key, b"")
    assert sweep_documents(store, before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert sweep_documents(store, before=datetime.now(UTC) + timedelta(hours=1)) == 2
    assert keys_of(store) == [*whole, theirs]


def test_an_unfinished_document_is_swept_once_it_is_old(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / ".unfinished" / "runs.abc").write_bytes(b"half")
    (tmp_path / ".unfinished" / "photos.abc").write_bytes(b"half")
    assert sweep_documents(store, before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert sweep_documents(store, before=datetime.now(UTC) + timedelta(hours=1)) == 1
    assert [one.folder for one in store.unfinished()] == ["photos"]


@pytest.mark.parametrize(
    "key", ["run.json", "manifest-sha256.txt", "signatures/tagmanifest.ed25519.sig", "signatures/ed25519.pem"]
)
def test_what_was_changed_is_refused(store: ObjectStore, folder: Path, keys: SigningKeys, key: str) -> None:
    keep_documents(store, RUN, folder, PATHS, keys)
    write_bytes(store, f"runs/{RUN}/000001/{key}", f"{'0' * 64}  run.json\n".encode())
    with pytest.raises(Red, match="corrupt"):
        RunDocuments.open(store, RUN).read("run.json")


def test_a_changed_document_leaves_no_file(folder: Path, keys: SigningKeys, tmp_path: Path) -> None:
    store = MemoryStore()
    keep_documents(store, RUN, folder, PATHS, keys)
    write_bytes(store, f"runs/{RUN}/000001/run.json", b"{ }")
    with pytest.raises(Red, match="changed"):
        RunDocuments.open(store, RUN).copy("run.json", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize(
    "key",
    ["runs/photos/000001/manifest-sha256.txt", f"runs/{RUN}/manifest-sha256.txt", f"runs/{RUN}/000001/run.json"],
)
def test_what_is_not_ours_or_not_whole_is_no_run(key: str) -> None:
    store = MemoryStore()
    write_bytes(store, key, b"")
    assert list(kept_runs(store)) == []


@pytest.mark.parametrize("name", ["..", "../../etc", f"{RUN}/..", f"{RUN}x", "20261122T152700-Migration-0a1b", ""])
def test_no_folder_here_gets_another_name_than_a_runs(name: str) -> None:
    assert is_run_id(RUN) and not is_run_id(name)
