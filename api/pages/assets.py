"""What pages load beside themselves: our own styles, scripts and icon, and htmx."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePath

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.problems import unknown

router = APIRouter(include_in_schema=False)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@router.get("/static/{name}")
def asset(name: str, request: Request) -> Response:
    if name not in _assets():
        raise unknown("asset", name)
    content, etag = _read(name)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_TYPES[PurePath(name).suffix], headers=headers)


@cache
def _assets() -> dict[str, Traversable]:
    ours = {part.name: part for part in files("api").joinpath("static").iterdir()}
    return {**ours, "htmx.js": files("js_lib_htmx").joinpath("static", "htmx", "htmx.min.js")}


@cache
def _read(name: str) -> tuple[bytes, str]:
    content = _assets()[name].read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:16]}"'
