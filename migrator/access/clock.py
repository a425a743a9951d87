"""Moments as the tables keep them: text that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage import moment


def now() -> str:
    return moment.now("milliseconds")


def ago(period: timedelta) -> str:
    return moment.written(datetime.now(UTC) - period, "milliseconds")


def ahead(period: timedelta) -> str:
    return moment.written(datetime.now(UTC) + period, "milliseconds")
