"""What a content is, by its first bytes."""

from __future__ import annotations

import pytest

from storage.media import HEAD, media_type


@pytest.mark.parametrize(
    ("content", "type_"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0..JFIF", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"notRIFF.WEBP", "text/plain"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"PK\x03\x04", "application/zip"),
        (b"\0" * 257 + b"ustar\x0000", "application/x-tar"),
        ("déjà vu\r\n\t".encode(), "text/plain"),
        (b"a" * (HEAD - 1) + "é".encode() + b"a", "text/plain"),
        ("déjà vu".encode("latin-1"), "application/octet-stream"),
        (b"text\0text", "application/octet-stream"),
        (b"", None),
    ],
)
def test_the_first_bytes_tell(content: bytes, type_: str | None) -> None:
    assert media_type(content) == type_
    assert media_type(content[:HEAD]) == type_
