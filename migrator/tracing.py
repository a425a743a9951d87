"""Spans of requests, runs and their steps, sent where the environment says; where it says nothing, none are made.

What they hold is names, of route, tenant, plan, run and step: no address, no error's text, nothing of anybody's rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from migrator.outcomes import Tick
from migrator.settings import Settings, tool
from storage.errors import Misuse

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

    from migrator.runs.records import RunRecord


@dataclass(kw_only=True)
class Tracing:
    """Of one process; `close` sends what is still here."""

    provider: TracerProvider
    _of_run: Context | None = field(default=None)
    _step: tuple[str, Span] | None = field(default=None)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)  # several threads tick

    @contextmanager
    def request(self, headers: Mapping[str, str]) -> Iterator[Span]:
        """A request, below the span of whoever asked; its name is given when it is known."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        asked = TraceContextTextMapPropagator().extract(headers)
        with self._spanned("request", context=asked, kind=SpanKind.SERVER) as span:
            yield span

    @contextmanager
    def run(self, record: RunRecord) -> Iterator[None]:
        """An attempt at a run; what `tick` hears meanwhile are its steps."""
        about = {
            "migrator.run": record.run_id,
            "migrator.kind": record.kind,
            "migrator.tenant": record.tenant,
            "migrator.plan": record.plan,
            "migrator.attempt": record.attempt + 1,
        }
        from opentelemetry.context import get_current

        with self._spanned(record.kind, attributes=about):
            self._of_run = get_current()
            try:
                yield
            finally:
                with self._lock:
                    self._end_step()
                self._of_run = None

    def tick(self, tick: Tick) -> None:
        """Progress: a new step is a new span, below the run's."""
        with self._lock:
            if self._of_run is None or (self._step is not None and self._step[0] == tick.step):
                return
            self._end_step()
            self._step = tick.step, self._tracer.start_span(tick.step, context=self._of_run)

    def close(self) -> None:
        self.provider.shutdown()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step[1].end()
        self._step = None

    @contextmanager
    def _spanned(self, name: str, **more: Any) -> Iterator[Span]:
        # an error's words may be about somebody's rows
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False, **more
        ) as span:
            yield span

    @property
    def _tracer(self) -> Any:
        return self.provider.get_tracer("migrator")


def tracing(settings: Settings, part: str) -> Tracing | None:
    """For this part of the program (server, worker); None where nobody collects. Misuse where the extra is missing."""
    if not settings.otlp_url:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise Misuse(
            "what sends spans is not installed",
            where="OTEL_EXPORTER_OTLP_ENDPOINT",
            next="pip install 'migrator[telemetry]', or unset it",
        ) from None
    named = {"service.name": f"migrator-{part}", "service.version": tool().partition(" ")[2]}
    provider = TracerProvider(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{settings.otlp_url}/v1/traces")))
    return Tracing(provider=provider)
