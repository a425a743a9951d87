"""A terminal or a log that knows fewer characters than the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.world import World


def test_what_cannot_be_written_is_spelled_out_and_is_no_fault(
    right_office: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = right_office.copied(tmp_path)
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    process = world.start("archive", "check", world.archives()[0])
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert "\\u2714 green" in stdout
