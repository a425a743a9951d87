"""The places that hold files, by their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.platforms.files.stored import StoredFiles
from storage.address import redacted
from storage.credentials import Accounts
from storage.errors import Misuse
from storage.local import LocalStore
from storage.location import open_store

if TYPE_CHECKING:
    from migrator.platforms.files.web import WebFiles

_OF_A_FOLDER, _OF_A_BUCKET = 255, 1024  # bytes of a name: of one segment of a path, of a whole key


def open_files(base: str, accounts: Accounts) -> StoredFiles | WebFiles:
    """The files below `file:///folder`, a path, `s3://bucket/prefix?…` or `https://host/path`; none is asked for yet.

    Misuse for another address, for a folder that is not there, and for a bucket whose account has no keys.
    """
    if base.startswith(("http://", "https://")):
        from migrator.platforms.files.web import WebFiles  # late: who fetches from a folder speaks no HTTP

        return WebFiles(base)
    store = open_store(base, accounts)
    if not isinstance(store, LocalStore):
        place = base.partition("?")[0].rstrip("/")
        return StoredFiles(store, beginnings=(f"{place}/",), longest=_OF_A_BUCKET)
    if not store.root.is_dir():
        raise Misuse(
            "there is no such folder of files", where=redacted(base), next="check the base that the plan names"
        )
    return StoredFiles(store, beginnings=(f"{store.root}/",), longest=_OF_A_FOLDER)
