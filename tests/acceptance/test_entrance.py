"""Letting people and programs into a server, from its machine: nobody there needs to be an admin already."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from migrator.wiring import served
from tests.acceptance.world import World

PHRASE = "an office phrase of length"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World.at(tmp_path, source="source.db", target="target.db")
    monkeypatch.setenv("MIGRATOR_PUBLIC_URL", "https://migrator.example.org")
    return world


def test_a_link_from_the_command_line_makes_an_admin_and_sets_a_password(home: World) -> None:
    link = home.migrator("admin", "invite", "--grant", "admin:*", "--json").json["link"]
    assert link.startswith("https://migrator.example.org/welcome/")
    with patch.dict(os.environ, {"MIGRATOR_HOME": str(home.home)}), served() as offered:
        caller = TestClient(create_app(offered), raise_server_exceptions=False)
        given = {"login": "ann@example.org", "password": PHRASE}
        assert caller.post(f"/v1/invitations/{link.rpartition('/')[2]}", json=given).status_code == 201
        again = home.migrator("admin", "invite", "--login", "ann@example.org")
        key = again.stdout.strip().rpartition("/")[2]
        given = {"password": PHRASE.upper()}
        assert caller.post(f"/v1/invitations/{key}", json=given).status_code == 201
        assert offered.accounts.authenticated("ann@example.org", PHRASE.upper())
        done = ["invite", "follow link", "log in", "invite", "follow link", "log in"]
        assert [entry.action for entry in offered.audit.entries()] == done


def test_a_token_from_the_command_line_does_what_it_says(home: World) -> None:
    made = home.migrator("admin", "token", "nightly", "--grant", "operator:acme", "--days", "7", "--json").json
    with patch.dict(os.environ, {"MIGRATOR_HOME": str(home.home)}), served() as offered:
        token = offered.tokens.of_key(made["key"])
        assert token is not None and token.name == "nightly" and str(token.grants[0]) == "operator of acme"
        (entry,) = offered.audit.entries()
        assert entry.who.endswith("on the server") and made["key"] not in str(entry)


@pytest.mark.parametrize(
    "arguments",
    [
        ("invite",),
        ("invite", "--grant", "emperor:*"),
        ("invite", "--grant", "admin"),
        ("invite", "--login", "nobody"),
        ("invite", "--login", "nobody", "--grant", "admin:*"),
        ("token", "x"),
        ("token", "x", "--grant", "admin:*"),
    ],
)
def test_what_lets_nobody_in_is_refused(home: World, arguments: tuple[str, ...]) -> None:
    refused = home.migrator("admin", *arguments, "--json")
    assert refused.code == 2 and refused.json["error"]
