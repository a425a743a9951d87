"""Texts that come in: whatever can be written in JSON and in no file or database is refused at the door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from fastapi import Request

from api.guard import SAFE
from api.problems import Refusal

_DOUBTFUL = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


async def require_whole_texts(request: Request) -> None:
    """422 for a text with a NUL or with half of a character in it, or in another encoding than UTF-8."""
    if request.method in SAFE:
        return
    if not _is_utf8(body := await request.body()):  # JSON may be read as UTF-16, where nothing below is found
        raise not_whole("body")
    if not _DOUBTFUL.search(body):
        return
    try:
        texts = list(_texts(json.loads(body)))
    except (ValueError, RecursionError):
        return  # it is no JSON: whoever reads it says so
    if not all(map(is_whole, texts)):
        raise not_whole("body")


def not_whole(where: str) -> Refusal:
    return Refusal(
        status=422,
        kind="misuse",
        what="a text has a NUL or half of a character in it",
        where=where,
        next="send whole characters, as UTF-8",
    )


def is_whole(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_utf8(body: bytes) -> bool:
    try:
        return "\0" not in body.decode()
    except UnicodeDecodeError:
        return False


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from _texts(one)
        case dict():
            for key, one in value.items():
                yield key
                yield from _texts(one)
