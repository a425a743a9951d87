"""What Prometheus reads: the requests of this process, and how it stands with the whole server, by its catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from migrator.service.figures import Figures, Standing

_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Of one application; several servers on one catalog say the same of it."""

    figures: Figures
    registry: CollectorRegistry = field(default_factory=lambda: CollectorRegistry(auto_describe=True))
    requests: Histogram = field(init=False)
    defects: Counter = field(init=False)

    def __post_init__(self) -> None:
        labels = ("method", "route", "status")
        timed = Histogram(
            "migrator_http_request_seconds", "Requests by how long they took.", labels, buckets=_BUCKETS_S,
            registry=self.registry,
        )  # fmt: skip
        defects = Counter("migrator_defects", "Requests that a defect of ours ended.", registry=self.registry)
        object.__setattr__(self, "requests", timed)
        object.__setattr__(self, "defects", defects)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_OfCatalog(self.figures))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method if method in _METHODS else "other", route, str(status)).observe(seconds)
        if status == 500:
            self.defects.inc()

    def text(self) -> bytes:
        """Prometheus' text format. Fault where the catalog does not answer."""
        return generate_latest(self.registry)


@dataclass(frozen=True)
class _OfCatalog(Collector):
    """Read when it is asked for: nothing has to be counted along, so nothing is lost with a process."""

    figures: Figures

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return _families(self.figures.now())


def _families(standing: Standing) -> Iterable[Metric]:
    runs = GaugeMetricFamily("migrator_runs", "Runs in the catalog.", labels=("tenant", "kind", "state", "outcome"))
    ended = GaugeMetricFamily(
        "migrator_run_ended_timestamp_seconds", "When the newest run ended so.", labels=("tenant", "kind", "outcome")
    )
    for one in standing.runs:
        runs.add_metric((one.tenant, one.kind, one.state, one.outcome), one.count)
        if one.ended_at is not None:
            ended.add_metric((one.tenant, one.kind, one.outcome), one.ended_at)
    yield from (runs, ended)
    archives = GaugeMetricFamily("migrator_archives", "Archives in the catalog.", labels=("tenant",))
    size = GaugeMetricFamily("migrator_archive_bytes", "Bytes of all archives.", labels=("tenant",))
    newest = GaugeMetricFamily(
        "migrator_archive_newest_timestamp_seconds", "When the newest archive was taken.", labels=("tenant",)
    )
    for kept in standing.archives:
        for family, value in ((archives, kept.count), (size, kept.bytes), (newest, kept.newest_at)):
            family.add_metric((kept.tenant,), value)
    yield from (archives, size, newest)
    notices = GaugeMetricFamily("migrator_notices", "Notices of the last 30 days.", labels=("state",))
    for state, count in standing.notices.items():
        notices.add_metric((state,), count)
    yield notices
    yield from _waiting(standing)


def _waiting(standing: Standing) -> Iterable[Metric]:
    for name, words, value in (
        ("migrator_runs_queued", "Runs that wait for a worker.", standing.queued.count),
        ("migrator_runs_queued_longest_seconds", "How long the first of them has waited.", standing.queued.longest_s),
        ("migrator_run_silence_seconds", "How long nothing was heard of a run under way.", standing.silence_s),
        ("migrator_workers_idle", "Workers that have nothing to perform.", standing.idle_workers),
        ("migrator_approvals_open", "What waits for an approver.", standing.approvals.count),
        ("migrator_approvals_open_longest_seconds", "How long the first has waited.", standing.approvals.longest_s),
    ):
        yield GaugeMetricFamily(name, words, value=value)
