"""Files that only their owner may read: made on first use with mode 0600, refused where others can read them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from storage.errors import Misuse


def load_or_create(path: Path, make: Callable[[], bytes], *, what: str) -> bytes:
    """The file's content, `make`'s on first use; of many first users one wins and all agree.

    `what` names it in messages. Misuse if others can read it. OSError where the folder cannot be used.
    """
    if not path.exists():
        _create(path, make())
    if path.stat().st_mode & 0o077:
        raise Misuse(f"others can read this {what}", where=str(path), next=f"run: chmod 600 {path}")
    return path.read_bytes()


def _create(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600 from the first byte
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # link fails if another process was first: then its file is the one everybody uses
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
