"""The folder of a run that was performed elsewhere, as the store keeps it.

What a store gives is input from outside: it counts only where a key that is known signed it, and only under the names
it has by right.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from migrator.runs.kept import RECORD, is_document, kept_in
from storage.errors import Red
from storage.run_documents import RunDocuments
from storage.system import translated


def require_trusted(documents: RunDocuments, trusted: Collection[str]) -> None:
    """Red where none of these keys, given by their fingerprints, signed the documents."""
    if documents.fingerprint not in trusted:
        raise Red(
            f"these documents of a run are signed by another key: {documents.fingerprint}",
            where=documents.location,
            next="if it is a key of yours, name it: migrator admin rebuild --key; else find out who wrote them",
        )


def bring(documents: RunDocuments, folder: Path) -> None:
    """Make the folder say what these documents say; one that is there keeps what no store keeps.

    Red where a document is damaged: then the folder is as it was.
    """
    with translated(folder):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _fetch(documents, whole)
        with translated(folder):
            _put(whole, folder)
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _fetch(documents: RunDocuments, to: Path) -> None:
    for path in filter(is_document, documents.paths):
        with translated(to):
            (to / path).parent.mkdir(mode=0o700, exist_ok=True)
        documents.copy(path, to / path)
    kept_in(to, documents.store)


def _put(whole: Path, folder: Path) -> None:
    if not folder.exists():
        whole.rename(folder)
        return
    shutil.rmtree(folder / "decisions", ignore_errors=True)
    # the record goes last: until then it says that the folder is of an older attempt
    for path in sorted(whole.iterdir(), key=lambda path: path.name == RECORD):
        path.replace(folder / path.name)
