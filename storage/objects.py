"""The contract of an object store: a few verbs over flat keys. tests/conformance/test_object_stores.py is its suite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Protocol

from storage.address import below
from storage.errors import Misuse


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    key: str
    size: int  # bytes
    modified: datetime  # when it appeared, by the store's own clock


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """An object that is being written, or whose writer was killed; no reader sees it."""

    folder: str  # the first name of its key
    since: datetime  # the last sign of its writer that the store knows of
    name: str  # what the store itself calls it
    key: str | None = None  # whose it is, where the store knows


class Sink(Protocol):
    """Where the bytes of one object go."""

    def write(self, data: bytes, /) -> int: ...


class ObjectStore(Protocol):
    """Objects by key: whole or absent, never in between. Keys are relative paths that never leave the store."""

    @property
    def url(self) -> str:
        """The store's address as a person would write it; `below(url, archive_id)` is an archive's location."""
        ...

    def writer(self, key: str, *, exclusive: bool = False) -> AbstractContextManager[Sink]:
        """The object appears whole on a clean exit and not at all on an exception.

        Replaces what was there; with `exclusive`, AlreadyExists instead, and of many writers exactly one succeeds.
        """
        ...

    def reader(self, key: str) -> AbstractContextManager[IO[bytes]]:
        """The object's bytes, from the start. Misuse if there is no such object."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, sorted by key."""
        ...

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The first names of all keys that start with `prefix` and have further names below it, sorted.

        `prefix` is the beginning of such a name. Costs by the number of folders, not of objects.
        """
        ...

    def size(self, key: str) -> int | None:
        """The object's size in bytes; None if there is no such object."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; no error if there is none."""
        ...

    def unfinished(self) -> Iterator[Unfinished]:
        """What is being written, and what killed writers left of objects that never appeared."""
        ...

    def discard(self, unfinished: Unfinished) -> None:
        """Drop it; its writer, if there is one still, fails. No error if it is gone or finished meanwhile."""
        ...

    def notes(self) -> tuple[str, ...]:
        """Which of these promises the store could keep only in part, in words, as far as it has noticed."""
        ...


def is_key(key: str) -> bool:
    """Whether an object of a store may be called that; elsewhere in a bucket others may stand."""
    return not any(segment in ("", ".", "..") for segment in key.split("/")) and not any(c in key for c in "\\\0")


def checked_key(key: str) -> str:
    """The key itself. Misuse if it is empty, absolute, or could name something outside the store."""
    if not is_key(key):
        raise Misuse(
            f"{key!r} is not an object key",
            where="object store",
            next="use a relative path of plain names, without '..', backslash or NUL",
        )
    return key


def missing(store: ObjectStore, key: str) -> Misuse:
    """The error every store raises when a reader asks for an object that is not there."""
    return Misuse("there is no such object", where=below(store.url, key), next="check the store and the archive's name")


def read_bytes(store: ObjectStore, key: str) -> bytes:
    """A small object, whole."""
    with store.reader(key) as stream:
        return stream.read()


def write_bytes(store: ObjectStore, key: str, content: bytes, *, exclusive: bool = False) -> None:
    """A small object, whole."""
    with store.writer(key, exclusive=exclusive) as sink:
        sink.write(content)
