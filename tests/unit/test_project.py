"""The project's own promises: its layers, its README, its commands, its public words."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from migrator.cli.app import app
from storage.errors import Fault, MigratorError, Misuse, Parked, Red, TransientFault

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    names = []
    for command in app.registered_commands:
        names.append(str(command.name))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            names.append(f"{group.name} {command.name or command.callback.__name__}")  # type: ignore[union-attr]
    return names


def test_imports_go_down_only() -> None:
    found = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, env=_environment())
    assert found.returncode == 0, found.stdout


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def test_only_wiring_names_a_driver() -> None:
    naming = [
        path.relative_to(ROOT)
        for path in (ROOT / "migrator").rglob("*.py")
        if re.search(r"^\s*from migrator\.platforms\.\w+", path.read_text(), re.MULTILINE)
        and "platforms" not in path.parts
    ]
    assert naming == [Path("migrator/wiring.py")]


def test_the_environment_is_read_in_one_place() -> None:
    reading = [
        path.relative_to(ROOT)
        for package in ("migrator", "mappings", "storage")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.environ|\bgetenv\b", path.read_text())
    ]
    assert reading == [Path("migrator/settings.py")]


def test_the_readme_begins_with_exactly_two_command_lines() -> None:
    block = (ROOT / "README.md").read_text().split("```")[1].strip().splitlines()
    assert len(block) == 2
    assert block[0].endswith("migrator demo")
    assert "pytest" in block[1]


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_readme(command: str) -> None:
    readme = (ROOT / "README.md").read_text().replace("\\|", "|")
    group, _, name = command.partition(" ")
    pattern = rf"`migrator {group} [a-z|]*\b{name}\b" if name else rf"`migrator {group}\b"
    assert re.search(pattern, readme), f"migrator {command} is not in the README"


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text()))))
def test_links_of_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_exit_codes_are_the_published_ones() -> None:
    assert {error: error.exit_code for error in (MigratorError, Fault, TransientFault, Misuse, Red, Parked)} == {
        MigratorError: 1,
        Fault: 1,
        TransientFault: 1,
        Misuse: 2,
        Red: 3,
        Parked: 130,
    }


def options() -> dict[str, set[str]]:
    """The options of every command."""

    def leaves(command: object, path: str = "") -> list[tuple[str, set[str]]]:
        children = getattr(command, "commands", None)
        if children is None:
            return [(path, {option for parameter in command.params for option in parameter.opts})]  # type: ignore[attr-defined]
        return [leaf for name, child in children.items() for leaf in leaves(child, f"{path} {name}".strip())]

    return dict(leaves(typer.main.get_command(app)))


def test_every_command_takes_json() -> None:
    assert [command for command, known in options().items() if "--json" not in known] == []


def test_every_option_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    every = {option for known in options().values() for option in known if option.startswith("--")} - {"--help"}
    assert len(every) > 8
    assert [option for option in sorted(every) if not re.search(rf"`[^`]*{option}\b", readme)] == []


def test_published_schemas_are_schemas() -> None:
    from jsonschema import Draft202012Validator

    for path in (ROOT / "mappings/mapping.schema.json", ROOT / "migrator/reports/verification.schema.json"):
        Draft202012Validator.check_schema(json.loads(path.read_text()))
