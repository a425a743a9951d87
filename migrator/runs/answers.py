"""What a run came to, beside its report: kept for whoever asked for it on a server, and is told there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeVar

from storage.errors import MigratorError
from storage.said_error import said_error

Found = TypeVar("Found")


def of_found(found: Any) -> dict[str, Any]:
    """What it found, a value of frozen dataclasses: exactly what a program is told with --json."""
    return {"found": plain(asdict(found))}


def of_error(error: MigratorError) -> dict[str, Any]:
    """What ended it."""
    return {"error": said_error(error)}


def plain(value: Any) -> Any:
    """The value as JSON has it, and nothing that a database or another program could stumble over."""
    return json.loads(json.dumps(value, default=str), parse_constant=str)


def read_found(kind: type[Found], said: Mapping[str, Any]) -> Found:
    """The value again that `of_found` was given."""
    from pydantic import TypeAdapter  # slow to import

    return TypeAdapter(kind).validate_python(said)
