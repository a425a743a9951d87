"""Several objects of a store as one stream of known length, which can be gone on with from any byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol


class Streamed(Protocol):
    """What is downloaded: `length` bytes long, the same however often it is asked for."""

    @property
    def length(self) -> int: ...

    def from_byte(self, start: int = 0) -> Iterator[bytes]: ...


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One object: so many bytes, as they come."""

    size: int
    read: Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Joined:
    """One piece after the other."""

    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        return sum(piece.size for piece in self.pieces)

    def from_byte(self, start: int = 0) -> Iterator[bytes]:
        """From that byte to the end; whole pieces before it are not read."""
        for piece in self.pieces:
            if start >= piece.size:
                start -= piece.size
                continue
            for chunk in piece.read():
                if start < len(chunk):
                    yield chunk[start:]
                start = max(0, start - len(chunk))


def held_back(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Each chunk when the next is there: the last is given once whoever reads them knows that all are right."""
    held = b""
    for chunk in chunks:
        if held:
            yield held
        held = chunk
    yield held
