"""An object's bytes as they come from the server; where the line breaks, reading goes on from there."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from storage.errors import Fault
from storage.s3.wire import Wire

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3 import BaseHTTPResponse


class Body(io.RawIOBase):
    """A raw stream; wrap it in a BufferedReader. What it gives is to be hashed by whoever relies on it."""

    def __init__(self, wire: Wire, key: str) -> None:
        self._wire = wire
        self._key = key
        self._response = wire.retries.repeat(lambda _attempt: wire.stream(key))
        self._size = self._response.headers.get("Content-Length")
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._wire.retries.repeat(lambda attempt: self._read(len(view), is_again=attempt > 0))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, size: int, *, is_again: bool) -> bytes:
        if is_again:
            self._response.close()
            self._response = self._rest()
        with self._wire.translated(self._key):
            return self._response.read(size)

    def _rest(self) -> BaseHTTPResponse:
        response = self._wire.stream(self._key, start=self._position)
        if self._position and not response.headers.get("Content-Range", "").endswith(f"/{self._size}"):
            raise Fault(
                "the object was replaced while it was read", where=self._wire.where(self._key), next="read it again"
            )
        return response

    def close(self) -> None:
        if not self.closed:
            self._response.close()  # a connection with half an answer in it is not used again
        super().close()
