"""A world whose commands are asked of a server: its platforms are registered there, and an approver sits before it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from fastapi.testclient import TestClient

from api.app import create_app
from api.asked import COOKIE, FORM_TOKEN
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.access.sessions import form_token
from migrator.registry.platforms import Secret
from migrator.registry.tenants import Tenant
from migrator.service.served import Served
from migrator.wiring import served
from tests.acceptance.performers import PATIENCE_S
from tests.acceptance.test_serve import address_of
from tests.acceptance.world import World

_PLATFORMS = ("SOURCE_URL", "TARGET_URL", "STORE_URL")
BACK = "BACK_URL"
"""An empty database that the server knows, and no plan names."""
_SETUP = Principal(
    kind=PrincipalKind.LOCAL, id="setup", name="setup", grants=(Grant(tenant=EVERYWHERE, role=Role.ADMIN),)
)


@dataclass(frozen=True, kw_only=True)
class ServedWorld(World):
    """Where commands are given, nothing is known but the server and a token."""

    server: str = ""
    token: str = ""
    approver: TestClient

    @property
    def environment(self) -> dict[str, str]:
        nothing = {"MIGRATOR_HOME": str(self.folder / "elsewhere")}
        return {**nothing, "MIGRATOR_SERVER": self.server, "MIGRATOR_TOKEN": self.token}

    def platform(self, name: str) -> str:
        return f"${{{name}}}"

    def waiting(self) -> list[dict[str, Any]]:
        """What nobody has decided yet."""
        found: list[dict[str, Any]] = self.approver.get("/v1/approvals", params={"waiting": True}).json()["items"]
        return found

    def decide(self, approval: str, *, grant: bool, words: str = "") -> None:
        answer = self.approver.post(f"/v1/approvals/{approval}/decision", json={"grant": grant, "words": words})
        assert answer.status_code == 200, answer.text

    @contextmanager
    def agreeing(self) -> Iterator[None]:
        """Somebody agrees to whatever is asked for, as long as the context is open."""
        over = threading.Event()

        def agree() -> None:
            while not over.wait(0.1):
                for one in self.waiting():
                    self.decide(one["approval_id"], grant=True, words="go")

        agreeing = threading.Thread(target=agree)
        agreeing.start()
        try:
            yield
        finally:
            over.set()
            agreeing.join()


@contextmanager
def at_server(world: World, tenant: str, *, workers: int = 1) -> Iterator[ServedWorld]:
    """The same world, where every command is asked of a server of its own."""
    with ExitStack() as open_:
        with patch.dict(os.environ, world.environment):
            offered = open_.enter_context(served())
        token, session = _prepared(offered, world, tenant)
        approver = TestClient(create_app(offered))
        approver.cookies.set(COOKIE, session)
        approver.headers[FORM_TOKEN] = form_token(session)
        own = {field.name: getattr(world, field.name) for field in fields(World)}
        address = open_.enter_context(_serving(world, workers))
        yield ServedWorld(**own, server=address, token=token, approver=approver)


@contextmanager
def _serving(world: World, workers: int) -> Iterator[str]:
    with world.start("serve", "--port", 0, "--workers", workers) as process:
        try:
            address = address_of(process)
            reader = threading.Thread(target=lambda: list(process.stderr or ()))  # a full pipe would stop it
            reader.start()
            yield address
            process.terminate()
            process.wait(PATIENCE_S)
            reader.join()
        finally:
            process.kill()


def _prepared(offered: Served, world: World, tenant: str) -> tuple[str, str]:
    """Tenant and platforms; gives a program's token, and the session of an approver."""
    offered.tenants.add(Tenant(tenant=tenant, name=tenant))
    for name in _PLATFORMS:
        offered.platforms.put(name, Secret(world.environment[name]), tenants=[tenant], by="setup")
    offered.platforms.put(BACK, Secret(f"sqlite:///{world.folder / 'back.db'}"), tenants=[tenant], by="setup")
    operator = Grant(tenant=EVERYWHERE, role=Role.OPERATOR)
    _, token = offered.tokens.make("test", [operator], lifetime=timedelta(days=1), made_by=_SETUP)
    account = offered.accounts.add("ann@example.org", grants=[Grant(tenant=tenant, role=Role.APPROVER)])
    return token, offered.sessions.begin(account.account_id, address="127.0.0.1")
