"""How points in time are written everywhere: RFC 3339, in UTC, with a Z."""

from __future__ import annotations

from datetime import UTC, datetime


def written(at: datetime, timespec: str = "seconds") -> str:
    """The moment as text; `timespec` as datetime.isoformat takes it (seconds, milliseconds, microseconds)."""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def now(timespec: str = "seconds") -> str:
    """This moment as text."""
    return written(datetime.now(UTC), timespec)
