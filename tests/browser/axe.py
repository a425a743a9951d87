"""What axe-core finds on a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_OF_COLOURS = ("color-contrast", "link-in-text-block")
_AXE = Axe()


def barriers(page: Page) -> list[str]:
    """What keeps somebody from using the page, in light and in dark; left in light."""
    found = list(_told(page, "light", {}))
    page.emulate_media(color_scheme="dark")
    found += _told(page, "dark", {"runOnly": {"type": "rule", "values": list(_OF_COLOURS)}})
    page.emulate_media(color_scheme="light")
    return found


def _told(page: Page, scheme: str, options: dict[str, Any]) -> Iterator[str]:
    results = _AXE.run(page, options={"resultTypes": ["violations"], **options})
    for violation in results.response["violations"]:
        for node in violation["nodes"]:
            where = " ".join(map(str, node["target"]))
            yield f"{violation['impact']}, in {scheme}: {violation['help']}: {where}: {node['failureSummary']}"
