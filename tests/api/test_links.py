"""Where pages lead: to every page there is, and nowhere that is not there, or not for whoever reads them."""

from __future__ import annotations

import pytest

from tests.api.crawl import crawl, readable
from tests.api.lived import live
from tests.api.office import ROLES, Office

ELSEWHERE = {"/login", "/login/provider", "/login/provider/back", "/welcome/{key}"}
"""For people who are not in yet."""
OF_FILES = "/archives/{archive}/files"
"""The office has none: the browser's story leads there."""
LANGUAGES = {"admin": ("en", "fr"), "viewer": ("fr",), "operator": ("en",), "approver": ("fr",), "stranger": ("en",)}


@pytest.fixture
def lived(server: Office) -> Office:
    live(server)
    return server


def test_links_lead_to_what_is_there_and_allowed_and_to_every_page(lived: Office) -> None:
    app = lived.by("admin").app
    pages = {path for path in readable(app) if not path.startswith(("/v1/", "/static/", "/health/", "/metrics"))}
    wrong, seen = [], set()
    for role in ROLES:
        account = lived.served.accounts.named(f"{role}@example.org")
        for language in LANGUAGES[role]:
            lived.served.accounts.set_language(account.account_id, language)
            for place in crawl(lived.by(role), app):
                seen.add(place.route)
                if place.answer.status_code >= 400:
                    wrong.append(f"{role}: {place.linked_from} leads to {place.address}: {place.answer.status_code}")
                if place.is_page and place.route in pages:
                    assert f'lang="{language}"' in place.answer.text
    wrong += (f"nothing leads to {route}" for route in pages - seen - ELSEWHERE if not route.startswith(OF_FILES))
    assert not wrong, "\n".join(sorted(set(wrong)))
