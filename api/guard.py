"""What holds for every request and answer: a bound on what comes in, nothing that another site made a browser send,
and headers that keep browsers out of trouble."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

LARGEST = 4 << 20  # bytes: plans and mappings are texts that people write
SAFE = ("GET", "HEAD", "OPTIONS")
"""What changes nothing, wherever it comes from."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Guard:
    """Around the whole application; `is_secure` where people reach it by https, `host` the name they know it by."""

    app: ASGIApp
    is_secure: bool
    host: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["id"] = request_id
        body = _Body(receive=receive)
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            if body.is_too_large and not has_begun:  # whatever else is said of a body that was cut off
                return
            if message["type"] == "http.response.start":
                has_begun = True
                self._say(MutableHeaders(scope=message), request_id, scope["path"])
            await send(message)

        if refusal := self._refused(scope):
            await refusal(scope, receive, sending)
            return
        await self.app(scope, body, sending)
        if body.is_too_large and not has_begun:
            body.is_too_large = False
            answer = problem(413, "too-large", "the request is too large", next=f"at most {LARGEST} bytes")
            await answer(scope, receive, sending)

    def _refused(self, scope: Scope) -> Response | None:
        """What no route is asked: no database keeps a NUL, and no other site has a say here."""
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return problem(400, "unreadable", "an address has no NUL in it", next="leave it out")
        if scope["method"] not in SAFE and _is_foreign(Headers(scope=scope), self.host):
            return problem(403, "forged", "another site sent this", where="Origin", next="load the page again")
        return None

    def _say(self, headers: MutableHeaders, request_id: str, path: str) -> None:
        headers["X-Request-Id"] = request_id
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if path.startswith("/v1"):
            headers.setdefault("Cache-Control", "no-store")
        if self.is_secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser says that another site made it send this; programs say nothing of the kind."""
    if site := headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc not in {headers.get("host", ""), host} - {""}


@dataclass(kw_only=True)
class _Body:
    """However it is sent: what says no length is counted."""

    receive: Receive
    taken: int = 0
    is_too_large: bool = False

    async def __call__(self) -> Message:
        message = await self.receive()
        self.taken += len(message.get("body", b""))
        if self.taken <= LARGEST:
            return message
        self.is_too_large = True
        return {"type": "http.disconnect"}
