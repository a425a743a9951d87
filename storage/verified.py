"""Reading what a manifest vouches for: every byte is hashed before the first is released."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

from storage.address import below
from storage.errors import Red
from storage.objects import ObjectStore

_SPOOL = 8 << 20
_CHUNK = 1 << 20


@contextmanager
def verified(store: ObjectStore, key: str, sha256: str) -> Iterator[IO[bytes]]:
    """The object's bytes in a temporary file, once they are known to be the right ones; Red otherwise."""
    with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
        for chunk in passing(store, key, sha256):
            spool.write(chunk)
        spool.seek(0)
        yield spool


def passing(store: ObjectStore, key: str, sha256: str) -> Iterator[bytes]:
    """The object's bytes as they come, a MiB at a time; Red after the last if they were not the right ones."""
    if store.size(key) is None:
        raise corrupt(store, key, "missing")
    digest = hashlib.sha256()
    with store.reader(key) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != sha256:
        raise corrupt(store, key, "changed")


def corrupt(store: ObjectStore, key: str, how: str) -> Red:
    """The answer about an object that is not what the archive says."""
    return Red(f"corrupt: {how}", where=below(store.url, key), next="check the archive, and get another copy of it")


@contextmanager
def of_its_type(where: str) -> Iterator[None]:
    """Where texts become values: Red if one is no value of its column's type."""
    try:
        yield
    except (pa.ArrowInvalid, ValueError) as error:
        what = f"corrupt: a value is not of its column's type ({error})"
        raise Red(what, where=where, next="get another copy of the archive") from error
