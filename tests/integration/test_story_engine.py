"""The two stories through the engine, from one product's database into the other's and back."""

from __future__ import annotations

import runpy
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from mappings.load import load_mapping
from migrator.engine.check import map_check
from migrator.engine.load import Identity, Loaded, load
from migrator.engine.snapshot import Snapshot, snapshot
from migrator.engine.workbench import workbench
from migrator.outcomes import Verdict
from migrator.plan import Plan, load_plan
from migrator.platforms.sqlite.source import SqliteSource
from migrator.platforms.sqlite.target import SqliteTarget
from storage.archive import Archive
from storage.check import check_archive
from storage.local import LocalStore
from storage.seal import SigningKeys
from tests.conformance.platforms import SqlitePlatform
from tests.support_shop import SHOP_DATA, load_shop

ROOT = Path(__file__).parents[2]
MAPPINGS, SAMPLES = ROOT / "mappings" / "catalog", ROOT / "samples"
MEMORY_BOUND = 600 << 20  # bytes


@dataclass(frozen=True)
class Story:
    """A source, a target and the plan between them, in a folder."""

    folder: Path
    plan: Plan
    mapping: str

    @property
    def target(self) -> SqlitePlatform:
        return SqlitePlatform(self.folder / "target.db", journal_mode="delete")

    def take(self) -> tuple[Snapshot, Archive]:
        store = LocalStore(self.folder / "store")
        keys = SigningKeys.load_or_create(self.folder / "keys")
        found = snapshot(SqliteSource(self.plan.needs_source().url), self.plan, store, keys, tool="test")
        assert not check_archive(store, found.sealed.archive_id).problems
        return found, Archive.open(store, found.sealed.archive_id)

    def move(self, archive: Archive, *, rehearse: bool) -> Loaded:
        mapping = load_mapping((MAPPINGS / self.mapping).read_text(encoding="utf-8"), file=self.mapping)
        target = SqliteTarget(self.plan.needs_target().url)
        with workbench() as bench:
            check = map_check(bench, archive, mapping, target, self.plan.needs_target().policy)
            assert check.problems == ()
            assert check.prepared is not None
            identity = Identity(run="r1", plan=self.plan.name, tenant=self.plan.tenant, archive="a", seal="s")
            return load(check.prepared, target, identity, rehearse=rehearse, whole=True)


def _plan(folder: Path, sample: str, **variables: str) -> Plan:
    found = {
        "SOURCE_URL": f"sqlite:///{folder / 'source.db'}",
        "TARGET_URL": f"sqlite:///{folder / 'target.db'}",
        "STORE_URL": f"file://{folder / 'store'}",
    }
    return load_plan(SAMPLES / sample / "plan.yaml", {**found, **variables})


def social(folder: Path, rows: int) -> Story:
    runpy.run_path(str(SAMPLES / "social" / "generate.py"))["generate"](folder, rows=rows)
    (folder / "ruche.db").rename(folder / "source.db")
    (folder / "agora.db").rename(folder / "target.db")
    return Story(folder, _plan(folder, "social"), "ruche-to-agora.yaml")


def shop(folder: Path) -> Story:
    store = load_shop(folder / "source.db")
    with closing(sqlite3.connect(folder / "target.db")) as connection:
        connection.executescript((SAMPLES / "shop" / "target.sql").read_text(encoding="utf-8"))
    return Story(folder, _plan(folder, "shop", SHOP_STORE_ID=store), "shop-to-boutique.yaml")


def there_and_back(story: Story) -> tuple[Snapshot, Archive, Loaded]:
    source, before = (story.folder / "source.db").read_bytes(), story.target.dump()
    found, archive = story.take()
    rehearsed = story.move(archive, rehearse=True)
    assert rehearsed.verdict is Verdict.GREEN
    assert rehearsed.digest_after == rehearsed.digest_before
    assert story.target.dump() == before
    moved = story.move(archive, rehearse=False)
    assert moved.verdict is Verdict.GREEN
    assert moved.equations == rehearsed.equations
    assert {equation.unexplained for equation in moved.equations} == {0}
    assert moved.verification.compared == sum(e.loaded + e.merged for e in moved.equations)
    undone = story.target.target().undo("r1", whole=True)
    assert (undone.reversed, undone.kept, undone.failed) == (moved.verification.compared, 0, 0)
    assert undone.digest_after == undone.digest_before_load == moved.digest_before
    assert story.target.dump() == before
    assert (story.folder / "source.db").read_bytes() == source
    return found, archive, moved


def test_a_company_moves_its_social_network_and_back(tmp_path: Path) -> None:
    found, archive, moved = there_and_back(social(tmp_path, rows=1_000))
    kept = {(equation.source, equation.target): equation.kept for equation in moved.equations if equation.kept}
    assert kept == {("members", "accounts"): 1}
    companies = [row["id"] for batch in archive.scan("companies") for row in batch.to_pylist()]
    assert companies == [3]
    members = [row for batch in archive.scan("members") for row in batch.to_pylist()]
    assert {row["company_id"] for row in members} == {3, None}
    assert {row["first_name"] for row in members if row["company_id"] is None and row["email"] == ""} <= {None}
    assert found.proof.problems == ()


@pytest.mark.skipif(not SHOP_DATA.is_dir(), reason="../shared/data is absent")
def test_a_real_shop_moves_and_back(tmp_path: Path) -> None:
    found, archive, moved = there_and_back(shop(tmp_path))
    assert {e.target: e.loaded for e in moved.equations}["purchase_lines"] == 21_995
    assert archive.table("users").rows == 1
    assert found.proof.problems == ()


def test_memory_stays_flat(tmp_path: Path) -> None:
    social(tmp_path, rows=60_000)
    code = "import sys; from tests.integration.test_story_engine import peak; print(peak(sys.argv[1]))"
    run = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < MEMORY_BOUND


def peak(folder: str) -> int:
    """The most memory a snapshot and a load took, in bytes, by this process's own high-water mark."""
    story = Story(Path(folder), _plan(Path(folder), "social"), "ruche-to-agora.yaml")
    _, archive = story.take()
    assert story.move(archive, rehearse=False).verdict is Verdict.GREEN
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) << 10
