"""A browser for each file of tests, and where its pictures are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `MIGRATOR_PICTURES` names, else one of pytest's."""
    named = os.environ.get("MIGRATOR_PICTURES")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")
