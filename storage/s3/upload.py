"""One object on its way into a bucket: in parts of a few MiB, visible when the last has arrived."""

from __future__ import annotations

from contextlib import suppress
from xml.sax.saxutils import escape

from storage.errors import Fault, MigratorError
from storage.s3.wire import Answer, Wire

PART = 16 << 20  # bytes; some servers want all parts but the last of one size
_MOST_PARTS = 10_000  # of any S3 server


class Upload:
    """A sink. What is small goes in one request; nothing is visible before `finish`, and never after `abort`."""

    def __init__(self, wire: Wire, key: str) -> None:
        self._wire = wire
        self._key = key
        self._waiting = bytearray()
        self._id = ""
        self._etags: list[str] = []
        self._size = 0

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        while len(self._waiting) > PART:
            self._send(PART)
        return len(data)

    def finish(self) -> None:
        """The object appears, whole."""
        if not self._id:
            self._wire.request("PUT", self._key, body=bytes(self._waiting))
            return
        self._send(len(self._waiting))
        self._complete()

    def abort(self) -> None:
        """Leave nothing behind; where the server cannot be told, a later sweep does it."""
        if self._id:
            with suppress(MigratorError):
                self._wire.send("DELETE", self._key, query={"uploadId": self._id})

    def _send(self, size: int) -> None:
        if not self._id:
            self._id = self._begun()
        if len(self._etags) == _MOST_PARTS:
            raise Fault(
                f"an object of more than {_MOST_PARTS * PART >> 30} GiB",
                where=self._wire.where(self._key),
                next="take the snapshot in several splits, so that each table has several parts",
            )
        body = bytes(memoryview(self._waiting)[:size])
        query = {"partNumber": str(len(self._etags) + 1), "uploadId": self._id}
        answer = self._wire.request("PUT", self._key, query=query, body=body)
        del self._waiting[:size]
        self._etags.append(answer.headers.get("ETag", ""))  # handed back as it came: a name of the part, no hash
        self._size += size

    def _begun(self) -> str:
        answer = self._wire.request("POST", self._key, query={"uploads": ""})
        return answer.document("InitiateMultipartUploadResult").findtext("{*}UploadId") or ""

    def _complete(self) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
            for number, etag in enumerate(self._etags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        answer = self._wire.retries.repeat(lambda attempt: self._completed(body, is_again=attempt > 0))
        stored = self._wire.request("HEAD", self._key).headers.get("Content-Length")
        if stored != str(self._size):
            raise Fault(
                f"the server took {self._size} bytes and has {stored or 'none'} {answer.code}".rstrip(),
                where=self._wire.where(self._key),
                next="run the same command again; if it stays so, ask whoever runs the server",
            )

    def _completed(self, body: bytes, *, is_again: bool) -> Answer:
        # repeated because its answer was lost, it may find the upload done: then the object's size tells
        accept = ("NoSuchUpload",) if is_again else ()
        return self._wire.send("POST", self._key, query={"uploadId": self._id}, body=body, accept=accept)
