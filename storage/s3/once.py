"""Objects that may be written once: the server decides which writer was first, where it can."""

from __future__ import annotations

import secrets

from storage.errors import AlreadyExists, Fault
from storage.s3.wire import Wire

_LARGEST = 64 << 20  # bytes; a condition holds for one request, and what one request sends is in memory
_CONDITION = {"If-None-Match": "*"}
_REFUSED = "PreconditionFailed"
_UNKNOWN = ("NotImplemented", "InvalidArgument", "InvalidRequest")
NOTE = (
    "this S3 server ignores If-None-Match: that an archive is written once was looked up before it was written, which"
    " does not decide between two writers of the same archive at the same moment"
)


class Once:
    """Puts objects under a condition, once it is known that the server heeds it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._found: bool | None = None

    def put(self, key: str, body: bytes) -> None:
        """AlreadyExists where an object of that key is there already."""
        if len(body) > _LARGEST:
            raise Fault(
                f"an object that is written once may have {_LARGEST >> 20} MiB at most",
                where=self._wire.where(key),
                next="write it without `exclusive`",
            )
        if self._is_heeded(key):
            self._wire.retries.repeat(lambda attempt: self._put(key, body, is_again=attempt > 0))
        elif self._is_there(key):
            raise self._exists(key)
        else:
            self._wire.request("PUT", key, body=body)

    def _put(self, key: str, body: bytes, *, is_again: bool) -> None:
        answer = self._wire.send("PUT", key, headers=_CONDITION, body=body, accept=(_REFUSED,))
        # the fault may have struck after the object was made: then it is ours
        if answer.code and not (is_again and self._wire.request("GET", key).data == body):
            raise self._exists(key)

    def _exists(self, key: str) -> AlreadyExists:
        return AlreadyExists("the object exists already", where=self._wire.where(key), next="read it instead")

    def _is_there(self, key: str) -> bool:
        return not self._wire.request("HEAD", key, accept=("NoSuchKey",)).code

    # ── whether the server heeds the condition ──────────────────────────────────────────────────────────────
    def _is_heeded(self, key: str) -> bool:
        if self._found is None:
            self._found = self._probe(f"{key}.probe-{secrets.token_hex(4)}")
        return self._found

    def _probe(self, key: str) -> bool:
        """Write a throw-away object twice under the condition: the second time must be refused."""
        try:
            self._refusal(key)
            return self._refusal(key) == _REFUSED
        finally:
            self._wire.request("DELETE", key)

    def _refusal(self, key: str) -> str:
        accept = (_REFUSED, *_UNKNOWN)
        return self._wire.retries.repeat(
            lambda _attempt: self._wire.send("PUT", key, headers=_CONDITION, accept=accept)
        ).code

    def notes(self) -> tuple[str, ...]:
        return (NOTE,) if self._found is False else ()
