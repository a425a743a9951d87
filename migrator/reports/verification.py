"""verification.json: the one form of a run report that is kept; docs/report.md explains every key.

The document is the value: it is written from the fields of `RunReport` and read back by their declared types, so a
field added to the value is in the document at once (and the published schema's test asks for its description).
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Any, get_args, get_origin, get_type_hints

from migrator.outcomes import Equation, RunReport
from storage.errors import Misuse

SCHEMA = "migrator/verification/1"

_SURROGATE = re.compile("[\ud800-\udfff]")
_NEXT = "use a verification.json as this software wrote it (docs/report.md describes it)"


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (2020-12) every report validates against."""
    text = files("migrator.reports").joinpath("verification.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


# ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────
def to_json(report: RunReport) -> str:
    """The canonical document: equal reports give equal bytes. Members in declared order, free maps by name."""
    text = json.dumps({"schema": SCHEMA, **_plain(report)}, ensure_ascii=False, allow_nan=False, indent=2)
    # half a surrogate pair is data too (a key from a broken encoding) but has no UTF-8: it stays escaped
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        members = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return members | {"unexplained": value.unexplained} if isinstance(value, Equation) else members
    if isinstance(value, Mapping):
        return {name: _plain(value[name]) for name in sorted(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────
def from_json(text: str) -> RunReport:
    """The report `to_json` wrote, exactly; unknown members are ignored. Misuse names the member that is wrong."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Misuse("this is not JSON", where=str(error), next=_NEXT) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise Misuse(f"this is not a {SCHEMA} document but {schema!r}", where="$.schema", next=_NEXT)
    report: RunReport = _dataclass(RunReport, document, "$")
    return report


def _value(declared: Any, given: Any, where: str) -> Any:
    """`given` as a value of the declared type: the few kinds of type that migrator.outcomes uses."""
    if dataclasses.is_dataclass(declared):
        return _dataclass(declared, given, where)
    origin, arguments = get_origin(declared), get_args(declared)
    if origin is types.UnionType:
        return None if given is None else _value(arguments[0], given, where)
    if origin is tuple and isinstance(given, list):
        return tuple(_value(arguments[0], item, f"{where}[{position}]") for position, item in enumerate(given))
    if origin is dict and isinstance(given, dict):
        return {name: _value(arguments[1], item, f"{where}.{name}") for name, item in given.items()}
    return _scalar(declared, given, where)


def _scalar(declared: Any, given: Any, where: str) -> Any:
    if isinstance(declared, type) and issubclass(declared, StrEnum):
        names = [member.value for member in declared]
        return declared(given) if given in names else _refuse(f"{given!r} is not one of {', '.join(names)}", where)
    accepted = (int, float) if declared is float else declared
    fits = isinstance(accepted, type | tuple) and isinstance(given, accepted)
    if not fits or (isinstance(given, bool) and declared is not bool):
        return _refuse(f"{json.dumps(given)[:80]} is not a {getattr(declared, '__name__', declared)}", where)
    return given


def _dataclass(declared: Any, given: Any, where: str) -> Any:
    if not isinstance(given, dict):
        return _refuse(f"{json.dumps(given)[:80]} is not an object", where)
    hints, members = get_type_hints(declared), {}
    for field in dataclasses.fields(declared):
        if field.name in given:
            members[field.name] = _value(hints[field.name], given[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            _refuse("this member is missing", f"{where}.{field.name}")
    value = declared(**members)
    if isinstance(value, Equation) and given.get("unexplained", value.unexplained) != value.unexplained:
        _refuse(f"the equation leaves {value.unexplained} rows unexplained", f"{where}.unexplained")
    return value


def _refuse(what: str, where: str) -> Any:
    raise Misuse(f"this is not a verification report: {what}", where=where, next=_NEXT)
