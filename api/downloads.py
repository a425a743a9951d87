"""Downloads: streamed as they are read, and gone on with from any byte."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from storage.streamed import Streamed

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


def download(request: Request, found: Streamed, *, name: str, media_type: str, etag: str) -> Response:
    """All of it, or from the first byte of `Range` on: whoever goes on wants the rest. 416 past its end.

    `etag` is of the content: with `If-Range` of another one the whole is sent.
    """
    size = found.length
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Accept-Ranges": "bytes",
        "ETag": f'"{etag}"',
    }
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or request.headers.get("if-range", f'"{etag}"') != f'"{etag}"':
        headers["Content-Length"] = str(size)
        return StreamingResponse(found.from_byte(), media_type=media_type, headers=headers)
    first, last = int(wanted[1]), min(int(wanted[2] or size - 1), size - 1)
    if first > last:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(last - first + 1)}
    content = _first(found.from_byte(first), last - first + 1)
    return StreamingResponse(content, status_code=206, media_type=media_type, headers=headers)


def whole(file: IO[bytes], *, name: str, media_type: str) -> Response:
    """A file that was made for this answer, and is gone after it: nobody can go on with another one like it."""
    size = file.seek(0, os.SEEK_END)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Content-Length": str(size)}
    return StreamingResponse(_read(file), media_type=media_type, headers=headers)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _first(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk[:count]
        count -= len(chunk)
        if count <= 0:
            return
