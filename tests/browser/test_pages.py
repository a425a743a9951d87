"""Every page of an office where much has happened: nothing bars anybody's way, on a desk or on a telephone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from unittest.mock import patch

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, ViewportSize

from api.asked import COOKIE
from migrator.wiring import served
from tests.acceptance.office import mapping_of, office
from tests.api.crawl import Place, crawl
from tests.api.lived import live
from tests.api.office import Office, listening, opened
from tests.browser.hands import Mouse
from tests.browser.tour import unreachable
from tests.browser.visitor import DESK, Visitor, visitor

ROLES = ("operator", "approver", "admin", "viewer")
PLAIN = str.maketrans("/", "-", "{}")
TELEPHONE = ViewportSize(width=400, height=800)
OVERFLOWS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
LIGHT = 100_000
"""Bytes, of a page and of all it loads, as they go over the wire."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    office: Office
    app: FastAPI
    address: str

    def places(self) -> Iterator[tuple[str, Place]]:
        """Who comes to which page; those of a role that look as another's are left out."""
        known = set()
        for role in ROLES:
            for place in crawl(self.office.by(role), self.app):
                shape = (place.route, place.answer.text.count("<form"))
                is_ours = place.is_page and place.answer.status_code == 200 and not place.address.startswith("/v1/")
                if is_ours and (shape not in known or (place.route == "/runs/{run}" and role == "operator")):
                    known.add(shape)
                    yield role, place


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The application behind a socket, in this process."""
    world = office(tmp_path_factory.mktemp("office"))
    with patch.dict(os.environ, {"MIGRATOR_HOME": str(world.home)}), served() as offered:
        opened_office = opened(offered, world, mapping_of(world).read_text(encoding="utf-8"))
        live(opened_office)
        app = opened_office.by("admin").app
        assert isinstance(app, FastAPI)
        with listening(app) as address:
            yield Standing(office=opened_office, app=app, address=address)


def entered(standing: Standing, browser: Browser, pictures: Path, role: str) -> AbstractContextManager[Visitor]:
    return visitor(
        browser,
        standing.address,
        Mouse(),
        pictures / "pages" / role,
        is_examiner=True,
        session=str(standing.office.by(role).cookies[COOKIE]),
    )


def test_nothing_bars_anybodys_way(standing: Standing, browser: Browser, pictures: Path) -> None:
    for role, places in groupby(standing.places(), key=lambda found: found[0]):
        with entered(standing, browser, pictures, role) as person:
            for _, place in places:
                person.go(place.address)
                person.look(place.route.strip("/").translate(PLAIN) or "overview")
                person.complaints += [f"{place.address}: {one}" for one in unreachable(person.page)]
                person.page.set_viewport_size(TELEPHONE)
                if person.page.evaluate(OVERFLOWS):
                    person.complaints.append(f"{place.address} is wider than a telephone")
                person.page.set_viewport_size(DESK)


@pytest.mark.parametrize("path", ["/login", "/"])
def test_the_first_page_is_light(standing: Standing, browser: Browser, pictures: Path, path: str) -> None:
    with entered(standing, browser, pictures, "operator") as person:
        if path == "/login":
            person.page.context.clear_cookies()
        wire, taken = person.page.context.new_cdp_session(person.page), []
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: taken.append(event["encodedDataLength"]))
        person.go(path)
        person.page.wait_for_load_state()
    assert len(taken) > 2 and sum(taken) < LIGHT
