from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from mappings.load import load_mapping
from mappings.node import read_yaml
from mappings.steps import STEPS
from tests.unit.mappings.test_load import SCHEMA

GUIDE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_the_guides_example_is_a_mapping() -> None:
    (example,) = re.findall(r"```yaml\n(mapping:.*?)```", GUIDE, re.DOTALL)
    load_mapping(example, file="docs/mapping.md")
    jsonschema.validate(read_yaml(example, file="docs/mapping.md").plain(), SCHEMA)


@pytest.mark.parametrize("step", [step for step in STEPS if step.name not in ("rename", "const", "sql")])
def test_every_step_has_a_chapter_whose_examples_parse(step: type) -> None:
    chapter = re.search(rf"^### {step.name}\n(.*?)(?=^##)", GUIDE, re.DOTALL | re.MULTILINE)  # type: ignore[attr-defined]
    assert chapter
    examples = re.findall(rf"`(\{{{step.name}: .*?\}})`", chapter[1])  # type: ignore[attr-defined]
    assert examples
    for example in examples:
        ((_, argument),) = read_yaml(example, file="docs/mapping.md").pairs("example")
        step.parse(argument, ("code", "name"))  # type: ignore[attr-defined]
