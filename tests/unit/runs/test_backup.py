"""A backup is a MIGRATOR_HOME that works by itself, whole or none, and nobody else's to read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from migrator.outcomes import Verdict
from migrator.runs.backup import Keys, backup
from migrator.runs.catalog import Catalog
from migrator.runs.folder import RunFolder
from migrator.runs.records import RunRecord
from migrator.runs.transfer import transfer
from storage.errors import Fault, Misuse
from storage.problem import Problem
from storage.seal import SigningKeys


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def url(home: Path) -> str:
    home.mkdir()
    return f"sqlite:///{home / 'catalog.db'}"


@pytest.fixture
def run(url: str, home: Path) -> RunRecord:
    """A run that ended, with its report and what its operator was told."""
    with closing(Catalog.open(url)) as catalog:
        record = catalog.start(kind="migration", plan="acme-exit", tenant="acme")
        folder = RunFolder(path=home / "runs" / record.run_id)
        folder.keep_told([Problem(where="notes", what="x")])
        (folder.path / ".lock").write_text("")
        (folder.path / "plan.yaml").write_text("plan: acme-exit")
        catalog.record_report(record.run_id, format="json", path="verification.json", content=b"{}")
        catalog.finish(record, verdict=Verdict.GREEN)
        return catalog.run(record.run_id)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_holds_the_catalog_and_the_folders_and_can_be_checked(
    url: str, home: Path, run: RunRecord, tmp_path: Path
) -> None:
    to = tmp_path / "safe" / "backup"
    made = backup(url, home / "runs", None, to)
    assert (made.records.runs, made.records.reports, made.folders, made.keys) == (1, 1, 1, 0)
    own = {f"runs/{run.run_id}/told.json", f"runs/{run.run_id}/plan.yaml"}
    assert files(to) == {"catalog.db", "manifest-sha256.txt", *own}
    assert made.files == 3 and made.bytes > 0
    assert to.stat().st_mode & 0o077 == 0
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=to, check=True)
    with closing(Catalog.open(f"sqlite:///{to / 'catalog.db'}")) as catalog:
        assert catalog.runs() == (run,)
    assert transfer(to / "catalog.db", f"sqlite:///{tmp_path / 'other.db'}").runs == 1


def test_a_catalog_that_machines_share_becomes_a_file(postgres_url: str, home: Path, tmp_path: Path) -> None:
    with closing(Catalog.open(postgres_url)) as catalog:
        load = catalog.start(kind="migration", plan="acme-exit", tenant="acme")
        catalog.finish(load, verdict=Verdict.GREEN)
        catalog.start(kind="verification", plan="acme-exit", tenant="acme", of_run=load.run_id)
        runs = catalog.runs()
    assert backup(postgres_url, home / "runs", None, tmp_path / "one").records.runs == 2
    with closing(Catalog.open(f"sqlite:///{tmp_path / 'one' / 'catalog.db'}")) as catalog:
        assert catalog.runs() == runs


def test_keys_come_only_where_they_are_asked_for(url: str, home: Path, run: RunRecord, tmp_path: Path) -> None:
    keys = SigningKeys.load_or_create(home / "keys")
    (home / "keys" / "tmpabc").write_text("half")
    assert backup(url, home / "runs", Keys(folder=home / "keys", vault=home / "vault.key"), tmp_path / "with").keys == 2
    assert SigningKeys.load_or_create(tmp_path / "with" / "keys").fingerprint == keys.fingerprint
    assert not (tmp_path / "with" / "keys" / "tmpabc").exists()


def test_it_never_mixes_with_what_is_there(url: str, home: Path, run: RunRecord, tmp_path: Path) -> None:
    backup(url, home / "runs", None, tmp_path / "one")
    before = files(tmp_path / "one")
    with pytest.raises(Misuse, match="not empty"):
        backup(url, home / "runs", None, tmp_path / "one")
    assert files(tmp_path / "one") == before


def test_what_a_run_under_way_takes_back_is_not_in_it(
    url: str, home: Path, run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was listed and is gone before it is copied: decisions that are made anew, a run that is pruned."""
    from migrator.runs import backup as backing_up

    names = backing_up._names

    def listed(folder: Path) -> Iterator[str]:
        found = tuple(names(folder))
        (folder / "plan.yaml").unlink()
        yield from found

    monkeypatch.setattr(backing_up, "_names", listed)
    backup(url, home / "runs", None, tmp_path / "one")
    assert f"runs/{run.run_id}/told.json" in files(tmp_path / "one")
    subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=tmp_path / "one", check=True)


def test_one_that_fails_half_way_is_none(url: str, home: Path, run: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(Fault):
        backup(url, home / "runs", Keys(folder=tmp_path / "no such folder", vault=home / "vault.key"), tmp_path / "one")
    assert "manifest-sha256.txt" not in files(tmp_path / "one")
