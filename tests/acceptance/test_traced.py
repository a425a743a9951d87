"""Spans of a server and of its workers, as a collector gets them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.acceptance.performers import PATIENCE_S, queued, until
from tests.acceptance.test_serve import address_of
from tests.acceptance.world import World


@dataclass
class Collector:
    url: str = ""
    spans: list[tuple[str, Span]] = field(default_factory=list)

    def of(self, service: str) -> dict[str, Span]:
        return {span.name: span for name, span in self.spans if name == service}


@pytest.fixture
def collector() -> Iterator[Collector]:
    collecting = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            told = ExportTraceServiceRequest.FromString(body)
            for resource in told.resource_spans:
                (service,) = [
                    one.value.string_value for one in resource.resource.attributes if one.key == "service.name"
                ]
                collecting.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        collecting.url = f"http://127.0.0.1:{server.server_port}"
        yield collecting
        server.shutdown()
        thread.join()


def test_a_request_and_a_run_with_its_steps_are_traced(
    right_office: World, tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    world = right_office.copied(tmp_path)
    run = queued(world)
    trace = "0af7651916cd43dd8448eb211c80319c"
    with world.start("serve", "--port", 0, "--grace", 60) as process:
        try:
            asked = Request(f"{address_of(process)}/login", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})  # noqa: S310
            with urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310 - our own, on loopback
                assert answer.status == 200
            until(world, run, lambda record: record["state"] == "done")
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)
    request = collector.of("migrator-server")["GET /login"]
    assert request.trace_id.hex() == trace
    worked = collector.of("migrator-worker")
    rehearsal = worked.pop("rehearsal")
    told = {one.key: one.value.string_value for one in rehearsal.attributes}
    assert (told["migrator.run"], told["migrator.tenant"]) == (run, "ours")
    steps = [step for step in worked.values() if step.parent_span_id == rehearsal.span_id]
    assert len(steps) > 2
    assert all(rehearsal.start_time_unix_nano <= step.start_time_unix_nano for step in steps)
