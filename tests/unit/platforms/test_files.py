"""Files are fetched from where the plan says and from nowhere else, whole or not at all."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from migrator.platforms.files.place import open_files
from migrator.platforms.files.web import WebFiles
from storage.credentials import Accounts
from storage.errors import Misuse, TransientFault
from storage.retry import Retries

NOBODY = Accounts(variables={})
QUICKLY = Retries(attempts=3, pause=0)


@dataclass(kw_only=True)
class Web:
    """A web server of a few files; `asked` are the paths and the Authorization headers of what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, list[int]] = field(default_factory=dict)  # path → statuses before the file is given
    broken: int = 0  # so many answers promise more than they give
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append((request.path, request.headers["Authorization"]))
        waiting = self.answers.get(request.path)
        status = waiting.pop(0) if waiting else 200 if request.path in self.files else 404
        content = self.files[request.path] if status == 200 else b"a page about the matter" * (status != 204)
        request.send_response(status)
        request.send_header("Content-Length", str(len(content) + (self.broken > 0)))
        if 300 <= status < 400:
            request.send_header("Location", f"{self.url}/elsewhere.txt")
        request.end_headers()
        request.wfile.write(content)
        self.broken = max(0, self.broken - 1)


@pytest.fixture
def web() -> Iterator[Web]:
    site = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def log_message(self, *_arguments: object) -> None:
            """A test has nobody who reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        site.url = f"http://127.0.0.1:{server.server_port}"
        yield site
        server.shutdown()
        thread.join()


def fetched(place: WebFiles, name: str, *, most: int = 1 << 20) -> bytes | str:
    """The file's content, or why there is none."""
    into = io.BytesIO()
    refused = place.fetch(name, into, most=most)
    return into.getvalue() if refused is None else refused


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.txt", "/up/a.txt"),
        ("b/ä 100%.txt", "/up/b/%C3%A4%20100%25.txt"),
        ("what?.txt", "/up/what%3F.txt"),
        ("{url}/up/b/%C3%A4.txt", "/up/b/%C3%A4.txt"),
        ("{url}/up/c.php?id=7&x=1#top", "/up/c.php?id=7&x=1"),
        ("/up/d.txt", "/up/d.txt"),
    ],
)
def test_a_name_or_a_whole_address_below_the_base_is_asked_for(web: Web, name: str, path: str) -> None:
    web.files[path] = b"content"
    assert fetched(WebFiles(f"{web.url}/up"), name.format(url=web.url)) == b"content"
    assert web.asked == [(path, None)]


@pytest.mark.parametrize(
    "name",
    [
        "../a.txt", "b/../../a.txt", "/a.txt", "//127.0.0.1/up/a.txt", "http://127.0.0.1/up/a.txt", "{url}/a.txt",
        "{url}/up/%2e%2e/a.txt", "{url}/up/../a.txt", "{url}/upper/a.txt", "ftp://host/a.txt", "{url}/up/",
    ],
)  # fmt: skip
def test_nothing_else_is_asked_for(web: Web, name: str) -> None:
    assert "leads outside" in str(fetched(WebFiles(f"{web.url}/up"), name.format(url=web.url)))
    assert web.asked == []


@pytest.mark.parametrize(
    ("status", "said"), [(404, "no such file"), (410, "no such file"), (403, "403"), (302, "elsewhere"), (204, "204")]
)
def test_what_is_no_file_is_said_and_no_redirect_followed(web: Web, status: int, said: str) -> None:
    web.files = {"/a.txt": b"a", "/elsewhere.txt": b"elsewhere"}
    web.answers["/a.txt"] = [status]
    assert said in str(fetched(WebFiles(web.url), "a.txt"))
    assert [path for path, _ in web.asked] == ["/a.txt"]


def test_a_server_that_is_busy_is_asked_again_and_not_for_ever(web: Web) -> None:
    web.files["/a.txt"] = b"a"
    web.answers["/a.txt"] = [503, 429]
    assert fetched(WebFiles(web.url, retries=QUICKLY), "a.txt") == b"a"
    web.answers["/a.txt"] = [503] * 3
    with pytest.raises(TransientFault, match="503"):
        fetched(WebFiles(web.url, retries=QUICKLY), "a.txt")


def test_half_a_file_is_none(web: Web) -> None:
    """What came before the connection broke is dropped when the file is asked for again."""
    web.files["/a.txt"] = b"0123456789"
    web.broken = 1
    assert fetched(WebFiles(web.url, retries=QUICKLY), "a.txt") == b"0123456789"
    web.broken = 3
    with pytest.raises(TransientFault, match="does not give"):
        fetched(WebFiles(web.url, retries=QUICKLY), "a.txt")


def test_a_file_larger_than_asked_for_is_given_up(web: Web) -> None:
    web.files["/a.txt"] = b"0123456789"
    assert "10 bytes" in str(fetched(WebFiles(web.url), "a.txt", most=9))
    assert fetched(WebFiles(web.url), "a.txt", most=10) == b"0123456789"


def test_who_asks_is_said_to_the_server_and_to_nobody_else(web: Web) -> None:
    web.files["/a.txt"] = b"a"
    place = WebFiles(web.url.replace("//", "//me:s3cr%40t@"))
    assert fetched(place, "a.txt") == b"a"
    assert web.asked == [("/a.txt", "Basic " + base64.b64encode(b"me:s3cr@t").decode())]
    web.answers["/a.txt"] = [503] * 5
    with pytest.raises(TransientFault) as silent:
        WebFiles(web.url.replace("//", "//me:s3cr%40t@"), retries=QUICKLY).fetch("a.txt", io.BytesIO(), most=1)
    assert "s3cr" not in str(silent.value) and "s3cr" not in place.url


@pytest.mark.parametrize(
    "base", ["https://", "https://host/?list=1", "https://host/#top", "ftp://host/", "https://[x/"]
)
def test_what_files_cannot_lie_below_is_refused(base: str) -> None:
    with pytest.raises(Misuse):
        open_files(base, NOBODY)
