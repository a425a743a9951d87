"""How sizes and durations are written for people, everywhere alike."""

from __future__ import annotations


def said_size(count: int) -> str:
    """Bytes in the largest unit that leaves at least one: `3.0 MiB`."""
    amount, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def said_duration(seconds: float) -> str:
    """Seconds below a minute, then minutes and hours: `2.25 s`, `1 h 02 min 03 s`."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min {rest:02} s" if hours else f"{minutes} min {rest:02} s"
