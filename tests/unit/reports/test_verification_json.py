"""verification.json is the report: nothing is lost in it, and what is not a report is refused by name."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from migrator.outcomes import Equation, Forecast, RehearsalBefore, RunReport, SlowerStep, SourceCost, StepTiming
from migrator.reports.verification import from_json, json_schema, to_json
from storage.errors import Misuse
from tests.unit.reports.report_samples import EMPTY, RED, SAMPLES

# half a surrogate pair is what a broken encoding leaves in a key
_TEXT = st.text(st.characters(codec="utf-8") | st.just("\ud800"), max_size=6)
_SECONDS = st.floats(min_value=0, allow_infinity=False, allow_nan=False)
_SLOWER = st.builds(SlowerStep, before_seconds=_SECONDS, seconds=_SECONDS)
_FORECASTS = st.builds(
    Forecast,
    **dict.fromkeys(("seconds", "lock_seconds", "rollback_seconds"), _SECONDS),
    **dict.fromkeys(("took_seconds", "took_lock_seconds", "way_back_seconds"), st.none() | _SECONDS),
)
_INFERRED = {field.name: ... for field in dataclasses.fields(RunReport)}
_REPORTS = st.builds(
    RunReport,
    **_INFERRED
    | {
        "tenant": _TEXT,
        "excluded_tables": st.dictionaries(_TEXT, _TEXT),
        "timings": st.lists(st.builds(StepTiming, step=_TEXT, seconds=_SECONDS), max_size=3).map(tuple),
        "forecast": st.none() | _FORECASTS,
        "rehearsal_before": st.none() | st.builds(RehearsalBefore, slower=st.lists(_SLOWER, max_size=2).map(tuple)),
        "source_cost": st.none() | st.builds(SourceCost, longest_seconds=_SECONDS, seconds=_SECONDS),
    },
)


@given(_REPORTS)
def test_every_report_reads_back_as_it_was(report: RunReport) -> None:
    text = to_json(report)
    text.encode("utf-8")
    assert from_json(text) == report
    assert to_json(from_json(text)) == text


@pytest.mark.parametrize("name", SAMPLES)
def test_every_report_satisfies_the_published_schema(name: str) -> None:
    document = json.loads(to_json(SAMPLES[name]))
    assert not list(Draft202012Validator(json_schema()).iter_errors(document))


@given(st.dictionaries(_TEXT, _TEXT))
def test_equal_reports_give_equal_bytes(fence: dict[str, str]) -> None:
    backwards = dict(reversed(fence.items()))
    assert to_json(dataclasses.replace(EMPTY, fence=fence)) == to_json(dataclasses.replace(EMPTY, fence=backwards))


def _documented(schema: dict[str, Any]) -> dict[str, set[str]]:
    objects = {"RunReport": schema, **schema["$defs"]}
    return {name: set(part["properties"]) for name, part in objects.items()}


def test_the_schema_describes_exactly_what_a_report_holds() -> None:
    import migrator.outcomes as outcomes
    import storage.problem

    nouns = {
        "equation": Equation,
        "column": outcomes.ColumnFate,
        "verification": outcomes.Verification,
        "table": outcomes.TableComparison,
        "difference": outcomes.Difference,
        "check": outcomes.Check,
        "problem": storage.problem.Problem,
        "timing": outcomes.StepTiming,
        "cost": outcomes.SourceCost,
        "proof": outcomes.ScopeProof,
        "archived": outcomes.ArchivedTable,
        "seal_parts": outcomes.SealParts,
        "admission": outcomes.Admission,
        "forecast": outcomes.Forecast,
        "rehearsal_before": outcomes.RehearsalBefore,
        "change": outcomes.Change,
        "slower": outcomes.SlowerStep,
        "RunReport": RunReport,
    }
    held = {name: {field.name for field in dataclasses.fields(noun)} for name, noun in nouns.items()}
    held["equation"].add("unexplained")
    held["RunReport"].add("schema")
    assert _documented(json_schema()) == held


def test_every_key_is_explained_in_the_guide() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "report.md").read_text("utf-8")
    keys = set().union(*_documented(json_schema()).values())
    assert {key for key in keys if f"`{key}`" not in guide} == set()


def test_a_later_version_may_say_more() -> None:
    document = json.loads(to_json(RED)) | {"attachments": {"files": 12}}
    document["equations"][0]["colour"] = "blue"
    assert from_json(json.dumps(document)) == RED
    Draft202012Validator(json_schema()).validate(document)


def test_unexplained_rows_are_stated_and_must_add_up() -> None:
    document = json.loads(to_json(RED))
    assert [equation["unexplained"] for equation in document["equations"]] == [0, 0, 0, 8, -1]
    document["equations"][3]["unexplained"] = 0
    with pytest.raises(Misuse) as refused:
        from_json(json.dumps(document))
    assert refused.value.where == "$.equations[3].unexplained"


def _without(member: str) -> dict[str, Any]:
    return {name: value for name, value in json.loads(to_json(RED)).items() if name != member}


@pytest.mark.parametrize(
    ("document", "where"),
    [
        (_without("schema"), "$.schema"),
        (_without("tenant"), "$.tenant"),
        (_without("") | {"schema": "migrator/verification/2"}, "$.schema"),
        (_without("") | {"verdict": "amber"}, "$.verdict"),
        (_without("") | {"number": True}, "$.number"),
        (_without("") | {"fence": {"token": 3}}, "$.fence.token"),
        (_without("") | {"equations": {}}, "$.equations"),
        (_without("") | {"verification": 7}, "$.verification"),
        ([], "$.schema"),
    ],
)
def test_what_is_not_a_report_is_refused_where_it_is_wrong(document: object, where: str) -> None:
    with pytest.raises(Misuse) as refused:
        from_json(json.dumps(document))
    assert refused.value.where == where
    assert refused.value.next


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(Misuse, match="not JSON"):
        from_json('{"schema": ')


def test_the_reader_knows_every_type_a_report_is_declared_with() -> None:
    """A field of a type `from_json` cannot read would be refused in the reports this very program writes."""
    hints = get_type_hints(RunReport)
    assert get_args(hints["rollback"])[0] == dict[str, int]
    assert from_json(to_json(SAMPLES["rollback"])).rollback == {"reversed": 5_442, "kept": 0, "failed": 0}
