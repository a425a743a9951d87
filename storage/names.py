"""Names inside an archive: `[a-z0-9._-]` only. What a hostile source calls its tables never becomes a path."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})
_PATH = re.compile(r"[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")


def slug_of(text: str) -> str:
    """What of `text` a person still recognises in `[a-z0-9-]`; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


class FileNames:
    """Gives every table a file name of its own; a name that had to be altered ends in digits of its hash.

    Tables that are `expected` have theirs from the start, in that order: whoever expects the same names them alike.
    """

    def __init__(self, expected: Iterable[str] = ()) -> None:
        self._taken: set[str] = set()
        self._expected = {table: self._new(table) for table in expected}

    def name(self, table: str) -> str:
        """A name of no other table: `table` itself where that is safe everywhere (Windows too), else a stand-in."""
        return self._expected.get(table) or self._new(table)

    def _new(self, table: str) -> str:
        name = table
        if not _SAFE.fullmatch(table) or table in _DEVICES or table in self._taken:
            stem = slug_of(table[:200])[:40] or "table"
            digits = hashlib.sha256(table.encode("utf-8", "surrogatepass")).hexdigest()
            length = next(n for n in range(10, 65) if f"{stem}-{digits[:n]}" not in self._taken)
            name = f"{stem}-{digits[:length]}"
        self._taken.add(name)
        return name

    def release(self, name: str) -> None:
        """The name may be given again: nothing stands under it any more."""
        if name not in self._expected.values():
            self._taken.discard(name)


def is_path(path: str) -> bool:
    """Whether `path` may stand under data/: safe names, none of them starting with a dot."""
    return _PATH.fullmatch(path) is not None


def is_segment(name: str) -> bool:
    """Whether `name` may be the folder of an archive: one segment, which is no way out of it."""
    return re.fullmatch("[A-Za-z0-9_-][A-Za-z0-9._-]*", name) is not None
