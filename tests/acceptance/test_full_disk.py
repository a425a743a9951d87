"""A disk that fills up, wherever it does: exit 1, said plainly, and nothing half-made is left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.office import office
from tests.acceptance.world import World, changing, dump

Resize = Callable[[Path, int], None]
SIZES = (48, 96, 160, 256, 400, 640, 1_000, 1_600, 2_500, 4_000)  # KiB


@pytest.fixture
def disk() -> Iterator[Resize]:
    """Make a folder a disk of so many KiB, or make that disk smaller or larger."""
    mounted: list[Path] = []

    def resize(folder: Path, kib: int) -> None:
        options = ["-o", f"remount,size={kib}k"] if folder in mounted else ["-t", "tmpfs", "-o", f"size={kib}k", "none"]
        folder.mkdir(exist_ok=True)
        if subprocess.run(["mount", *options, str(folder)], capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a small tmpfs")
        if folder not in mounted:
            mounted.append(folder)

    yield resize
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)  # fails where a command left a file open


@pytest.fixture(scope="module")
def busy_office(tmp_path_factory: pytest.TempPathFactory) -> World:
    """An office with enough notes to fill a small disk; its archive is taken."""
    world = office(tmp_path_factory.mktemp("busy"))
    notes = [(number, 1 + number % 2, f"note {number} " * 12) for number in range(10, 3_000)]
    with changing(world.source) as connection:
        connection.executemany("INSERT INTO notes VALUES (?, ?, ?)", notes)
    world.json("snapshot", world.plan)
    return world


def test_the_store_fills_up(busy_office: World, tmp_path: Path, disk: Resize) -> None:
    world = busy_office.copied(tmp_path)
    shutil.rmtree(world.store)
    for size in SIZES:
        disk(world.store, size)
        answer = world.migrator("snapshot", world.plan, "--json")
        if answer.code == 0:
            break
        assert (answer.code, answer.json["error"]) == (1, "the disk is full"), answer
        assert answer.json["where"].startswith(str(world.store)) and answer.json["next"]
        assert world.runs()[-1]["state"] == "failed"
        assert not [path for path in world.store.rglob("*") if path.is_file()]
    assert size > SIZES[1], "no disk was small enough to try anything"
    assert len(world.archives()) == 1


def test_the_disk_of_the_target_fills_up(busy_office: World, tmp_path: Path, disk: Resize) -> None:
    world = busy_office.copied(tmp_path)
    content, before = world.target.read_bytes(), dump(world.target)
    filled = set()
    disk(world.target.parent, SIZES[0])
    world.target.write_bytes(content)
    for size in SIZES:
        disk(world.target.parent, size)
        answer = world.migrator("migrate", world.plan, "--json")
        if answer.code == 0:
            break
        assert (answer.code, answer.json["error"]) == (1, "the disk is full"), answer
        filled.add("staging" if answer.json["where"].endswith(".stage") else "merging")
        assert dump(world.target) == before
        assert all(".stage" in name for name in world.beside_target())  # kept for whoever resumes the run
    assert world.beside_target() == set()
    assert filled == {"staging", "merging"}
    assert world.json("verify", world.runs()[-1]["run_id"])["verdict"] == "green"


def test_the_home_fills_up(busy_office: World, tmp_path: Path, disk: Resize) -> None:
    world = busy_office.copied(tmp_path)
    before, failed, stands = dump(world.target), 0, False
    for size in (24, *range(64, 400, 24), 4_000):
        disk(world.home, size)
        answer = world.migrator("migrate", world.plan, "--json")
        if answer.code == 0:
            break
        failed += 1
        assert answer.code == (3 if stands else 1), answer
        stands = dump(world.target) != before
        assert ("migrator verify" in answer.json["next"]) == stands, answer
        assert str(world.home) in answer.json["where"] or stands
        assert all(".stage" in name for name in world.beside_target())
    assert failed > 2
    if not stands:
        assert world.json("verify", answer.json["run"])["verdict"] == "green"
