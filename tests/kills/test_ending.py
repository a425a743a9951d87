"""The end state is not taken for the undisturbed one when anything is left, lost or seen too early."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kills.ending import End, require_undisturbed
from tests.kills.moments import REHEARSE
from tests.kills.scene import Scene
from tests.kills.sides import grounds
from tests.soak.promise import BrokenError

KILLED = "vauclair-20240101T000000Z-0123abcd"


def _a_row_more(scene: Scene) -> None:
    scene.target.platform.run("INSERT INTO accounts (id, email, full_name) VALUES ('a', 'a@agora.example', 'A')")


def _a_row_less(scene: Scene) -> None:
    scene.target.platform.run("DELETE FROM entry_labels WHERE rowid = (SELECT min(rowid) FROM entry_labels)")


def _a_journal(scene: Scene) -> None:
    scene.target.platform.run('CREATE TABLE "migrator_journal:x:accounts" (entry INTEGER)')


def _a_staging(scene: Scene) -> None:
    (scene.beside.folder / f"{scene.world.target.name}.migrator-x.stage").touch()


def _half_an_archive(scene: Scene) -> None:
    shutil.copytree(scene.world.store / scene.base, scene.world.store / KILLED)
    next((scene.world.store / KILLED).glob("data/csv/*.csv")).unlink()


LEFT: tuple[tuple[Callable[[Scene], None], str], ...] = (
    (_a_row_more, "accounts has"),
    (_a_row_less, "entry_labels has"),
    (_a_journal, "tables of our own have"),
    (_a_staging, "beside the target lies"),
    (_half_an_archive, "1 new archives after a rehearse; .* is not whole"),
)


def test_what_is_left_is_told(tmp_path: Path) -> None:
    with grounds(tmp_path) as running:
        scene = Scene.of("sqlite-sqlite", running, is_served=False)
        end = End.of(REHEARSE, was_loaded=False)
        require_undisturbed(scene, end, "before")
        for leave, said in LEFT:
            leave(scene)
            with pytest.raises(BrokenError, match=said):
                require_undisturbed(scene, end, "after")
