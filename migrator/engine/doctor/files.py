"""The doctor's look at the places that files are fetched from, and put into."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from io import BytesIO

from migrator.contracts import Finding
from migrator.engine.attachments import Files
from migrator.engine.doctor.archives import probed_store
from migrator.engine.doctor.clock import Now
from migrator.plan import AttachmentRule
from storage.objects import ObjectStore


def look_at_files(rule: AttachmentRule, places: Callable[[str], Files]) -> tuple[Sequence[Finding], None]:
    """That the place answers, and says so where a file is not there: it is asked for one that nobody has."""
    refused = places(rule.base or "").fetch(f"migrator-doctor-{secrets.token_hex(8)}", BytesIO(), most=rule.most)
    if refused is not None:
        return [Finding(what="reached", verdict="ok", found=f"asked for a file that nobody has: {refused}")], None
    return [
        Finding(
            what="reached",
            verdict="warning",
            found="it gives something for every name: files that are missing will look as if they were there",
            where=rule.at,
            next="name the columns that say what the files should be (size, hash), or a base that answers 404",
        )
    ], None


def look_at_shelf(shelf: ObjectStore, now: Now) -> tuple[Sequence[Finding], None]:
    """That files can be put there, read again and removed."""
    return list(probed_store(shelf, now)), None
