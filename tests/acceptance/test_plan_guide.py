"""The guides say every key there is, and its examples are plans."""

from __future__ import annotations

import re

import pytest

from migrator.contracts import ReadLimits
from migrator.plan import read_plan
from migrator.plan.reading import _LIMITS, MATCH_POLICIES
from migrator.plan.written import FOREIGN_POLICIES
from tests.acceptance.world import ROOT

GUIDE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
VARIABLES = {"SOURCE_URL": "sqlite:///a.db", "TARGET_URL": "sqlite:///b.db"}
ROOTS = re.findall(r"```yaml root\n(.*?)\n```", GUIDE, re.DOTALL)


def test_the_example_is_a_plan_that_says_everything() -> None:
    [example] = re.findall(r"```yaml\n(plan:.*?)```", GUIDE, re.DOTALL)
    read = read_plan(example, file="docs/plan.md", variables=VARIABLES)
    scope = read.needs_source().scope
    assert all((scope.shared, scope.excluded, scope.references, scope.paths, scope.foreign, scope.attachments))
    assert read.needs_source().limits == ReadLimits(
        max_connections=3, allow_brief_lock=False, statement_timeout_s=600, rows_per_second=20_000
    )
    assert read.store and read.mapping and read.needs_target().max_lock_s and scope.accept and scope.views


def test_the_readme_s_example_does_a_whole_migration() -> None:
    [example] = re.findall(r"```yaml\n(plan:.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    read = read_plan(example, file="README.md", variables={**VARIABLES, "STORE_URL": "file:///archives"})
    assert read.needs_source() and read.needs_target() and read.store and read.mapping


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_is_one(root: str) -> None:
    text = f"plan: p\ntenant: t\nsource:\n  url: sqlite:///a.db\n  scope:\n    root: {root}\n"
    assert read_plan(text, file="docs/plan.md", variables={}).source


def test_every_key_is_said() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "migrator" / "plan").glob("*.py"))
    keys = {
        key for keys in re.findall(r"(?:required|optional)=\(([^)]*)\)", source) for key in re.findall(r'"(\w+)"', keys)
    }
    choices = {*FOREIGN_POLICIES, *MATCH_POLICIES, *_LIMITS}
    assert len(keys) > 15 and len(ROOTS) == 5
    guides = GUIDE + (ROOT / "docs" / "masking.md").read_text(encoding="utf-8")
    assert [key for key in sorted(keys | choices) if not re.search(rf"\b{key}\b", guides)] == []
