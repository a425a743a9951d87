"""The folder of one run: what it was told, what it decided, and its report. Private: it holds a customer's keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mappings.load import load_mapping
from mappings.model import Mapping as MappingDocument
from migrator import reports
from migrator.outcomes import RunReport
from migrator.plan import Plan, read_plan
from migrator.reports.verification import from_json
from storage.errors import Misuse
from storage.problem import Problem
from storage.system import translated, write_whole

_REPORTS = {"json": "verification.json", "html": "report.html"}
TOLD = "told.json"


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    path: Path

    @property
    def decisions(self) -> Path:
        """Where the load keeps which rows it matched, and its crosswalks."""
        return self.path / "decisions"

    @property
    def page(self) -> Path:
        return self.path / _REPORTS["html"]

    def keep_words(self, plan: Plan, mapping_text: str) -> None:
        """What the run was told, as it was told: a later verification must not read an edited plan."""
        self.keep_plan(plan)
        self._write("mapping.yaml", mapping_text.encode())

    def keep_plan(self, plan: Plan) -> None:
        self._write("plan.yaml", plan.text.encode())

    def plan(self, *, file: str | None, variables: Mapping[str, str]) -> Plan:
        """The plan as the run was told it, its `${…}` expanded now; `file` is how messages name it."""
        return read_plan(self._words("plan.yaml"), file=file or str(self.path / "plan.yaml"), variables=variables)

    def mapping(self) -> MappingDocument:
        return load_mapping(self._words("mapping.yaml"), file=str(self.path / "mapping.yaml"))

    def _words(self, name: str) -> str:
        if not (self.path / name).exists():
            raise Misuse(
                "the run's folder is not here",
                where=str(self.path),
                next="give the command on the machine that ran it (migrator runs show), or restore its MIGRATOR_HOME",
            )
        with translated(self.path):
            return (self.path / name).read_text(encoding="utf-8")

    def write_report(self, report: RunReport) -> Iterator[tuple[str, Path, bytes]]:
        """Write every format; gives each with its place and content."""
        for format, name in _REPORTS.items():
            content = reports.render(report, format)
            self._write(name, content)
            yield format, self.path / name, content

    def report(self) -> RunReport | None:
        """The run's report, or None where it did not come to its end. Misuse where the file is damaged."""
        path = self.path / _REPORTS["json"]
        if not path.exists():
            return None
        try:
            with translated(path):
                return from_json(path.read_text(encoding="utf-8"))
        except (Misuse, UnicodeDecodeError) as error:
            raise Misuse(
                "the run's report is damaged", where=str(path), next="bring the file back, or move it out of the way"
            ) from error

    def keep_told(self, told: Sequence[Problem]) -> None:
        """What the operator was told of others' rows: no archive says it."""
        if told:
            self._write(TOLD, json.dumps([asdict(one) for one in told], indent=2).encode())

    def told(self) -> tuple[Problem, ...]:
        """The same again; of a run elsewhere nothing is known. Misuse where the file is damaged."""
        path = self.path / TOLD
        if not path.exists():
            return ()
        try:
            with translated(path):
                told = json.loads(path.read_text(encoding="utf-8"))
            return tuple(Problem(**{**one, "examples": tuple(one["examples"])}) for one in told)
        except (ValueError, TypeError, KeyError) as error:
            raise Misuse(
                "what the run's operator was told is damaged",
                where=str(path),
                next="bring the file back, or move it out of the way",
            ) from error

    def _write(self, name: str, content: bytes) -> None:
        with translated(self.path):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path / name, content)
