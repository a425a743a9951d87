"""The tags of a column of mixed values, as docs/archive-format.md has them, read without our reader."""

from __future__ import annotations

import base64


def raw(field: str) -> bytes:
    """The bytes of a text or a binary value."""
    tag, body = field[0], field[2:]
    assert tag in "tbx", field
    return body.encode() if tag == "t" else base64.b64decode(body)


def value(field: str) -> tuple[str, int | float | bytes]:
    """The tag (t for a text however it is held), and the value; texts as their bytes."""
    tag, body = field[0], field[2:]
    if tag == "i":
        return tag, int(body)
    if tag == "r":
        return tag, float(body)
    return "b" if tag == "b" else "t", raw(field)
