"""Debian's browser, which knows one host: whatever a page asks of another is found out, and goes nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

_OPTIONS = [
    "--no-sandbox",  # it runs as root in CI, and shows pages of ours alone
    "--disable-dev-shm-usage",  # a container's is small
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own, which ends with the context."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("the pages are tested in Debian's chromium: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()
