"""A source is read no faster than the plan says, every row once, and what it cost is counted as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.contracts import ColumnCensus, Fence, Predicate, ReadLimits, Whole
from migrator.engine.gentle import Gentle, Pace
from migrator.outcomes import SourceCost
from storage.schema import Schema, Table

NOTES, WORDS = Table(name="notes", columns=()), Table(name="words", columns=())


@dataclass
class Time:
    """A clock that only moves when somebody sleeps or works."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.pauses.append(seconds)
        self.now += seconds


class Slow:
    """A reading whose every answer takes as long as it is told to."""

    fence = Fence(kind="test", token="-", taken_at="2026-01-01T00:00:00Z", isolation="serializable")  # noqa: S106
    schema = Schema(platform="test", version="1", tables=(NOTES, WORDS))

    def __init__(self, time: Time, batches: Sequence[pa.RecordBatch], *, takes: float = 0.0) -> None:
        self.time, self.batches, self.takes, self.closed = time, batches, takes, False

    def census(self, table: Table, _predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        self.time.now += self.takes
        return table, ()

    def count(self, _table: Table, _predicate: Predicate) -> int:
        self.time.now += self.takes
        return 7

    def scan(
        self, _table: Table, _predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self.batches:
                self.time.now += self.takes
                yield batch
        finally:
            self.closed = True


def batch_of(start: int, rows: int) -> pa.RecordBatch:
    return pa.record_batch({"n": pa.array(range(start, start + rows), pa.int64())})


@st.composite
def batches(draw: st.DrawFn) -> list[pa.RecordBatch]:
    found, start = [], 0
    for rows in draw(st.lists(st.integers(0, 40), max_size=12)):
        found.append(batch_of(start, rows))
        start += rows
    return found


@given(batches(), st.integers(1, 50), st.lists(st.floats(0, 3), min_size=12, max_size=12))
@settings(deadline=None)
def test_the_rate_is_never_exceeded_and_every_row_passes_once(
    given_batches: list[pa.RecordBatch], rate: int, works: list[float]
) -> None:
    time = Time()
    gentle = Gentle(Slow(time, given_batches), ReadLimits(rows_per_second=rate), clock=time.clock, sleep=time.sleep)
    began, arrivals, values, work = time.now, [], [], iter(works * 60)
    for few in gentle.scan(NOTES, Whole()):
        arrivals.append((time.now, few.num_rows))
        values += few.column("n").to_pylist()
        time.now += next(work)  # what is done with the rows takes time of its own
    assert values == list(range(sum(batch.num_rows for batch in given_batches)))
    assert all(pause <= 1 + 1e-9 for pause in time.pauses)
    for i, (at, _) in enumerate(arrivals):
        assert sum(rows for _, rows in arrivals[: i + 1]) <= rate * (at - began) + 1e-6
        for j, (later, _) in enumerate(arrivals[i:], start=i):
            # any window at all: the bucket holds one second, and the rows of its first moment count too
            assert sum(rows for _, rows in arrivals[i : j + 1]) <= rate * (later - at + 2) + 1e-6


def test_without_a_limit_batches_pass_as_they_are() -> None:
    time, whole = Time(), batch_of(0, 10_000)
    gentle = Gentle(Slow(time, [whole]), ReadLimits(), clock=time.clock, sleep=time.sleep)
    assert list(gentle.scan(NOTES, Whole())) == [whole]
    assert time.pauses == []


def test_scans_share_one_rate() -> None:
    """Two half-read tables beside each other cost the source no more than one."""
    time = Time()
    reading = Slow(time, [batch_of(0, 10), batch_of(10, 10)])
    gentle = Gentle(reading, ReadLimits(rows_per_second=10), clock=time.clock, sleep=time.sleep)
    for _ in zip(gentle.scan(NOTES, Whole()), gentle.scan(WORDS, Whole()), strict=True):
        pass
    assert time.now == pytest.approx(104.0)


def test_the_cost_is_what_was_asked_for_and_how_long_it_was_open() -> None:
    time, two = Time(), [batch_of(0, 5), batch_of(5, 5)]
    gentle = Gentle(Slow(time, two, takes=0.5), ReadLimits(), clock=time.clock, sleep=time.sleep)
    assert gentle.cost == SourceCost()
    assert gentle.count(NOTES, Whole()) == 7
    gentle.census(NOTES, Whole())
    for _ in gentle.scan(WORDS, Whole()):
        time.now += 2.0  # the platform holds its statement open while the rows are written
    assert gentle.cost == SourceCost(
        statements=3, longest_seconds=5.0, longest_table="words", seconds=2.0, rows=10, bytes=80
    )


def test_a_scan_that_is_left_or_fails_counts_and_is_closed() -> None:
    time = Time()
    reading = Slow(time, [batch_of(0, 5), batch_of(5, 5)], takes=1.0)
    gentle = Gentle(reading, ReadLimits(), clock=time.clock, sleep=time.sleep)
    scan = gentle.scan(NOTES, Whole())
    next(scan)
    del scan
    assert reading.closed
    assert (gentle.cost.statements, gentle.cost.rows, gentle.cost.longest_seconds) == (1, 5, 1.0)


def test_a_long_halt_is_not_made_up_for() -> None:
    time = Time()
    pace = Pace(10, clock=time.clock, sleep=time.sleep)
    time.now += 3_600
    list(pace.paced(batch_of(0, 100)))
    assert time.now == pytest.approx(3_700 + 9)  # one second's rows at once, the others at their pace
