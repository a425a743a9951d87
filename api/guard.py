"""What holds for every request and answer: a bound on what comes in, headers that keep browsers out of trouble."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

LARGEST = 4 << 20  # bytes: plans and mappings are texts that people write
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True)
class Guard:
    """Around the whole application; `is_secure` where people reach it by https."""

    app: ASGIApp
    is_secure: bool

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

        await self.app(scope, body, sending)
        if body.is_too_large and not has_begun:
            body.is_too_large = False
            answer = problem(413, "too-large", "the request is too large", next=f"at most {LARGEST} bytes")
            await answer(scope, receive, sending)

    def _say(self, headers: MutableHeaders, request_id: str, path: str) -> None:
        headers["X-Request-Id"] = request_id
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if path.startswith("/v1"):
            headers.setdefault("Cache-Control", "no-store")
        if self.is_secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"


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
