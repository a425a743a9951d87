"""Somebody before a browser: what they see by the words that stand there, and what they must never meet."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request, Response, ViewportSize, expect

from api.asked import COOKIE
from tests.browser.axe import barriers
from tests.browser.hands import Hand

DESK = ViewportSize(width=1100, height=760)
PATIENCE_MS = 120_000
"""For what a worker does meanwhile."""
PAGE_MS = 60_000
"""For a page to come and to show what it has: on a machine that is busy, longer than anybody would like."""
_TOLD_OTHERWISE = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")
"""What was answered is looked at by itself; who goes on writing gives up what was asked before."""
_AGAIN_MS = 500
_LOOKS = 5


@dataclass(kw_only=True)
class Visitor:
    """One person, logged in or not. `complaints`: what went wrong behind their back; an examiner has axe look, too."""

    page: Page
    address: str
    hand: Hand
    pictures: Path
    has_scripts: bool
    is_examiner: bool
    complaints: list[str] = field(default_factory=list)
    _pictures_taken: int = 0

    # ── acting ──────────────────────────────────────────────────────────────────────────────────────────────
    def go(self, path: str) -> None:
        """As by the address line: to whatever page the person begins at."""
        self.page.goto(path if "://" in path else f"{self.address}{path}")

    def follow(self, link: str, *, within: Locator | None = None) -> None:
        self.lead(self._in(within).get_by_role("link", name=link, exact=True).first)

    def send(self, button: str, *, within: Locator | None = None) -> None:
        """A form, to the page it leads to."""
        self.lead(self._in(within).get_by_role("button", name=button, exact=True).first)

    def lead(self, place: Locator) -> None:
        """To the page that this link or button leads to."""
        with self.page.expect_navigation():
            self.hand.press(place)

    def push(self, button: str) -> None:
        """What changes a part of this page, or, without scripts, leads to it anew."""
        self.hand.press(self.page.get_by_role("button", name=button, exact=True).first)

    def write(self, label: str, text: str, *, within: Locator | None = None) -> None:
        self.hand.write(self._in(within).get_by_label(label, exact=True), text)

    def choose(self, label: str, option: str, *, within: Locator | None = None) -> None:
        """The first of what is offered that has these words in it."""
        field = self._in(within).get_by_label(label, exact=True)
        self.hand.choose(field, field.locator("option", has_text=option).first.inner_text().strip())

    def tick(self, label: str, *, within: Locator | None = None) -> None:
        """What begins with these words: the label of a choice also says what it means."""
        self.hand.tick(self._in(within).get_by_label(re.compile(rf"^\s*{re.escape(label)}\b")))

    # ── seeing ──────────────────────────────────────────────────────────────────────────────────────────────
    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PAGE_MS)

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def section(self, heading: str) -> Locator:
        """The part of the page below this heading."""
        title = self.page.get_by_role("heading", name=heading, exact=True)
        return self.page.locator("section, form, article").filter(has=title).last

    def form(self, button: str) -> Locator:
        """The form that this button sends."""
        return self.page.locator("form").filter(has=self.page.get_by_role("button", name=button, exact=True))

    def waits_for(self, place: Locator) -> None:
        """Until a worker is so far: the page tells by itself, or, without scripts, when it is loaded again."""
        if self.has_scripts:
            expect(place).to_be_visible(timeout=PATIENCE_MS)
            return
        for _ in range(PATIENCE_MS // _AGAIN_MS):
            if place.is_visible():
                return
            self.page.wait_for_timeout(_AGAIN_MS)
            self.page.reload()
        raise AssertionError(f"{place} does not come on {self.page.url}")

    def look(self, name: str, *, is_document: bool = False) -> None:
        """A picture of the page, and what bars somebody's way on it; in documents of ours no script runs, be it axe."""
        if self._pictures_taken == 0:
            shutil.rmtree(self.pictures, ignore_errors=True)  # those of an earlier run
            self.pictures.mkdir(parents=True)
        self._pictures_taken += 1
        file = f"{self._pictures_taken:02}-{name}.png"
        self.page.screenshot(path=self.pictures / file, full_page=True)
        if self.is_examiner and not is_document:
            self.complaints += (f"{self.page.url}: {barrier}" for barrier in self._barriers())

    @contextmanager
    def refused(self) -> Iterator[None]:
        """What is sent now must be refused."""
        before = len(self.complaints)
        yield
        assert "422: POST" in self.complaints[before]
        del self.complaints[before]

    def _barriers(self) -> list[str]:
        """Looked for anew where the page went on meanwhile, as one does that shows a run."""
        for _ in range(_LOOKS):
            try:
                return barriers(self.page)
            except Error:
                self.page.wait_for_load_state()
        return barriers(self.page)

    def _in(self, within: Locator | None) -> Page | Locator:
        return self.page if within is None else within


@contextmanager
def visitor(
    browser: Browser,
    address: str,
    hand: Hand,
    pictures: Path,
    *,
    has_scripts: bool = True,
    is_examiner: bool = False,
    session: str = "",
) -> Iterator[Visitor]:
    """Somebody with a browser of their own, be it with a session; at the end nothing may have gone wrong."""
    context = browser.new_context(
        java_script_enabled=has_scripts, locale="en-GB", viewport=DESK, reduced_motion="reduce"
    )
    if session:
        context.add_cookies([{"name": COOKIE, "value": session, "url": address}])
    page = context.new_page()
    page.set_default_timeout(PAGE_MS)
    one = Visitor(
        page=page,
        address=address,
        hand=hand,
        pictures=pictures,
        has_scripts=has_scripts,
        is_examiner=is_examiner,
    )
    _listen(one)
    yield one
    context.close()
    assert not one.complaints, "\n".join(one.complaints)


def _listen(one: Visitor) -> None:
    own = urlsplit(one.address).netloc

    def requested(request: Request) -> None:
        if urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != own:
            one.complaints.append(f"asked of another host: {request.url}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            one.complaints.append(f"{response.status}: {response.request.method} {response.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_TOLD_OTHERWISE):
            one.complaints.append(f"the console says on {one.page.url}: {message.text}")

    one.page.on("request", requested)
    one.page.on("response", answered)
    one.page.on("console", said)
    one.page.on("pageerror", lambda error: one.complaints.append(f"a script failed on {one.page.url}: {error}"))
