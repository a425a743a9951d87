"""Addresses of stores and archives, as people write them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from storage.address import redacted, split
from storage.credentials import Accounts
from storage.errors import Misuse
from storage.local import LocalStore
from storage.objects import ObjectStore


def is_store(url: str) -> bool:
    """Whether the address is of a kind that stores have; files have it, too."""
    scheme, separator, _ = url.partition("://")
    return not separator or scheme in ("file", "s3")


def open_store(url: str, accounts: Accounts | None = None) -> ObjectStore:
    """The store at `file:///folder`, a plain path, or `s3://bucket/prefix?endpoint=…`; nothing is asked of it yet.

    A missing folder is an empty store. Misuse for any other address, and for a bucket whose account has no keys.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return LocalStore(_path(url))
    if scheme == "s3":
        return _bucket(url, accounts or Accounts(variables={}))
    if scheme != "file":
        raise Misuse(
            f"a store of the kind {scheme}:// is not known",
            where=f"store {redacted(url)}",
            next="use file:///path/to/folder, or s3://bucket/prefix?endpoint=https://host:port",
        )
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash or any(sign in path for sign in "?#"):
        raise Misuse(
            "this is not the address of a local folder", where=redacted(url), next="write file:///path/to/folder"
        )
    return LocalStore(Path(unquote(f"/{path}")))


def _path(text: str) -> Path:
    if not text:
        raise Misuse("no store is named", where="store", next="write store: file:///path/to/folder")
    if re.match("[a-z][a-z0-9+]+:/", text):  # an address with a slash too few makes no folder called file:
        raise Misuse(
            "this is neither an address nor a folder",
            where=f"store {redacted(text)}",
            next="write file:///path/to/folder, or s3://bucket/prefix?endpoint=https://host:port",
        )
    return Path(text)


def split_archive(location: str) -> tuple[str, str]:
    """`…/store/<archive-id>` as the store's address and the archive id. Misuse if it names no archive."""
    store, archive_id = split(location)
    if not archive_id or archive_id in (".", ".."):
        raise Misuse(
            "this is not an archive's location",
            where=redacted(location) or "archive",
            next="write <store>/<archive-id>",
        )
    return (store or ("/" if location.startswith("/") else "."), archive_id)


def _bucket(url: str, accounts: Accounts) -> ObjectStore:
    from storage.s3.address import S3Address  # the SDK is imported by who uses a bucket
    from storage.s3.store import S3Store

    address = S3Address.parse(url)
    return S3Store(address, accounts.credentials(address.account or "", where=str(address)))
