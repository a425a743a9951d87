"""A run that is followed: what is said each time it changed, and the exit code of what it came to."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from migrator.cli.followed import tell
from migrator.cli.position import said_seconds
from migrator.runs.records import RunRecord

AT = "2026-11-22T15:00:00Z"
PROGRESS = {
    "step": "stage",
    "what": "companies",
    "done": 12_000,
    "total": 40_000,
    "rows_per_second": 3100.4,
    "seconds_left": 65.2,
    "at": AT,
}
RUN = RunRecord(
    run_id="r",
    kind="migration",
    number=1,
    plan="p",
    tenant="t",
    state="running",
    started_at=AT,
    host="h",
    process=1,
    progress=PROGRESS,
)


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ({"state": "done", "verdict": "green"}, 0),
        ({"state": "done", "verdict": "red", "error": {"what": "3 rows differ", "where": "t", "next": "look"}}, 3),
        ({"state": "failed", "error": {"what": "the disk is full", "where": "/", "next": "free some"}}, 1),
        ({"state": "parked"}, 130),
        ({"state": "cancelled"}, 130),
    ],
)
def test_the_exit_code_is_that_of_what_it_came_to(
    end: dict[str, object], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = replace(RUN, **end)  # type: ignore[arg-type]
    assert tell([RUN, ended], as_json=True) == code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["state"] for line in lines] == ["running", ended.state]
    assert lines[0]["progress"] == PROGRESS
    assert lines[1].get("what") == (ended.error or {}).get("what")


def test_a_person_reads_step_share_rate_and_time_left_once(capsys: pytest.CaptureFixture[str]) -> None:
    beaten = replace(RUN, heartbeat_at=AT)
    assert tell([RUN, beaten, replace(RUN, state="done", verdict="green")], as_json=False) == 0
    streams = capsys.readouterr()
    assert streams.err.splitlines() == ["… stage companies · 12 000 of 40 000 (30 %) · 3 100 rows/s · 1 min 5 s left"]
    assert streams.out == "✔ green migration done · run r\n"


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_spans_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert said_seconds(seconds) == said
