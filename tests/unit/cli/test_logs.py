"""The log's two forms: nobody writes lines into it, and every line of the one is an object."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from migrator.cli.logs import ABOUT, log_to_stderr, say
from migrator.settings import LogForm, read_settings
from storage.errors import Misuse


@contextmanager
def logging_as(form: LogForm) -> Iterator[io.StringIO]:
    loggers = [logging.getLogger(name) for name in ("migrator", "uvicorn")]
    before = [(one, one.handlers, one.propagate, one.level) for one in loggers]
    lines = io.StringIO()
    log_to_stderr(form)
    for handler in loggers[0].handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(lines)
    yield lines
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate = handlers, propagate
        one.setLevel(level)


@pytest.mark.parametrize("form", list(LogForm))
def test_what_a_stranger_sends_makes_no_line_of_its_own(form: LogForm) -> None:
    with logging_as(form) as lines:
        logging.getLogger("migrator.http").info("%s", "GET /x\n2026-01-01 forged\x1b[2J\u2028more")
    (line,) = lines.getvalue().splitlines()
    assert "forged" in line and "\x1b" not in line


def test_a_line_says_when_which_process_and_which_run() -> None:
    with logging_as(LogForm.TEXT) as lines:
        logging.getLogger("migrator.worker").info("begun", extra={ABOUT: {"run": "r-1", "tenant": "acme"}})
    at, process, run, words = lines.getvalue().split(" ", 3)
    assert at.endswith("Z") and process.startswith("[") and (run, words) == ("r-1", "begun\n")


def test_where_programs_read_all_of_it_is_objects() -> None:
    with logging_as(LogForm.JSON) as lines:
        say("… ending: its runs have 20 s to stop", LogForm.JSON)
        logging.getLogger("migrator.worker").info("begun", extra={ABOUT: {"run": "r-1", "tenant": "acme", "who": None}})
    ending, begun = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert ending["words"].startswith("ending")
    assert (begun["run"], begun["tenant"], begun["log"], "who" in begun) == ("r-1", "acme", "migrator.worker", False)


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(Misuse, match="no form of log"):
        read_settings(MIGRATOR_LOG="yaml")
