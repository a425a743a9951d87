"""What happened, as whoever is told reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class About(StrEnum):
    """What there is to be told: a run came into a state, somebody asked for or decided what takes two."""

    QUEUED = "run.queued"
    RUNNING = "run.running"
    PARKED = "run.parked"
    DONE = "run.done"
    FAILED = "run.failed"
    CANCELLED = "run.cancelled"
    ASKED = "approval.asked"
    GRANTED = "approval.granted"
    REFUSED = "approval.refused"
    TEST = "test"


USUAL = (About.PARKED, About.DONE, About.FAILED, About.ASKED, About.GRANTED, About.REFUSED)
"""What a person wants to know who says nothing else."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One thing that happened. Of the customer's data it holds nothing but the names of tenant and plan."""

    id: str  # the same however often it is sent
    about: About
    at: str
    tenant: str = ""
    plan: str = ""
    what: str = ""  # kind of run, or what approval is asked for
    run: str = ""
    verdict: str = ""
    who: str = ""
    reason: str = ""
    link: str = ""

    @property
    def written(self) -> str:
        """JSON: `type`, `timestamp` and `data`, as Standard Webhooks has it."""
        data = {name: value for name, value in asdict(self).items() if name not in ("id", "about", "at") and value}
        told = {"type": self.about, "timestamp": self.at, "data": data}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, id: str, written: str) -> Notice:
        """What `written` gave."""
        told = json.loads(written)
        return cls(id=id, about=About(told["type"]), at=told["timestamp"], **told["data"])
