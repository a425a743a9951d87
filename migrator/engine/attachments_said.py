"""What a row says of its file, and what the file is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from storage.media import HEAD, media_type

_CHUNK = 1 << 20
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}  # of hexadecimal digits
HELD_BY = ("sha256",)
"""What every file is hashed by."""
ALGORITHMS = tuple(_BY_LENGTH.values())
"""What a row may have hashed its file by."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file's content, in short."""

    size: int
    content_type: str | None
    hashes: Mapping[str, str]  # algorithm → hexadecimal digits

    @property
    def sha256(self) -> str:
        return self.hashes["sha256"]

    @classmethod
    def of(cls, stream: IO[bytes], algorithms: Iterable[str]) -> Content:
        """Read it through once, from where it stands."""
        found = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
        head, size = b"", 0
        while chunk := stream.read(_CHUNK):
            head = head or chunk[:HEAD]
            size += len(chunk)
            for digest in found.values():
                digest.update(chunk)
        hashes = {name: digest.hexdigest() for name, digest in found.items()}
        return cls(size=size, content_type=media_type(head), hashes=hashes)


@dataclass(frozen=True, kw_only=True)
class Said:
    """The size and the hash of its file that a row says, as texts; None where it says nothing."""

    size: str | None
    hash: str | None

    @property
    def is_silent(self) -> bool:
        return self.size is None and self.hash is None

    def differs(self, content: Content) -> str | None:
        """How the file is another than the row says; None where it is not. `content` is hashed by all ALGORITHMS."""
        if self.size is not None and self.size.strip() != str(content.size):
            return f"it has {content.size} bytes, its row says {self.size}"
        if self.hash is None:
            return None
        digits = self.hash.strip().lower().rpartition(":")[2]  # sha256:… says what it is, its length does too
        algorithm = _BY_LENGTH.get(len(digits))
        if algorithm is None:
            return f"its row says a hash of no known kind: {self.hash[:128]}"
        if content.hashes[algorithm] != digits:
            return f"its {algorithm} is {content.hashes[algorithm]}, its row says {digits}"
        return None
