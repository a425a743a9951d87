"""docs/json.md says what every command answers a program with."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.acceptance.world import ROOT, World

GUIDE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`[a-z ]+`(?:, `[a-z ]+`)*) \| `([^`]+)` \|$", GUIDE, re.MULTILINE)
SAID = {command: keys for commands, keys in ROWS for command in re.findall(r"`([a-z ]+)`", commands)}

Shape = dict[str, "Shape"]


def shape(keys: str) -> Shape:
    """The keys with what stands in their brackets."""
    root: Shape = {}
    open_: list[Shape] = [root]
    for name, sign in re.findall(r"(\w+)?([\[\],]|$)", keys.replace(" ", "")):
        if name:
            open_[-1][name] = {}
        if sign == "[":
            open_.append(open_[-1][name])
        elif sign == "]":
            open_.pop()
    return root


def differing(said: Shape, answer: dict[str, Any], path: str = "") -> list[str]:
    """Keys that one of both lacks, by their path."""
    found = [f"{path}{key}" for key in sorted(said.keys() ^ answer.keys())]
    for key in said.keys() & answer.keys():
        inner = answer[key] if isinstance(answer[key], list) else [answer[key]]
        if said[key]:
            found += [lacking for one in inner[:1] for lacking in differing(said[key], one, f"{path}{key}.")]
    return found


@pytest.fixture(scope="module")
def answers(right_office: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every command's answer, by its name."""
    world = right_office.copied(tmp_path_factory.mktemp("answers"))
    [archive] = world.archives()
    found = {
        "inspect": world.json("inspect", world.environment["SOURCE_URL"]),
        "archive copy": world.json("archive", "copy", archive, world.folder / "copies"),
        "restore": world.json("restore", archive, f"sqlite:///{world.folder / 'restored.db'}"),
        **{f"archive {name}": world.json("archive", name, archive) for name in ("show", "check")},
        **{f"map {name}": world.json("map", name, world.plan) for name in ("check", "preview")},
        **{name: world.json(name, world.plan) for name in ("doctor", "scope", "snapshot", "rehearse", "migrate")},
    }
    run = found["migrate"]["run"]
    found["verify"] = world.json("verify", run)
    found["report"] = world.json("report", run, "--out", world.folder / "report.html")
    found |= {"rollback": world.json("rollback", run), "runs list": world.json("runs", "list")}
    found["runs close"] = world.json("runs", "close", world.json("migrate", world.plan)["run"])
    found["admin backup"] = world.json("admin", "backup", world.folder / "backup")
    with world.plan.open("a", encoding="utf-8") as plan:
        plan.write("\nretention: {archives: 1h, runs: 1h}\n")
    found["admin retain"] = world.json("admin", "retain", world.plan)
    return {**found, "admin rebuild": world.json("admin", "rebuild", world.store)}


@pytest.mark.parametrize("command", SAID)
def test_the_guide_says_every_key(answers: dict[str, dict[str, Any]], command: str) -> None:
    assert differing(shape(SAID[command]), answers[command]) == []


def test_the_guide_knows_every_command(answers: dict[str, dict[str, Any]]) -> None:
    assert answers.keys() == SAID.keys()
