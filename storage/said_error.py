"""An error as data, for whoever reads it on another machine, and the same error again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from storage.errors import Fault, MigratorError, Misuse, Parked, Red
from storage.problem import Problem

_KINDS: dict[int, type[MigratorError]] = {kind.exit_code: kind for kind in (Misuse, Parked)}


def said_error(error: MigratorError) -> dict[str, Any]:
    """What happened, where, what to do next, whose move it is, and of a red answer every problem."""
    problems = [asdict(problem) for problem in error.problems] if isinstance(error, Red) else []
    return {
        "what": error.what,
        "where": error.where,
        "next": error.next,
        "exit_code": error.exit_code,
        "problems": problems,
    }


def read_error(said: Mapping[str, Any]) -> MigratorError:
    """What `said_error` gave, as an error; a Fault where it does not say whose move it is."""
    what, where, next_ = (str(said.get(name) or "") for name in ("what", "where", "next"))
    code = said.get("exit_code")
    if code == Red.exit_code:
        problems = tuple(map(_problem, said.get("problems") or ()))
        return Red(what, where=where, next=next_, problems=problems)
    return _KINDS.get(code or 0, Fault)(what, where=where, next=next_)


def _problem(said: Mapping[str, Any]) -> Problem:
    return Problem(
        where=str(said.get("where", "")),
        what=str(said.get("what", "")),
        count=int(said.get("count", 1)),
        examples=tuple(map(str, said.get("examples") or ())),
        next=str(said.get("next", "")),
    )
