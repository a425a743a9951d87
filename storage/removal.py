"""An archive that nobody needs any more leaves its store, whole."""

from __future__ import annotations

from storage import bag
from storage.begun import LIST
from storage.objects import ObjectStore


def remove_archive(store: ObjectStore, archive_id: str) -> int:
    """Remove it, and the list of its parts; how many objects.

    What makes it an archive goes first: whoever is stopped leaves what no reader takes for one, and a sweep removes.
    """
    store.delete(f"{archive_id}/{bag.TAG_MANIFEST}")
    objects = [info for folder in (archive_id, f"{archive_id}{LIST}") for info in store.list(f"{folder}/")]
    for info in objects:
        store.delete(info.key)
    return len(objects) + 1
