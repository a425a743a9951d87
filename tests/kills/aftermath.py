"""What a careful person does after a command was stopped: what it says, or the same again. Made anew in one place."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.world import Answer
from tests.kills.moments import MIGRATE, ROLLBACK
from tests.kills.scene import Scene
from tests.soak.promise import require

TRIES = 3
_DOES_AS_TOLD = 2 / 3
_RESUME = re.compile(r"migrator runs resume (\S+)")
_ALREADY_LOADED, _ALREADY_TAKEN_BACK = (3, "already loaded"), (2, "the target holds no load")


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """`known` are the runs there were before; `does_as_told`: what was stopped is resumed, else given once more."""

    scene: Scene
    arguments: Sequence[str]
    known: Collection[str]
    does_as_told: bool

    @classmethod
    def drawn(cls, scene: Scene, arguments: Sequence[str], chance: random.Random) -> Aftermath:
        """Of what is about to happen: most people do as they are told."""
        known = {run["run_id"] for run in scene.world.runs()}
        return cls(scene=scene, arguments=arguments, known=known, does_as_told=chance.random() < _DOES_AS_TOLD)

    def settle(self, answer: Answer, told: str) -> int:
        """Go on until the command is done, whatever stopped it; how many more commands that took."""
        given = [answer]
        while not is_done(self.arguments[0], given[-1]):
            require(len(given) <= TRIES, f"{told}: {TRIES} times more, and still: {given}")
            given.append(self.scene.finish(*self._next(given[-1])))
        return len(given) - 1

    def _next(self, answer: Answer) -> Sequence[str]:
        """The command it names; of a process that could say nothing, the run it left is resumed."""
        named = _RESUME.search(answer.stderr)
        lost = [run["run_id"] for run in self.runs() if run["state"] == "lost"]
        if self.does_as_told and (named or lost):
            return "runs", "resume", named.group(1) if named else lost[-1]
        return self.arguments

    def runs(self) -> list[dict[str, Any]]:
        """Those that began since."""
        return [run for run in self.scene.world.runs() if run["run_id"] not in self.known]

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody gave the run up for good."""
        return any(run["state"] == "cancelled" for run in self.runs())


def is_done(command: str, answer: Answer) -> bool:
    """Whether nothing is left to do: it is done, or was done before."""
    if answer.code == 0:
        return True
    code, words = {MIGRATE: _ALREADY_LOADED, ROLLBACK: _ALREADY_TAKEN_BACK}.get(command, (0, ""))
    return answer.code == code and words in answer.stderr
