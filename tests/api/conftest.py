"""A server over a small world: two people with accounts for each role, and the world's platforms registered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from migrator.wiring import served
from tests.acceptance.office import mapping_of, office
from tests.acceptance.world import World
from tests.api.office import Office, opened


@pytest.fixture
def world(tmp_path: Path) -> World:
    return office(tmp_path)


@pytest.fixture
def server(world: World) -> Iterator[Office]:
    """The application in this process, and callers of every role."""
    with patch.dict(os.environ, {"MIGRATOR_HOME": str(world.home)}), served() as offered:
        yield opened(offered, world, mapping_of(world).read_text(encoding="utf-8"))
