"""When keys were last used: seen by every request, written down beside them."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from api import server as server_module
from api.server import application
from tests.api.office import ROLES, Office, of
from tests.waiting import comes


def test_a_server_at_work_says_when_a_token_was_used(server: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_NOTED_EVERY_S", 0.05)
    program = server.program(ROLES["viewer"])
    with TestClient(application(), headers=program.headers) as caller:
        of(caller.get("/v1/session"))
        comes(lambda: server.served.tokens.all()[0].used_at is not None)
