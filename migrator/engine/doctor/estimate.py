"""What a migration will probably take, before anything starts: an estimate, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from migrator.contracts import ReadLimits, TableSize

_START_S = 2.0  # what a command takes that finds little to do
_READ_TWICE = 2  # the closure reads the keys of rows that the snapshot then reads whole


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much there is to move; `at_most` where only a part of it is the tenant's, and nobody has read which."""

    rows: int
    bytes: int
    at_most: bool
    basis: str


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Rows a second of one step, and where the figure comes from."""

    rows_per_second: float
    basis: str


_DOCUMENTED = "as docs/benchmarks.md measured it: SQLite to SQLite on two cores"


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The speed of each step: as documented, unless runs of the same plan have shown it."""

    snapshot: Rate = field(default=Rate(rows_per_second=57_000, basis=_DOCUMENTED))
    load: Rate = field(default=Rate(rows_per_second=11_500, basis=_DOCUMENTED))  # map check and migrate
    merge: Rate = field(default=Rate(rows_per_second=40_000, basis=_DOCUMENTED))  # while locks are held

    @property
    def said(self) -> str:
        """Which of them were measured here."""
        steps = {"snapshot": self.snapshot, "load": self.load, "merge": self.merge}
        measured = [name for name, rate in steps.items() if rate.basis != _DOCUMENTED]
        if not measured:
            return "no run of this plan was large enough to measure: documented speeds are used"
        return f"measured in runs of this plan: {', '.join(measured)}"


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """Rows and bytes to move, seconds each step takes, seconds the target's locks are held. None: it cannot be said."""

    rows: int | None = None
    bytes: int | None = None
    at_most: bool = False
    snapshot_seconds: float | None = None
    load_seconds: float | None = None
    lock_seconds: float | None = None
    basis: tuple[str, ...] = ()


def amount_of(sizes: Iterable[TableSize], tables: Iterable[str], *, whole: bool) -> Amount:
    """What the platform's statistics say of these tables; `whole` where every row of them is the tenant's."""
    named = set(tables)
    counted = [size for size in sizes if size.table in named]
    share = "" if whole else " of all tenants; this tenant's share is not known without reading them"
    return Amount(
        rows=sum(size.rows for size in counted),
        bytes=sum(size.bytes for size in counted),
        at_most=not whole,
        basis=f"rows and bytes: the source's statistics of the {len(named)} tables in scope{share}",
    )


def estimate(amount: Amount | None, limits: ReadLimits | None, rates: Rates, *, loads: bool) -> Estimates:
    """`limits` of a plan with a source, None without one; `loads` where the plan has a target."""
    if amount is None:
        return Estimates(basis=("nothing to estimate from: no archive, and no source that could be looked at",))
    found = Estimates(rows=amount.rows, bytes=amount.bytes, at_most=amount.at_most, basis=(amount.basis,))
    if limits is not None:
        found = _with_snapshot(found, amount.rows, limits, rates.snapshot)
    return _with_load(found, amount.rows, rates) if loads else found


def _with_snapshot(found: Estimates, rows: int, limits: ReadLimits, rate: Rate) -> Estimates:
    seconds, basis = _START_S + rows / rate.rows_per_second, [_said("snapshot", rate)]
    if limits.rows_per_second is not None:
        seconds = max(seconds, _READ_TWICE * rows / limits.rows_per_second)
        basis.append(f"snapshot: no more than {limits.rows_per_second} rows a second, by the plan; keys are read twice")
    return replace(found, snapshot_seconds=round(seconds, 1), basis=(*found.basis, *basis))


def _with_load(found: Estimates, rows: int, rates: Rates) -> Estimates:
    return replace(
        found,
        load_seconds=round(_START_S + rows / rates.load.rows_per_second, 1),
        lock_seconds=round(rows / rates.merge.rows_per_second, 1),
        basis=(*found.basis, _said("load", rates.load), _said("locks", rates.merge)),
    )


def _said(step: str, rate: Rate) -> str:
    return f"{step}: {f'{rate.rows_per_second:_.0f}'.replace('_', ' ')} rows a second, {rate.basis}"
