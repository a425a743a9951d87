"""Objects of a store as one ZIP file that exists nowhere: streamed as it is asked for, from any byte of it.

Nothing is compressed, so that all sizes are known before the first byte is read, and the same objects give the same
bytes whenever somebody goes on with a download. Each object's CRC-32 follows it, as streams of ZIP have it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

_SMALL = 0xFFFFFFFF
"""From this on a size or an offset is written in the eight bytes of ZIP64."""
_MANY = 0xFFFF
_STREAMED, _UTF8 = 0x0008, 0x0800
_VERSION, _DATE = 45, 0x0021  # ZIP64; 1 January 1980, the first day there is: dates are in the archive itself
_LOCAL, _DESCRIPTOR, _CENTRAL, _END = 0x04034B50, 0x08074B50, 0x02014B50, 0x06054B50
_END64, _LOCATOR64, _EXTRA64 = 0x06064B50, 0x07064B50, 0x0001
_LEAST_BEFORE_END64 = 44


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One object: how the ZIP names it, how many bytes it has, and the bytes as they come."""

    name: str
    size: int
    read: Callable[[], Iterator[bytes]]

    @property
    def is_large(self) -> bool:
        return self.size >= _SMALL

    @property
    def header(self) -> bytes:
        name = self.name.encode()
        extra = struct.pack("<HHQQ", _EXTRA64, 16, 0, 0) if self.is_large else b""
        sizes = (_SMALL, _SMALL) if self.is_large else (0, 0)
        flags = _STREAMED | _UTF8
        fields = (_LOCAL, _VERSION, flags, 0, 0, _DATE, 0, *sizes, len(name), len(extra))
        return struct.pack("<IHHHHHIIIHH", *fields) + name + extra

    def descriptor(self, crc: int) -> bytes:
        return struct.pack("<IIQQ" if self.is_large else "<IIII", _DESCRIPTOR, crc, self.size, self.size)

    @property
    def length(self) -> int:
        """What it takes in the ZIP, its header and its descriptor with it."""
        return len(self.header) + self.size + len(self.descriptor(0))

    def central(self, crc: int, offset: int) -> bytes:
        """Its line in the directory at the end."""
        name = self.name.encode()
        large = [self.size, self.size] if self.is_large else []
        if offset >= _SMALL:
            large.append(offset)
        extra = struct.pack(f"<HH{len(large)}Q", _EXTRA64, 8 * len(large), *large) if large else b""
        shown, at = min(self.size, _SMALL), min(offset, _SMALL)
        flags = _STREAMED | _UTF8
        fields = (_CENTRAL, _VERSION, _VERSION, flags, 0, 0, _DATE, crc, shown, shown, len(name), len(extra))
        return struct.pack("<IHHHHHHIIIHHHHHII", *fields, 0, 0, 0, 0, at) + name + extra


@dataclass(frozen=True)
class Zipped:
    """The ZIP of these entries, in their order."""

    entries: tuple[Entry, ...]

    @property
    def length(self) -> int:
        """How long it is."""
        crcs = [0] * len(self.entries)
        return self._start_of_directory + len(self._directory(crcs))

    @property
    def _offsets(self) -> list[int]:
        return list(accumulate((entry.length for entry in self.entries), initial=0))

    @property
    def _start_of_directory(self) -> int:
        return self._offsets[-1]

    def from_byte(self, start: int = 0) -> Iterator[bytes]:
        """The ZIP from that byte to its end. What comes before is read all the same: its sums are told at the end."""
        passed = 0
        for chunk in self._whole():
            passed += len(chunk)
            if passed > start:
                yield chunk[max(0, len(chunk) - (passed - start)) :]

    def _whole(self) -> Iterator[bytes]:
        crcs: list[int] = []
        for entry in self.entries:
            yield entry.header
            crc = 0
            for chunk in _of_size(entry):
                crc = zlib.crc32(chunk, crc)
                yield chunk
            yield entry.descriptor(crc)
            crcs.append(crc)
        yield self._directory(crcs)

    def _directory(self, crcs: Iterable[int]) -> bytes:
        offsets = self._offsets
        lines = (entry.central(crc, at) for entry, crc, at in zip(self.entries, crcs, offsets, strict=False))
        directory = b"".join(lines)
        return directory + self._end(offsets[-1], len(directory))

    def _end(self, start: int, size: int) -> bytes:
        count = len(self.entries)
        end64 = b""
        if max(start, size) >= _SMALL or count >= _MANY:
            versions = (_VERSION, _VERSION, 0, 0)
            end64 = struct.pack("<IQHHIIQQQQ", _END64, _LEAST_BEFORE_END64, *versions, count, count, size, start)
            end64 += struct.pack("<IIQI", _LOCATOR64, 0, start + size, 1)
        counted, sized, begun = min(count, _MANY), min(size, _SMALL), min(start, _SMALL)
        return end64 + struct.pack("<IHHHHIIH", _END, 0, 0, counted, counted, sized, begun, 0)


def _of_size(entry: Entry) -> Iterator[bytes]:
    """ValueError where an object is not as long as its store said: what follows would stand in the wrong place."""
    left = entry.size
    for chunk in entry.read():
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise ValueError(f"{entry.name} is not as long as its store said")
