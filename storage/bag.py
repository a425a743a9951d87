"""The BagIt 1.0 side of an archive: its manifests and bag-info.txt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from storage.errors import Red

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
BAG_DECLARATION, BAG_INFO = "bagit.txt", "bag-info.txt"

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)")


def render_manifest(hashes: Mapping[str, str]) -> bytes:
    """`sha256sum` lines, sorted by path."""
    return "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()


def parse_manifest(content: bytes, *, where: str) -> dict[str, str]:
    """SHA-256 by path. Red if a line is not `<64 hex>  <path>`, or a path stands there twice."""
    hashes: dict[str, str] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").removesuffix("\n").split("\n"), start=1):
        found = _LINE.fullmatch(line)
        if found is None or found[2] in hashes:
            raise Red("corrupt: not a manifest line", where=f"{where}:{number}", next="get another copy of the archive")
        hashes[found[2]] = found[1]
    return hashes


def render_info(entries: Iterable[tuple[str, str]]) -> bytes:
    """bag-info.txt; control characters and % are percent-encoded, so that a value is always one line."""
    return "".join(f"{label}: {_escape(value)}\n" for label, value in entries).encode()


def parse_info(content: bytes) -> dict[str, str]:
    """The values of bag-info.txt by label, as they were given to `render_info`."""
    lines = (line.partition(": ") for line in content.decode("utf-8", "replace").split("\n") if line)
    return {label: _unescape(value) for label, _, value in lines}


def _escape(value: str) -> str:
    return re.sub(r"[\x00-\x1f%\x7f-\x9f\u2028\u2029]|^ | $", lambda found: f"%{ord(found[0]):04X}", value)


def _unescape(value: str) -> str:
    return re.sub(r"%([0-9A-F]{4})", lambda found: chr(int(found[1], 16)), value)
