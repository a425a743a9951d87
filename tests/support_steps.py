"""The steps of a run in a file: they outlive whoever is killed, and a test says where that happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migrator.outcomes import Given, as_read_again

DONE, RECORDED = "done", "recorded"
"""When a step is struck: before it is recorded, or behind."""


@dataclass(kw_only=True)
class KeptSteps:
    """See migrator.outcomes.Steps. `strike` is told of every step that is finished now, twice."""

    path: Path
    attempt: int = 1
    strike: Callable[[str, str], None] = lambda _name, _when: None

    @property
    def kept(self) -> dict[str, object]:
        known: dict[str, object] = json.loads(self.path.read_text()) if self.path.exists() else {}
        return known

    def once(self, name: str, do: Callable[[], Given]) -> Given:
        if name not in self.kept:
            given = as_read_again(do())
            self.strike(name, DONE)
            self.path.write_text(json.dumps({**self.kept, name: given}))
            self.strike(name, RECORDED)
        return self.kept[name]  # type: ignore[return-value]


class Struck(BaseException):
    """Whoever performed the run is gone."""


def strike_at(name: str, when: str) -> Callable[[str, str], None]:
    def strike(step: str, moment: str) -> None:
        if (step, moment) == (name, when):
            raise Struck(name)

    return strike
