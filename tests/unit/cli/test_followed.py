"""A run that is followed: what is said each time it changed, and the exit code of what it came to."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from migrator.cli.followed import picture, tell
from migrator.cli.position import said_seconds
from migrator.cli.states import said_state
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
        ({"state": "failed", "error": {"what": "no such table", "where": "t", "next": "x", "exit_code": "2"}}, 2),
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
    assert streams.err.splitlines() == [
        "… running on h, process 1",
        "… stage companies · 12 000 of 40 000 (30 %) · 3 100 rows/s · 1 min 5 s left",
    ]
    assert streams.out == "✔ green migration done · run r\n"


TOOK_OVER = {"attempt": 2, "host": "other", "process": 7}


def test_a_person_reads_who_performs_it_and_who_could(capsys: pytest.CaptureFixture[str]) -> None:
    states: list[dict[str, Any]] = [
        {"state": "queued", "attempt": 0, "progress": None},
        {},
        {"state": "lost"},
        TOOK_OVER,
        {**TOOK_OVER, "state": "queued"},
        {**TOOK_OVER, "state": "cancelling"},
        {**TOOK_OVER, "state": "parked"},
    ]
    assert tell([replace(RUN, **state) for state in states], as_json=False) == 130
    streams = capsys.readouterr()
    told = [line for line in streams.err.splitlines() if "companies" not in line]
    expected = (
        "queued",
        "running on h",
        "runs resume r",
        "other, process 7: attempt 2",
        "put back",
        "erased",
        "parked",
    )
    assert [words in line for words, line in zip(expected, told, strict=True)] == [True] * len(expected)
    assert streams.out == "migration parked · run r\n"


def drawn(**state: Any) -> list[str]:
    """The picture of a run, as a terminal shows it."""
    console = Console(width=200, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as captured:
        console.print(picture(replace(RUN, **state)))
    return captured.get().splitlines()


def test_a_terminal_shows_who_performs_it_above_a_bar() -> None:
    head, bar = drawn()
    assert head.rstrip() == "migration 1 of p  running on h, process 1"
    assert [
        part for part in ("stage companies", "━━━", "12 000 of 40 000 (30 %)", "1 min 5 s left") if part not in bar
    ] == []
    assert len(drawn(state="queued", progress=None)) == 1
    (_, unknown) = drawn(progress={**PROGRESS, "total": None})
    assert "━" not in unknown and "12 000" in unknown


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({}, "running"),
        ({"attempt": 2}, "running, attempt 2"),
        ({"state": "queued", "attempt": 0}, "queued"),
        ({"state": "queued"}, "put back"),
        ({"state": "lost"}, "lost"),
    ],
)
def test_a_list_says_in_a_word_how_a_run_stands(state: dict[str, Any], said: str) -> None:
    assert said_state(replace(RUN, **state)) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_spans_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert said_seconds(seconds) == said
