"""Where a target's files stand: a folder or a bucket that files can be put into."""

from __future__ import annotations

from migrator.platforms.files.folder import FolderShelf
from storage.address import redacted
from storage.credentials import Accounts
from storage.errors import Misuse
from storage.local import LocalStore
from storage.location import open_store
from storage.objects import ObjectStore


def open_shelf(base: str, accounts: Accounts) -> ObjectStore:
    """The place below `file:///folder`, a path, or `s3://bucket/prefix?…`; nothing is asked of a bucket yet.

    Files that are put into a folder may be read by whoever may read the folder. Misuse for another address, for a
    folder that is not there, and for a bucket whose account has no keys.
    """
    if base.startswith(("http://", "https://")):
        raise Misuse(
            "files cannot be put to a web server", where=redacted(base), next="name its folder, or the bucket behind it"
        )
    store = open_store(base, accounts)
    if not isinstance(store, LocalStore):
        return store
    if not store.root.is_dir():
        raise Misuse(
            "there is no such folder of files",
            where=redacted(base),
            next="check the base that the plan names, or make the folder as its users should find it",
        )
    return FolderShelf(store.root)
