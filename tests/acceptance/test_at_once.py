"""Several people give the same command at the same moment, the first time anything runs here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.acceptance.world import World, dump


def _at_once(world: World, *arguments: object) -> tuple[list[int], list[dict[str, Any]]]:
    """The exit codes and answers of three processes, those that did it first."""
    processes = [world.start(*arguments, "--json") for _ in range(3)]
    answers = [process.communicate(timeout=300)[0] for process in processes]
    both = sorted(zip((process.returncode for process in processes), answers, strict=True))
    return [code for code, _ in both], [json.loads(answer) for _, answer in both]


def test_each_does_it_or_says_that_it_is_done(right_office: World, tmp_path: Path) -> None:
    world = right_office.copied(tmp_path)
    before = dump(world.target)
    codes, answers = _at_once(world, "snapshot", world.plan)
    assert (codes, len({answer["archive"] for answer in answers})) == ([0, 0, 0], 3)
    codes, answers = _at_once(world, "rehearse", world.plan)
    assert (codes, {answer["number"] for answer in answers}) == ([0, 0, 0], {1, 2, 3})
    assert dump(world.target) == before
    codes, answers = _at_once(world, "migrate", world.plan)
    assert codes == [0, 3, 3], answers
    run = answers[0]["run"]
    assert world.json("verify", run)["verdict"] == "green"
    codes, answers = _at_once(world, "rollback", run)
    assert codes == [0, 2, 2], answers
    assert (dump(world.target), world.beside_target()) == (before, set())


def test_a_verification_beside_a_rollback_sees_the_load_whole_or_says_that_it_is_gone(
    right_office: World, tmp_path: Path
) -> None:
    world = right_office.copied(tmp_path)
    run = world.json("migrate", world.plan)["run"]
    rollback, *verifications = [
        world.start(*command, run, "--json") for command in (("rollback",), ("verify",), ("verify",))
    ]
    answers = [process.communicate(timeout=300)[0] for process in (rollback, *verifications)]
    assert rollback.returncode == 0, answers
    assert {process.returncode for process in verifications} <= {0, 2}, answers
