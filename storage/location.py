"""Addresses of stores and archives, as people write them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from storage.errors import Misuse
from storage.local import LocalStore
from storage.objects import ObjectStore


def open_store(url: str) -> ObjectStore:
    """The store at `file:///folder` or a plain path. Misuse for anything else; a missing folder is an empty store."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        if not url:
            raise Misuse("no store is named", where="store", next="write store: file:///path/to/folder")
        return LocalStore(Path(url))
    parts = urlsplit(url)
    if scheme != "file":
        raise Misuse(
            f"a store of the kind {scheme}:// is not known",
            where=f"store {scheme}://{parts.hostname or ''}",
            next="use file:///path/to/folder",
        )
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not parts.path:
        raise Misuse("this is not the address of a local folder", where=url, next="write file:///path/to/folder")
    return LocalStore(Path(unquote(parts.path)))


def split_archive(location: str) -> tuple[str, str]:
    """`…/store/<archive-id>` as the store's address and the archive id. Misuse if it names no archive."""
    store, _, archive_id = location.rstrip("/").rpartition("/")
    if not archive_id or archive_id in (".", ".."):
        raise Misuse(
            "this is not an archive's location", where=location or "archive", next="write <store>/<archive-id>"
        )
    return (store or ("/" if location.startswith("/") else "."), archive_id)
