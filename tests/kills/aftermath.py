"""What a careful person does after a command was stopped: what it says, else the same again. Made anew in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from migrator.cli.commands import runs
from tests.acceptance.world import Answer
from tests.kills.moments import MIGRATE, ROLLBACK
from tests.kills.scene import Scene
from tests.soak.promise import require

TRIES = 3
_RESUME = re.compile(r"migrator runs resume (\S+)")
_ALREADY_LOADED, _ALREADY_TAKEN_BACK = (3, "already loaded"), (2, "the target holds no load")


def settled(scene: Scene, arguments: Sequence[str], answer: Answer, known: Mapping[str, str], told: str) -> int:
    """Go on until the command is done, whatever stopped it; how many more commands that took.

    `known` are the runs there were before, with their states.
    """
    for tries in range(TRIES):
        if is_done(arguments[0], answer):
            return tries
        answer = scene.finish(*_next(scene, arguments, answer, known))
    require(is_done(arguments[0], answer), f"{told}: {TRIES} times given again, and at last: {answer}")
    return TRIES


def is_done(command: str, answer: Answer) -> bool:
    """Whether nothing is left to do: it is done, or was done before."""
    if answer.code == 0:
        return True
    code, words = {MIGRATE: _ALREADY_LOADED, ROLLBACK: _ALREADY_TAKEN_BACK}.get(command, (0, ""))
    return answer.code == code and words in answer.stderr


def _next(scene: Scene, arguments: Sequence[str], answer: Answer, known: Mapping[str, str]) -> Sequence[str]:
    """The command it names; of a process that could say nothing, the run it left is resumed, where that can be done."""
    if named := _RESUME.search(answer.stderr):
        return "runs", "resume", named.group(1)
    lost = [run["run_id"] for run in scene.world.runs() if run["run_id"] not in known and run["state"] == "lost"]
    if lost and _CAN_RESUME:
        return "runs", "resume", lost[-1]
    return arguments


_CAN_RESUME = "resume" in [
    command.name or getattr(command.callback, "__name__", "") for command in runs.app.registered_commands
]
