"""Worlds to act in, each made once a session and copied for a test that changes it."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

from tests.acceptance.office import office
from tests.acceptance.world import ROOT, World

SOCIAL = ROOT / "samples" / "social"


def social_world(folder: Path, rows: int) -> World:
    """Vauclair in Ruche, a joinery in Agora, the plan between them; no archive yet."""
    world = World.at(folder, source="ruche.db", target="agora.db")
    runpy.run_path(str(SOCIAL / "generate.py"))["generate"](world.source.parent, rows=rows)
    (world.source.parent / "agora.db").rename(world.target)
    shutil.copy(SOCIAL / "plan.yaml", world.plan)
    return world


@pytest.fixture(scope="session")
def social(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The social story before its first command; not to be changed."""
    return social_world(tmp_path_factory.mktemp("social"), rows=200)


@pytest.fixture(scope="session")
def archived(social: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The social story with its archive taken; not to be changed."""
    world = social.copied(tmp_path_factory.mktemp("archived"))
    world.json("snapshot", world.plan)
    return world


@pytest.fixture(scope="session")
def right_office(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The office with its archive taken and nothing wrong; not to be changed."""
    world = office(tmp_path_factory.mktemp("office"))
    world.json("snapshot", world.plan)
    return world
