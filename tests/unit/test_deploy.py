"""What others start migrator with: files that nobody runs here, held against what the program takes and says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from api.metrics import Metrics
from migrator.cli.app import app
from migrator.runs.database import open_database
from migrator.runs.upgrade import bring_to_head
from migrator.service.figures import Figures

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
READ = set(re.findall(r'environ(?:ment)?(?:\.get\(|\[|, )"([A-Z_]+)"', (ROOT / "migrator/settings.py").read_text()))
PROMETHEUS_OWN = {"up", "process_resident_memory_bytes"}


def texts() -> Iterator[str]:
    yield from (path.read_text() for path in DEPLOY.rglob("*") if path.is_file())


def kubernetes() -> Iterator[dict[str, Any]]:
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())


def pods() -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in kubernetes() if one["kind"] == "Deployment"
    }


def command_lines() -> dict[str, list[str]]:
    """Every way migrator is started there, and how."""
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    found = {f"compose {name}": services[name]["command"] for name in ("server", "worker")}
    found |= {f"kubernetes {name}": pod["containers"][0]["args"] for name, pod in pods().items()}
    for unit in (DEPLOY / "systemd").glob("*.service"):
        (line,) = re.findall(r"^ExecStart=\S+/migrator (.*)$", unit.read_text(), re.MULTILINE)
        found[unit.name] = line.split()
    docker = json.loads(re.findall(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)[0])
    return {**found, "image": docker}


def test_every_variable_is_in_the_one_table() -> None:
    assert len(READ) > 12
    documented = (ROOT / "docs/operations.md").read_text().partition("## Every variable")[2]
    assert sorted(name for name in READ if f"`{name}`" not in documented) == []


def test_no_variable_is_given_that_nobody_reads() -> None:
    given = {name for text in texts() for name in re.findall(r"\b(?:MIGRATOR|OTEL)_[A-Z_]+\b", text)}
    assert len(given) > 5
    assert sorted(given - READ) == []


@pytest.mark.parametrize("where", sorted(command_lines()))
def test_what_is_started_is_a_command_of_ours(where: str) -> None:
    name, *options = command_lines()[where]
    command = typer.main.get_command(app)
    assert name in ("serve", "worker")
    command.commands[name].make_context(name, options)  # type: ignore[attr-defined]


def test_whoever_stops_it_waits_longer_than_its_runs_may_take() -> None:
    lines = command_lines()
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    waits = {f"compose {name}": services[name]["stop_grace_period"].rstrip("s") for name in ("server", "worker")}
    waits |= {f"kubernetes {name}": pod["terminationGracePeriodSeconds"] for name, pod in pods().items()}
    for unit in (DEPLOY / "systemd").glob("*.service"):
        waits[unit.name] = re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)[0]
    for where, seconds in waits.items():
        options = lines[where]
        grace = int(options[options.index("--grace") + 1]) if "--grace" in options else 20
        assert int(seconds) > grace + 5, where


def test_alerts_and_dashboard_ask_for_what_the_server_says(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path / 'catalog.db'}")) as database:
        bring_to_head(database)
        told = Metrics(figures=Figures(database=database)).text().decode()
    said = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((DEPLOY / "grafana/migrator.json").read_text())["panels"]
    asked = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    names = {name for expression in asked for name in re.findall(r"\b(?:migrator|process)_[a-z_]+\b", expression)}
    assert len(names) > 10
    assert sorted(name for name in names if re.sub("_(bucket|count|sum)$", "", name) not in said | PROMETHEUS_OWN) == []
    documented = (ROOT / "docs/operations.md").read_text()
    assert (
        sorted(
            name
            for name in said
            if name.startswith("migrator_") and not name.endswith("_created") and f"`{name}" not in documented
        )
        == []
    )


def test_alerts_fire_when_somebody_is_needed_and_then_alone() -> None:
    tool = shutil.which("promtool")
    assert tool, "promtool is not here: .ci/servers installs it"
    checked = subprocess.run(
        [tool, "test", "rules", Path(__file__).with_name("alerts.test.yml")], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    tested = Path(__file__).with_name("alerts.test.yml").read_text()
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules if rule["alert"] not in tested] == []


def test_every_alert_says_what_to_do() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        assert rule["annotations"]["summary"] and rule["annotations"]["description"] and rule["labels"]["severity"]
