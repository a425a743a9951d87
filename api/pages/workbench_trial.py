"""Rows on trial as a page shows them: of one column its sources beside it, of all what each value was before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from migrator.engine.trial import Trial, Tried

_LONGEST = 160


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A value as text, None is NULL; `was` says what it was made of, where that is one value and another one."""

    text: str | None = None
    was: str | None = None
    is_changed: bool = False
    refused: str = ""


@dataclass(frozen=True, kw_only=True)
class TrialRow:
    before: tuple[str | None, ...]
    after: tuple[Outcome, ...]
    left: str


@dataclass(frozen=True, kw_only=True)
class TrialTable:
    """`before` and `after` name columns; nothing is in `after` where the column that is asked for is not filled."""

    trial: Trial
    before: tuple[str, ...]
    after: tuple[str, ...]
    rows: tuple[TrialRow, ...]

    @property
    def refused(self) -> int:
        return sum(any(one.refused for one in row.after) for row in self.rows)


def trial_table(trial: Trial, column: str) -> TrialTable:
    """Of the column of that name, or of all where none is named."""
    after = tuple(name for name in trial.reads if name == column or not column)
    before = trial.reads.get(column, ())
    return TrialTable(
        trial=trial,
        before=before,
        after=after,
        rows=tuple(
            TrialRow(
                before=tuple(_said(row.before[name]) for name in before),
                after=tuple(_outcomes(trial, row, after, with_before=not column)),
                left=row.left,
            )
            for row in trial.rows
        ),
    )


def _outcomes(trial: Trial, row: Tried, names: tuple[str, ...], *, with_before: bool) -> Iterator[Outcome]:
    for name in names:
        text, refused = _said(row.after.get(name)), row.refused.get(name, "")
        reads = trial.reads[name]
        was = _said(row.before[reads[0]]) if with_before and len(reads) == 1 else None
        is_changed = with_before and len(reads) == 1 and (bool(refused) or was != text)
        yield Outcome(text=text, was=was, is_changed=is_changed, refused=refused)


def _said(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"<{len(value):,} bytes>".replace(",", " ") if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
