"""Whether another clock goes with this machine's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from migrator.contracts import Finding

_SKEW = timedelta(seconds=60)

Now = Callable[[], datetime]


def clock(theirs: datetime, before: datetime, after: datetime) -> Finding:
    """They read their clock at some moment between two of ours: what lies between those is no difference."""
    apart = max(before - theirs, theirs - after, timedelta())
    if apart <= _SKEW:
        return Finding(what="clock", verdict="ok", found=f"{apart.total_seconds():.0f} s from this machine's")
    return Finding(
        what="clock",
        verdict="warning",
        found=f"{apart.total_seconds():.0f} s {'behind' if theirs < before else 'ahead of'} this machine's",
        next="set both by NTP: an archive's times are this machine's, those in its data the server's",
    )
