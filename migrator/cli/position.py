"""How far a run is, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.cli.output import said_number

if TYPE_CHECKING:
    from migrator.runs.liveness.pace import Position
    from migrator.runs.records import RunRecord

_NOTHING = "–"


def position_of(record: RunRecord) -> Position | None:
    """Where a run is; None where it is nowhere any more, or has told nothing yet."""
    from migrator.runs.liveness.pace import Position

    return Position.read(record.progress) if record.is_under_way or record.state == "lost" else None


def said_position(position: Position) -> str:
    """One line: the step, how much of it is done, how fast, and how long it will take."""
    return " · ".join(part for part in (f"{position.step} {position.what}".strip(), said_pace(position)) if part)


def said_pace(position: Position) -> str:
    """How much of its step is done, how fast, and how long the rest will take; nothing where nobody knows."""
    parts = []
    if position.total:
        parts.append(f"{said_number(position.done)} of {said_number(position.total)} ({position.percent} %)")
    elif position.done:
        parts.append(said_number(position.done))
    if position.rows_per_second:
        parts.append(f"{said_number(round(position.rows_per_second))} {_unit(position)}/s")
    if position.seconds_left is not None:
        parts.append(f"{said_seconds(position.seconds_left)} left")
    return " · ".join(parts)


def cells(position: Position | None) -> tuple[str, str, str, str]:
    """Step, percent, rows a second and time left, for a table."""
    if position is None:
        return (_NOTHING,) * 4
    rate, left = position.rows_per_second, position.seconds_left
    return (
        f"{position.step} {position.what}".strip(),
        f"{position.percent}" if position.percent is not None else _NOTHING,
        said_number(round(rate)) if rate else _NOTHING,
        said_seconds(left) if left is not None else _NOTHING,
    )


def said_seconds(seconds: float) -> str:
    """A span as people say it: 12 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _unit(position: Position) -> str:
    return "files" if "files" in position.step else "rows"
