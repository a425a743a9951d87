"""The log of whoever serves or performs runs: on stderr, a line for people or an object for programs."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from migrator.cli.output import stderr
from migrator.settings import LogForm
from storage import moment

ABOUT = "about"
"""What a record is about (`run`, `tenant`, `request`, …), in the `extra` of whoever logs."""


def log_to_stderr(form: LogForm) -> None:
    """Everything this program and its server say, from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Objects() if form is LogForm.JSON else _Lines())
    handler.addFilter(_is_said_once)
    for name in ("migrator", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
    logging.getLogger("migrator").setLevel(logging.INFO)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def say(words: str, form: LogForm) -> None:
    """What whoever started it reads first and last: as it is, or, where programs read, as they read all the rest."""
    if form is LogForm.JSON:
        logging.getLogger("migrator").info("%s", words.strip("… "))
    else:
        stderr.print(words, markup=False)


def _is_said_once(record: logging.LogRecord) -> bool:
    """A defect is told by whoever answers the request, with its id; the server would tell it again, without."""
    return not record.getMessage().startswith("Exception in ASGI application")


class _Lines(logging.Formatter):
    """When, which process, which run or request, and what of it."""

    def format(self, record: logging.LogRecord) -> str:
        about = _about(record)
        name = about.get("run") or about.get("request") or "-"
        line = printable(f"{_at(record)} [{record.process}] {name} {record.getMessage()}")
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Objects(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "log": record.name,
            "process": record.process,
            **_about(record),
            "words": record.getMessage(),
        }
        if record.exc_info:
            told["defect"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def printable(words: str) -> str:
    """In one line, whatever a stranger sent: nobody writes lines into a log by asking for them."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in words)


def _about(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in getattr(record, ABOUT, {}).items() if value not in (None, "")}


def _at(record: logging.LogRecord) -> str:
    return moment.written(datetime.fromtimestamp(record.created, UTC), "milliseconds")
