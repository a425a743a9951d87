"""A server as its API answers: values as JSON has them, and its problems as the errors they were there."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import urllib3
import urllib3.exceptions as http

from storage.errors import Fault, MigratorError, Misuse, TransientFault
from storage.retry import Retries
from storage.said_error import read_error

_TIMEOUT = urllib3.Timeout(connect=10, read=3600)  # a check reads a whole archive before its answer begins
_SILENT = urllib3.Timeout(connect=10, read=60)  # whoever tells of a run says every 15 s that it is still there
_BUSY = (429, 502, 503, 504)
_AWAY_S = 300.0
_AGAIN_S = 1.0
_NOTHING: Mapping[str, Any] = {}


def path(*parts: str) -> str:
    """Below /v1, each part as it may stand in an address."""
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


@dataclass(frozen=True, kw_only=True)
class Server:
    """`url` without a slash at its end; `names` are how this machine calls what the server calls otherwise."""

    url: str
    token: str = field(repr=False)
    names: dict[str, str] = field(default_factory=dict)
    retries: Retries = field(default_factory=lambda: Retries(attempts=4, pause=0.5))
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=_TIMEOUT, cert_reqs="CERT_REQUIRED"), repr=False
    )

    @classmethod
    def at(cls, url: str, token: str) -> Server:
        """Misuse where the address is none, or nobody says who asks."""
        if not url.startswith(("http://", "https://")) or "@" in url:
            raise Misuse("not the address of a server", where="--server", next="write https://host or http://host:port")
        if not token:
            next_ = "export MIGRATOR_TOKEN=mig_…: an admin of the server makes one"
            raise Misuse("the server has to know who asks", where="MIGRATOR_TOKEN", next=next_)
        return cls(url=url, token=token)

    # ── questions ───────────────────────────────────────────────────────────────────────────────────────────
    def get(self, path: str, **query: Any) -> Any:
        """What is there; asked again where the server does not answer."""
        return self._read(self.content(path, **query))

    def content(self, path: str, **query: Any) -> bytes:
        """The same, byte by byte."""
        told = urlencode({name: _text(value) for name, value in query.items() if value is not None})
        address = f"{path}?{told}" if told else path
        return self.retries.repeat(lambda _attempt: self._answered("GET", address))

    def every(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """A list, page after page."""
        after = None
        while True:
            page = self.get(path, limit=500, after=after, **query)
            yield from page["items"]
            if (after := page["next"]) is None:
                return

    # ── requests ────────────────────────────────────────────────────────────────────────────────────────────
    def start(self, path: str, body: Mapping[str, Any]) -> Any:
        """Have work begun: once, however often it has to be asked for."""
        key = {"Idempotency-Key": uuid.uuid4().hex}
        return self._read(self.retries.repeat(lambda _attempt: self._answered("POST", path, body, key)))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._read(self._answered("POST", path, body))

    def put(self, path: str, body: Mapping[str, Any], *, after: int) -> Any:
        """The version that follows this one."""
        return self._read(self._answered("PUT", path, body, {"If-Match": f'"{after}"'}))

    # ── what changes ────────────────────────────────────────────────────────────────────────────────────────
    def events(self, path: str) -> Iterator[dict[str, Any] | None]:
        """What is told of it, each time it changed, until its end; None now and then where it did not.

        A connection that is lost is made anew, from where it was. Fault where the server stays away.
        """
        last, heard = "", time.monotonic()
        while True:
            try:
                for name, number, said in self._stream(path, last):
                    last, heard = number or last, time.monotonic()
                    if name == "end":
                        return
                    yield said
            except TransientFault:
                if time.monotonic() - heard > _AWAY_S:
                    raise
            time.sleep(_AGAIN_S)

    def _stream(self, path: str, last: str) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
        """Events by name and number; one without a name for a server that is only still there."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        response = self._asked("GET", path, None, headers, timeout=_SILENT)
        told: dict[str, str] = {}
        try:
            for line in _lines(response):
                if line.startswith(":"):
                    yield "", "", None
                elif line:
                    name, _, value = line.partition(": ")
                    told[name] = value
                elif told:
                    yield told.get("event", ""), told.get("id", ""), self._event(told)
                    told = {}
        except http.HTTPError as error:
            raise self._away(error) from error
        finally:
            response.close()

    def _event(self, told: Mapping[str, str]) -> dict[str, Any] | None:
        return self._read(told["data"].encode()) if told.get("event") == "run" else None

    # ── the wire ────────────────────────────────────────────────────────────────────────────────────────────
    def _answered(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] = _NOTHING
    ) -> bytes:
        response = self._asked(method, path, body, headers)
        try:
            return response.data
        except http.HTTPError as error:
            raise self._away(error) from error

    def _asked(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        timeout: urllib3.Timeout = _TIMEOUT,
    ) -> urllib3.BaseHTTPResponse:
        """The beginning of an answer; the error that it is, where it is one."""
        told = {"Authorization": f"Bearer {self.token}", "User-Agent": "migrator", **headers}
        if body is not None:
            told["Content-Type"] = "application/json"
        try:
            response = self._pool.request(
                method,
                f"{self.url}{path}",
                body=json.dumps(body).encode() if body is not None else None,
                headers=told,
                preload_content=False,
                redirect=False,  # a token is for this server alone
                retries=False,
                timeout=timeout,
            )
            if response.status < 300:
                return response
            raise self._refused(response.status, response.data)
        except http.HTTPError as error:
            raise self._away(error) from error

    def _refused(self, status: int, content: bytes) -> MigratorError:
        """What it says went wrong. TransientFault where it, or what stands before it, has no time now."""
        try:
            problem = json.loads(content)
            told = {"where": self.url, **self.here(problem), "what": problem["title"]}
        except (ValueError, KeyError, TypeError):
            unreadable = self._unreadable(f"it answers {status}")
            return unreadable if status not in _BUSY else self._away(unreadable)
        if "exit_code" in told:  # of an operation that was tried
            return read_error(told)
        if status in _BUSY:
            return TransientFault(told["what"], where=told["where"] or self.url, next=told.get("next") or "")
        code = Misuse.exit_code if status < 500 else Fault.exit_code
        return read_error({**told, "where": told["where"] or self.url, "exit_code": code})

    def _read(self, content: bytes) -> Any:
        try:
            return self.here(json.loads(content))
        except ValueError as error:
            raise self._unreadable("it answers with something else") from error

    def here(self, said: Any) -> Any:
        """The answer, with what its `where` names as it is called on this machine."""
        if isinstance(said, list):
            return [self.here(one) for one in said]
        if not isinstance(said, dict):
            return said
        return {
            name: self._named(value) if name == "where" and isinstance(value, str) else self.here(value)
            for name, value in said.items()
        }

    def _named(self, where: str) -> str:
        for theirs, ours in sorted(self.names.items(), reverse=True):  # `plan x version 2` before `plan x`
            if where == theirs or where.startswith((f"{theirs}:", f"{theirs} ")):
                return ours + where.removeprefix(theirs)
        return where

    def _away(self, error: Exception) -> TransientFault:
        return TransientFault(
            f"the server does not answer: {type(error).__name__}",
            where=self.url,
            next="check the address, and whether it runs; what it was asked for already goes on there",
        )

    def _unreadable(self, how: str) -> Fault:
        return Fault(f"this is no answer of a migrator server: {how}", where=self.url, next="check the address")


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    held = b""
    for chunk in response.stream():
        held += chunk
        *whole, held = held.split(b"\n")
        yield from (line.decode().rstrip("\r") for line in whole)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
