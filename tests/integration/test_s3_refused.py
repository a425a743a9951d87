"""What an S3 server or the network refuses, as a person reads it: from a real server wherever it can say so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from storage.credentials import Credentials
from storage.errors import Fault, MigratorError, Misuse, TransientFault
from storage.objects import ObjectStore, read_bytes, write_bytes
from storage.retry import Retries
from storage.s3 import wire
from storage.s3.address import S3Address
from storage.s3.store import S3Store
from tests.servers.bucket import Bucket
from tests.servers.ceph import Ceph

VERBS: dict[str, Callable[[ObjectStore], object]] = {
    "size": lambda store: store.size("a"),
    "list": lambda store: list(store.list()),
    "folders": lambda store: list(store.folders()),
    "read": lambda store: read_bytes(store, "a"),
    "write": lambda store: write_bytes(store, "a", b"1"),
    "write once": lambda store: write_bytes(store, "a", b"1", exclusive=True),
    "delete": lambda store: store.delete("a"),
    "unfinished": lambda store: list(store.unfinished()),
}


@pytest.fixture(params=VERBS)
def verb(request: pytest.FixtureRequest) -> Callable[[ObjectStore], object]:
    return VERBS[request.param]


def opened(url: str, credentials: Credentials, *, attempts: int = 2) -> S3Store:
    return S3Store(S3Address.parse(url), credentials, retries=Retries(attempts=attempts, pause=0))


def test_a_wrong_bucket(bucket: Bucket, verb: Callable[[ObjectStore], object]) -> None:
    store = opened(replace(bucket, name="no-such-bucket").url(), bucket.credentials)
    with pytest.raises(Misuse, match="no such bucket"):
        verb(store)


def test_a_wrong_key(bucket: Bucket, verb: Callable[[ObjectStore], object]) -> None:
    with pytest.raises(Misuse, match="does not know this access key"):
        verb(opened(bucket.url(), Credentials(access_key="NOBODY", secret_key="hidden")))  # noqa: S106


def test_a_wrong_secret(bucket: Bucket, verb: Callable[[ObjectStore], object]) -> None:
    with pytest.raises(Misuse, match="secret key is wrong") as failure:
        verb(opened(bucket.url(), replace(bucket.credentials, secret_key="hidden")))  # noqa: S106
    assert "hidden" not in str(failure.value)


def test_somebody_elses_bucket(ceph: Ceph, bucket: Bucket, verb: Callable[[ObjectStore], object]) -> None:
    with pytest.raises(Fault, match="permission denied") as failure:
        verb(opened(bucket.url(), ceph.stranger))
    assert not isinstance(failure.value, TransientFault)


@pytest.mark.parametrize(("hours", "how"), [(2, "2 h 0 min behind"), (-3, "3 h 0 min ahead of")])
def test_a_clock_that_is_wrong(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, hours: int, how: str) -> None:
    class Skewed(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Skewed:
            return cls.fromtimestamp(datetime.now(tz).timestamp() - hours * 3600, tz)

    monkeypatch.setattr(wire, "datetime", Skewed)
    for verb in VERBS.values():
        with pytest.raises(Misuse, match=f"clock is {how} the server's"):
            verb(opened(bucket.url(), bucket.credentials))


# ── the connection ──────────────────────────────────────────────────────────────────────────────────────────
def test_a_private_authority_must_be_named(ceph: Ceph) -> None:
    bucket = ceph.bucket(tls=True)
    with pytest.raises(Fault, match="no secure connection: self-signed certificate") as failure:
        opened(bucket.url(), bucket.credentials).size("a")
    assert "ca=" in failure.value.next
    assert not isinstance(failure.value, TransientFault)
    write_bytes(opened(f"{bucket.url()}&ca={ceph.ca}", bucket.credentials), "a", b"1")
    assert [
        found.object_name for found in replace(bucket, endpoint=ceph.endpoint).client.list_objects(bucket.name)
    ] == ["a"]


def test_another_authority_does_not_do(ceph: Ceph) -> None:
    import certifi

    bucket = ceph.bucket(tls=True)
    with pytest.raises(Fault, match="no secure connection") as failure:
        opened(f"{bucket.url()}&ca={certifi.where()}", bucket.credentials).size("a")
    assert "ca= holds the authority" in failure.value.next


def test_a_certificate_of_another_name(ceph: Ceph, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "elsewhere.localhost")
    bucket = ceph.bucket(tls=True)
    url = f"{bucket.url().replace('127.0.0.1', 'elsewhere.localhost')}&ca={ceph.ca}"
    with pytest.raises(Fault, match="no secure connection: Hostname mismatch"):
        opened(url, bucket.credentials).size("a")


def test_nobody_there(bucket: Bucket) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    url = replace(bucket, endpoint=f"http://127.0.0.1:{port}").url()
    with pytest.raises(TransientFault, match="cannot be reached"):
        opened(url, bucket.credentials).size("a")
    with pytest.raises(Fault, match="name is not known"):
        opened(replace(bucket, endpoint="http://nowhere.invalid").url(), bucket.credentials).size("a")
    with pytest.raises(Misuse, match="no server can have this name"):
        opened(replace(bucket, endpoint="http://no..where").url(), bucket.credentials).size("a")


def test_the_bucket_in_the_host_name(ceph: Ceph, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = ceph.bucket()
    resolve(monkeypatch, f"{bucket.name}.localhost")
    store = opened(f"{bucket.url().replace('127.0.0.1', 'localhost')}&style=virtual", bucket.credentials)
    write_bytes(store, "a", b"1")
    assert [info.key for info in store.list()] == ["a"]
    assert [found.object_name for found in bucket.client.list_objects(bucket.name)] == ["a"]


def resolve(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What a domain name server would do."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: real("127.0.0.1" if host == name else host, *rest, **more)
    )


# ── answers that no server of ours gives when asked to ──────────────────────────────────────────────────────
@contextmanager
def answering(*answers: tuple[int, str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives one answer after the other, the last one for ever: its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_PUT = do_DELETE = do_POST = do_GET  # noqa: N815

        def log_message(self, *_words: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def xml(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>said so</Message></Error>".encode()


KEYS = Credentials(access_key="key", secret_key="hidden", session_token="hidden too")  # noqa: S106


@pytest.mark.parametrize(
    ("status", "body", "error", "what"),
    [
        (400, xml("ExpiredToken"), Misuse, "session token is not valid, or has expired"),
        (400, xml("AuthorizationHeaderMalformed"), Misuse, "region is wrong"),
        (403, xml("AccessDenied"), Fault, "permission denied, or the session token is not valid any more"),
        (301, xml("PermanentRedirect"), Misuse, "bucket is elsewhere"),
        (503, xml("SlowDown"), TransientFault, "too busy"),
        (502, b"<html>bad gateway</html>", TransientFault, "HTTP 502"),
        (404, b"<html>not found</html>", Misuse, "does not speak S3"),
        (418, xml("Teapot"), Fault, "HTTP 418 Teapot said so"),
        (501, xml("NotImplemented"), Fault, "cannot do that"),
        (200, b"<!doctype html><p>It works!<br>", Misuse, "does not speak S3: its answer is no ListBucketResult"),
        (200, b"<html><body>It works!</body></html>", Misuse, "does not speak S3"),
    ],
)
def test_what_other_servers_say(status: int, body: bytes, error: type[MigratorError], what: str) -> None:
    with answering((status, "application/xml", body)) as (endpoint, _asked):
        with pytest.raises(error, match=what) as failure:
            list(opened(f"s3://bucket?endpoint={endpoint}", KEYS).list())
        assert type(failure.value) is error
        assert "hidden" not in str(failure.value)


@pytest.mark.parametrize("what", ["list", "unfinished"])
def test_a_server_that_gives_one_page_and_no_way_to_the_next_is_not_asked_for_ever(what: str) -> None:
    root = {"list": "ListBucketResult", "unfinished": "ListMultipartUploadsResult"}[what]
    page = f"<{root}><IsTruncated>true</IsTruncated></{root}>".encode()
    with answering((200, "application/xml", page)) as (endpoint, asked):
        with pytest.raises(Fault, match="gives no Next"):
            list(getattr(opened(f"s3://bucket?endpoint={endpoint}", KEYS), what)())
        assert len(asked) == 1


def test_completing_an_upload_may_fail_with_the_status_of_success() -> None:
    """Amazon keeps the line busy with blanks while it assembles an object, and only then says how it went."""
    begun = (
        200,
        "application/xml",
        b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
    )
    part, failed = (200, "", b""), (200, "application/xml", b" " * 500 + xml("InternalError"))
    with answering(begun, part, part, failed) as (endpoint, asked):
        with pytest.raises(TransientFault, match="too busy or has failed"):
            write_bytes(opened(f"s3://bucket?endpoint={endpoint}", KEYS), "a", bytes(20 << 20))
        assert asked[-1] == "DELETE /bucket/a?uploadId=1"


def test_an_upload_whose_completion_was_lost_is_known_by_its_size() -> None:
    """The server completed it and then failed: repeated, it knows no such upload, and has the object."""
    begun = (
        200,
        "application/xml",
        b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
    )
    part, lost = (200, "", b""), (500, "application/xml", xml("InternalError"))
    gone = (404, "application/xml", xml("NoSuchUpload"))
    for size, is_whole in ((20 << 20, True), (1 << 20, False)):
        with answering(begun, part, part, lost, gone, (200, "", bytes(size))) as (endpoint, _asked):
            store = opened(f"s3://bucket?endpoint={endpoint}", KEYS)
            if is_whole:
                write_bytes(store, "a", bytes(20 << 20))
            else:
                with pytest.raises(Fault, match=f"took {20 << 20} bytes and has {1 << 20}"):
                    write_bytes(store, "a", bytes(20 << 20))


def test_only_what_may_pass_is_repeated_and_only_by_us() -> None:
    for code, times in (("SlowDown", 3), ("AccessDenied", 1)):
        with answering((503 if times > 1 else 403, "application/xml", xml(code))) as (endpoint, asked):
            with pytest.raises(Fault):
                write_bytes(opened(f"s3://bucket?endpoint={endpoint}", KEYS, attempts=3), "a", b"1")
            assert asked == ["PUT /bucket/a"] * times


def test_a_write_whose_answer_was_lost_is_known_to_be_ours() -> None:
    """The server made the object and then failed: the repetition meets it, and it has what was to be written."""
    refused = (412, "application/xml", xml("PreconditionFailed"))
    fine, lost = (200, "", b""), (500, "application/xml", xml("InternalError"))
    probe = (fine, refused, (204, "", b""))
    for content, is_ours in ((b"1", True), (b"2", False)):
        with answering(*probe, lost, refused, (200, "", content)) as (endpoint, _asked):
            store = opened(f"s3://bucket?endpoint={endpoint}", KEYS)
            if is_ours:
                write_bytes(store, "a", b"1", exclusive=True)
            else:
                with pytest.raises(Fault, match="exists already"):
                    write_bytes(store, "a", b"1", exclusive=True)
