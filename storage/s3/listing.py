"""What is in a bucket, page by page: objects, folders, and uploads nobody finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from storage.errors import Fault
from storage.objects import ObjectInfo
from storage.s3.wire import Wire


@dataclass(frozen=True, kw_only=True)
class PendingUpload:
    """A multipart upload that was begun, and neither finished nor aborted."""

    key: str
    id: str
    initiated: datetime


def objects(wire: Wire, prefix: str) -> Iterator[ObjectInfo]:
    """Every object whose key starts with `prefix`, sorted by key."""
    for page in _pages(wire, {"prefix": prefix}):
        for found in page.iterfind("{*}Contents"):
            yield ObjectInfo(
                key=_key(page, found, "Key"),
                size=int(_text(found, "Size")),
                modified=datetime.fromisoformat(_text(found, "LastModified")),
            )


def folders(wire: Wire, prefix: str) -> Iterator[str]:
    """The parts of keys that start with `prefix` up to the next slash, with it, sorted."""
    for page in _pages(wire, {"prefix": prefix, "delimiter": "/"}):
        for found in page.iterfind("{*}CommonPrefixes"):
            yield _key(page, found, "Prefix")


def uploads(wire: Wire, prefix: str) -> Iterator[PendingUpload]:
    """Every pending upload whose key starts with `prefix`."""
    query = {"uploads": "", "prefix": prefix}  # Ceph encodes keys here when asked to, and does not say so
    while True:
        page = wire.request("GET", query=query).document("ListMultipartUploadsResult")
        for found in page.iterfind("{*}Upload"):
            initiated = datetime.fromisoformat(_text(found, "Initiated"))
            yield PendingUpload(key=_key(page, found, "Key"), id=_text(found, "UploadId"), initiated=initiated)
        if _text(page, "IsTruncated") != "true":
            return
        _onwards(wire, page, "NextKeyMarker")
        query["key-marker"] = _key(page, page, "NextKeyMarker")
        query["upload-id-marker"] = _text(page, "NextUploadIdMarker")


def _pages(wire: Wire, query: dict[str, str]) -> Iterator[Element]:
    query = {"list-type": "2", "encoding-type": "url", **query}  # XML has no way to write some characters of keys
    while True:
        page = wire.request("GET", query=query).document("ListBucketResult")
        yield page
        if _text(page, "IsTruncated") != "true":
            return
        query["continuation-token"] = _onwards(wire, page, "NextContinuationToken")


def _onwards(wire: Wire, page: Element, name: str) -> str:
    """Where the next page begins. Fault where the server does not say: its first page would come for ever."""
    text = _text(page, name)
    if not text:
        raise Fault(
            f"the server lists one page and gives no {name}",
            where=wire.where(""),
            next="ask whoever runs the server: it must know ListObjectsV2",
        )
    return text


def _key(page: Element, element: Element, name: str) -> str:
    text = _text(element, name)
    return unquote_plus(text) if page.findtext("{*}EncodingType") == "url" else text


def _text(element: Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""
