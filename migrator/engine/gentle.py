"""Reading a source no faster than the plan allows, and counting what the reading costs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from migrator.contracts import ColumnCensus, Fence, Predicate, Reading, ReadLimits, Source
from migrator.engine.views import naming, with_views
from migrator.outcomes import SourceCost
from migrator.plan import SourcePlan
from storage.model import Model
from storage.schema import Table

Clock = Callable[[], float]
Sleep = Callable[[float], None]

_HELD_S = 1.0  # what the bucket holds: time spent on writing the archive is made up for, a long halt is not


@contextmanager
def gently(source: Source, limits: ReadLimits, fence: Fence | None = None) -> Iterator[Gentle]:
    """The source's fence, or the one that was taken before, read within the limits."""
    with source.join(fence) if fence is not None else source.fence() as reading:
        yield Gentle(reading, limits)


@contextmanager
def as_planned(source: Source, plan: SourcePlan, fence: Fence | None = None) -> Iterator[Gentle]:
    """The same within the plan's limits, the views it asks for among the tables."""
    with gently(source, plan.limits, fence) as reading:
        reading.schema = with_views(reading.schema, plan.scope)
        yield reading


class Gentle:
    """A `contracts.Reading` of another one: the same rows, at the plan's pace, and their cost to the source counted.

    A statement is one scan, count or census, however many a driver makes of it. It is open from the first row asked for
    to the last one given, pauses included: for as long the platform had it.
    """

    def __init__(
        self, reading: Reading, limits: ReadLimits, *, clock: Clock = time.monotonic, sleep: Sleep = time.sleep
    ) -> None:
        self.fence = reading.fence
        self.schema = reading.schema
        self._reading = reading
        self._meter = _Meter(clock)
        self._pace = Pace(limits.rows_per_second, clock=clock, sleep=sleep)

    @property
    def cost(self) -> SourceCost:
        """What was asked of the source so far."""
        return replace(self._meter.cost, seconds=round(self._meter.cost.seconds, 3))

    def census(self, table: Table, predicate: Predicate) -> tuple[Table, tuple[ColumnCensus, ...]]:
        with naming(table), self._meter.statement(table), self._meter.waiting():
            return self._reading.census(table, predicate)

    def count(self, table: Table, predicate: Predicate) -> int:
        with naming(table), self._meter.statement(table), self._meter.waiting():
            return self._reading.count(table, predicate)

    def model(self, tables: Collection[str]) -> Model:
        with self._meter.waiting():
            return self._reading.model(tables)

    def scan(
        self, table: Table, predicate: Predicate, *, columns: Sequence[str] | None = None, distinct: bool = False
    ) -> Iterator[pa.RecordBatch]:
        batches = self._reading.scan(table, predicate, columns=columns, distinct=distinct)
        with naming(table), self._meter.statement(table):
            while (batch := self._next(batches)) is not None:
                self._meter.passed(batch)
                yield from self._pace.paced(batch)

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        with self._meter.waiting():
            return next(batches, None)


class Pace:
    """A token bucket over rows: empty at the start, so that the rate holds from the first row to any later one."""

    def __init__(self, rows_per_second: int | None, *, clock: Clock, sleep: Sleep) -> None:
        self._rate = rows_per_second
        self._clock = clock
        self._sleep = sleep
        self._paid_until = clock()

    def paced(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """The batch in slices of at most a second's rows, each when its time has come."""
        if self._rate is None:
            yield batch
            return
        for start in range(0, max(batch.num_rows, 1), self._rate):
            few = batch.slice(start, self._rate)
            self._wait(few.num_rows / self._rate)
            yield few

    def _wait(self, seconds: float) -> None:
        now = self._clock()
        self._paid_until = max(self._paid_until, now - _HELD_S) + seconds
        if self._paid_until > now:
            self._sleep(self._paid_until - now)


class _Meter:
    """Adds up what is asked of the platform, and for how long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.cost = SourceCost()

    @contextmanager
    def statement(self, table: Table) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            cost = replace(self.cost, statements=self.cost.statements + 1)
            seconds = round(self._clock() - began, 3)
            if not cost.longest_table or seconds > cost.longest_seconds:
                cost = replace(cost, longest_seconds=seconds, longest_table=table.name)
            self.cost = cost

    @contextmanager
    def waiting(self) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            self.cost = replace(self.cost, seconds=self.cost.seconds + self._clock() - began)

    def passed(self, batch: pa.RecordBatch) -> None:
        self.cost = replace(self.cost, rows=self.cost.rows + batch.num_rows, bytes=self.cost.bytes + batch.nbytes)
