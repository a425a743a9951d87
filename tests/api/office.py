"""The office's move, asked of a server: who comes in by which role, and what is registered there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import uvicorn
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from api.app import create_app
from api.asked import COOKIE, FORM_TOKEN
from migrator.access.accounts import Account
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.access.sessions import form_token
from migrator.registry.documents import Kind
from migrator.registry.platforms import Secret
from migrator.registry.tenants import Tenant
from migrator.runs.liveness.holds import Hold
from migrator.service.served import Served
from storage.errors import MigratorError
from tests.acceptance.office import PLAN
from tests.acceptance.world import World

ROLES = {
    "viewer": Grant(tenant="ours", role=Role.VIEWER),
    "operator": Grant(tenant="ours", role=Role.OPERATOR),
    "approver": Grant(tenant="ours", role=Role.APPROVER),
    "admin": Grant(tenant=EVERYWHERE, role=Role.ADMIN),
    "stranger": Grant(tenant="theirs", role=Role.ADMIN),
}
SETUP = Principal(
    kind=PrincipalKind.LOCAL, id="setup", name="setup", grants=(Grant(tenant=EVERYWHERE, role=Role.ADMIN),)
)


@dataclass(frozen=True, kw_only=True)
class Office:
    """`by` is a caller logged in as somebody of that role; `program` one with a token of that role."""

    served: Served
    world: World
    callers: dict[str, TestClient]

    def by(self, role: str) -> TestClient:
        return self.callers[role]

    def anonymous(self) -> TestClient:
        return TestClient(self.by("admin").app, raise_server_exceptions=False)

    def program(self, *grants: Grant) -> TestClient:
        _, key = self.served.tokens.make("test", grants, lifetime=timedelta(days=1), made_by=SETUP)
        caller = self.anonymous()
        caller.headers["Authorization"] = f"Bearer {key}"
        return caller

    def perform(self) -> list[str]:
        """What a worker does, here and until nothing waits; the runs it performed."""
        service = replace(self.served.service, is_detached=False)
        performed: list[str] = []
        with service._catalog() as catalog, closing(service._locks()) as locks:
            while waiting := [run for run in catalog.to_perform() if run.state == "queued"]:
                for run in waiting:
                    hold = service._reaper(catalog, locks).needs(run)
                    with closing_hold(hold), suppress(MigratorError):
                        service._resumed(catalog, run, hold)
                    performed.append(run.run_id)
        return performed


@contextmanager
def closing_hold(hold: Hold) -> Iterator[None]:
    try:
        yield
    finally:
        hold.release()


def opened(served: Served, world: World, mapping: str) -> Office:
    served.tenants.add(Tenant(tenant="ours", name="Ours Ltd", contact="Ann"))
    served.tenants.add(Tenant(tenant="theirs", name="Theirs Ltd"))
    for name, url in world.environment.items():
        if name.endswith("_URL"):
            served.platforms.put(name, Secret(url), tenants=["ours"], by="setup")
    served.documents.write(Kind.MAPPING, "ours", "mapping.yaml", mapping, by="setup", after=0)
    served.documents.write(Kind.PLAN, "ours", "ours-away", PLAN, by="setup", after=0)
    app = create_app(served)
    callers = {}
    for role, grant in ROLES.items():
        account = served.accounts.add(f"{role}@example.org", grants=[grant])
        callers[role] = logged_in(served, TestClient(app, raise_server_exceptions=False), account)
    return Office(served=served, world=world, callers=callers)


def logged_in(served: Served, caller: TestClient, account: Account) -> TestClient:
    """As after a login, without the quarter of a second that a password takes."""
    session = served.sessions.begin(account.account_id, address="127.0.0.1")
    caller.cookies.set(COOKIE, session)
    caller.headers[FORM_TOKEN] = form_token(session)
    return caller


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """The application behind a socket, and its address: for what never ends, and for browsers."""
    door = socket.create_server(("127.0.0.1", 0))
    serving = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        serving.should_exit = True
        thread.join()
        door.close()


def of(answer: Any, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None
