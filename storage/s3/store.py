"""An object store in a bucket of any server that speaks S3."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from storage.credentials import Credentials
from storage.objects import ObjectInfo, Sink, Unfinished, checked_key
from storage.retry import Retries
from storage.s3 import listing
from storage.s3.address import S3Address
from storage.s3.body import Body
from storage.s3.once import Once
from storage.s3.patience import Patience
from storage.s3.upload import Upload
from storage.s3.wire import Wire

_BUFFER = 1 << 20


class S3Store:
    """The contract of storage.objects over a prefix of a bucket; no request before the first verb; safe for threads."""

    def __init__(self, address: S3Address, credentials: Credentials, *, retries: Retries | None = None) -> None:
        self._address = address
        self._root = f"{address.prefix}/" if address.prefix else ""
        self._wire = Wire(address, credentials, Patience(retries, retries) if retries else Patience())
        self._once = Once(self._wire)
        self._has_bucket = False

    @property
    def url(self) -> str:
        return str(self._address)

    @contextmanager
    def writer(self, key: str, *, exclusive: bool = False) -> Iterator[Sink]:
        if exclusive:
            buffer = io.BytesIO()
            name = self._name(key)
            yield buffer
            self._once.put(name, buffer.getvalue())
            return
        upload = Upload(self._wire, self._name(key))
        try:
            yield upload
            upload.finish()
        except BaseException:
            upload.abort()
            raise

    @contextmanager
    def reader(self, key: str) -> Iterator[IO[bytes]]:
        with io.BufferedReader(Body(self._wire, self._name(key)), _BUFFER) as stream:
            yield stream

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        for info in listing.objects(self._wire, self._root + prefix):
            key = info.key.removeprefix(self._root)
            if key:  # a console may have put an empty object there to show the prefix as a folder
                yield ObjectInfo(key=key, size=info.size, modified=info.modified)

    def folders(self, prefix: str = "") -> Iterator[str]:
        found = listing.folders(self._wire, self._root + prefix)  # sorted with the slash, which comes after a dash
        yield from sorted(folder.removeprefix(self._root).removesuffix("/") for folder in found)

    def size(self, key: str) -> int | None:
        answer = self._wire.request("HEAD", self._name(key), accept=("NoSuchKey",))
        if answer.code:
            self._require_bucket()
            return None
        return int(answer.headers["Content-Length"])

    def _require_bucket(self) -> None:
        """The answer to HEAD tells no missing object from a missing bucket: asked once, in words."""
        if not self._has_bucket:
            next(listing.folders(self._wire, self._root), None)
            self._has_bucket = True

    def delete(self, key: str) -> None:
        self._wire.request("DELETE", self._name(key), accept=("NoSuchKey",))

    def unfinished(self) -> Iterator[Unfinished]:
        for upload in listing.uploads(self._wire, self._root):
            key = upload.key.removeprefix(self._root)
            name = f"{upload.id} {upload.key}"
            yield Unfinished(folder=key.partition("/")[0], since=upload.initiated, name=name, key=key)

    def discard(self, unfinished: Unfinished) -> None:
        id_, _, key = unfinished.name.partition(" ")
        self._wire.request("DELETE", key, query={"uploadId": id_}, accept=("NoSuchUpload", "NoSuchKey"))

    def notes(self) -> tuple[str, ...]:
        return self._once.notes()

    def _name(self, key: str) -> str:
        return self._root + checked_key(key)
