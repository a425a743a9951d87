"""What the doctor is given to look at, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mappings.model import Mapping
from migrator.contracts import Finding, Source, Target
from migrator.engine.attachments import Files
from migrator.engine.doctor.estimate import Estimates, Rates
from migrator.outcomes import Verdict
from storage.errors import MigratorError
from storage.objects import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a plan touches, each opened when it is looked at: that it cannot be opened is a finding as well."""

    source: Callable[[], Source]
    target: Callable[[], Target]
    store: Callable[[], ObjectStore]
    mapping: Callable[[], Mapping]
    rates: Callable[[], Rates]
    places: Callable[[str], Files]  # of the source's files, by the base the plan names
    shelves: Callable[[str], ObjectStore]  # of the target's
    home: Path
    keys: Path
    source_address: str  # addresses without their passwords
    target_address: str
    store_address: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """One thing that was looked at; `error` is why it could not be, as the command that needs it would meet it."""

    name: str
    place: str
    findings: tuple[Finding, ...]
    error: MigratorError | None = None

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(all(finding.verdict != "red" for finding in self.findings))


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was found, part by part, and what the migration will probably take."""

    parts: tuple[Part, ...]
    estimates: Estimates
    source_grants: str = ""  # scripts an administrator runs
    target_grants: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict.of(all(part.verdict is Verdict.GREEN for part in self.parts))

    @property
    def error(self) -> MigratorError | None:
        """The first thing that could not be looked at at all, in the order the commands would meet it."""
        return next((part.error for part in self.parts if part.error is not None), None)
