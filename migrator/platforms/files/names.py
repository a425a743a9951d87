"""Names of files as rows write them: relative to the place the plan names, or its whole address before them."""

from __future__ import annotations

import re

from storage.objects import is_key

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|//|/")

OUTSIDE = "its name leads outside the place that the plan names"
ABSENT = "there is no such file"


def relative(name: str, beginnings: tuple[str, ...]) -> str | None:
    """What stands after one of these beginnings, or the name itself; None where it is the address of another place."""
    for beginning in beginnings:
        if name.startswith(beginning):
            return name.removeprefix(beginning)
    return None if _ADDRESS.match(name) else name


def leads_out(path: str) -> bool:
    """Whether a relative path could name something that does not lie below its place."""
    return not is_key(path)


def too_large(size: int, most: int) -> str:
    """Why a file of that size is not fetched where the plan takes `most` bytes."""
    return f"it has {size:,} bytes, and the plan takes files of at most {most:,}"
