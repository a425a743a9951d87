"""What a server's API is asked over the wire, by one that misbehaves."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from migrator.remote.server import Server, path
from storage.errors import Fault, MigratorError, Misuse, Red, TransientFault
from storage.problem import Problem
from storage.retry import Retries
from storage.said_error import read_error, said_error

Answer = tuple[int, str, bytes]


@dataclass
class Script:
    """Gives its answers one after the other, the last again and again; remembers what it was asked."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def script() -> Iterator[Script]:
    told = Script()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            told.asked.append((f"{self.command} {self.path}", dict(self.headers)))
            status, media_type, body = told.next()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Location", f"{told.url}/elsewhere")
            self.end_headers()  # without a length: the connection's end is the answer's
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        told.url = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield told
        listening.shutdown()
        thread.join()


def server(script: Script) -> Server:
    return Server(url=script.url, token="mig_x", retries=Retries(attempts=3, pause=0))  # noqa: S106


def said(value: Any, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(value).encode()


def problem(status: int, **more: Any) -> Answer:
    return said({"title": "no", "where": "there", "next": "do", **more}, status)


def event(number: str, state: str) -> bytes:
    return f'id: {number}\nevent: run\ndata: {{"state": "{state}"}}\n\n'.encode()


def test_a_broken_stream_is_gone_on_with_from_where_it_was(script: Script) -> None:
    stream = "text/event-stream"
    script.answers = [
        (200, stream, event("1", "queued") + b": still here\n\n"),
        (503, "text/html", b"<p>later"),
        (200, stream, event("2", "done") + b'id: 2\nevent: end\ndata: "done"\n\n'),
    ]
    told = list(server(script).events("/v1/runs/x/events"))
    assert told == [{"state": "queued"}, None, {"state": "done"}]
    assert [headers.get("Last-Event-ID") for _, headers in script.asked] == [None, "1", "1"]


@pytest.mark.parametrize(
    ("answer", "kind", "times"),
    [
        (problem(422, exit_code=2), Misuse, 1),
        (problem(404), Misuse, 1),
        (problem(409, exit_code=3, problems=[{"where": "t.c", "what": "x"}]), Red, 1),
        (problem(502, exit_code=1), Fault, 1),
        (problem(500), Fault, 1),
        (problem(503), TransientFault, 3),
        ((502, "text/html", b"<p>bad gateway"), TransientFault, 3),
        ((302, "text/html", b""), Fault, 1),
        ((200, "text/html", b"<p>welcome"), Fault, 1),
    ],
)
def test_what_goes_wrong_says_whose_move_it_is(
    script: Script, answer: Answer, kind: type[MigratorError], times: int
) -> None:
    script.answers = [answer]
    with pytest.raises(kind) as raised:
        server(script).get("/v1/runs")
    assert type(raised.value) is kind
    assert raised.value.what and raised.value.where and raised.value.next
    assert "mig_x" not in str(raised.value)
    assert [asked for asked, _ in script.asked] == ["GET /v1/runs"] * times


def test_work_is_asked_for_again_by_the_same_key_and_anything_else_once(script: Script) -> None:
    script.answers = [problem(503)]
    asks: list[Callable[[], Any]] = [lambda: server(script).start("/v1/x", {}), lambda: server(script).post("/v1/x")]
    for ask in asks:
        with pytest.raises(TransientFault):
            ask()
    keys = [headers.get("Idempotency-Key") for _, headers in script.asked]
    assert len(keys) == 4 and keys[0] and keys[:3] == keys[:1] * 3 and keys[3] is None


def test_a_list_is_read_to_its_end(script: Script) -> None:
    script.answers = [said({"items": [{"n": 1}], "next": "c d"}), said({"items": [{"n": 2}], "next": None})]
    assert list(server(script).every("/v1/runs", tenant="a&b")) == [{"n": 1}, {"n": 2}]
    assert script.asked[1][0] == "GET /v1/runs?limit=500&after=c+d&tenant=a%26b"


def test_what_the_server_calls_otherwise_is_called_as_here(script: Script) -> None:
    script.answers = [said({"where": where}) for where in ("plan x version 2:7", "plan x:7", "plan xy", "plan x")]
    asked = server(script)
    asked.names.update({"plan x": "p.yaml", "plan x version 2": "p.yaml"})
    found = [asked.get("/v1/y")["where"] for _ in range(4)]
    assert found == ["p.yaml:7", "p.yaml:7", "plan xy", "p.yaml"]


def test_a_name_stays_a_part_of_its_path() -> None:
    assert path("runs", "../x?y#z", "é") == "/v1/runs/..%2Fx%3Fy%23z/%C3%A9"


@pytest.mark.parametrize(
    "error",
    [
        Misuse("a", where="b", next="c"),
        Fault("a"),
        Red("a", where="b", problems=(Problem(where="t", what="w", count=3, examples=("1",), next="n"),)),
    ],
)
def test_an_error_is_the_same_where_it_is_read(error: MigratorError) -> None:
    read = read_error(json.loads(json.dumps(said_error(error))))
    assert (type(read), str(read), getattr(read, "problems", ())) == (
        type(error),
        str(error),
        getattr(error, "problems", ()),
    )
