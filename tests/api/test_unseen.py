"""Nobody changes anything unseen: where the audit cannot be written, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from migrator.access.audit import Audit
from migrator.registry.documents import Kind
from storage.errors import Fault
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"
GRANTS = {"grants": [{"tenant": "ours", "role": "operator"}]}


def everything(server: Office) -> tuple[Any, ...]:
    served = server.served
    return (
        served.accounts.all(),
        [one.name for one in served.tokens.all()],
        served.platforms.all(),
        served.tenants.all(),
        [(one.name, one.version) for one in served.documents.newest(Kind.PLAN)],
        [one.name for one in served.subscriptions.all()],
        [one.is_granted for one in served.approvals.all()],
    )


CHANGES: dict[str, Callable[[TestClient], Any]] = {
    "grant": lambda admin: admin.patch("/v1/accounts/viewer@example.org", json=GRANTS),
    "disable": lambda admin: admin.patch("/v1/accounts/viewer@example.org", json={"is_disabled": True}),
    "make token": lambda admin: admin.post("/v1/tokens", json={"name": "x", **GRANTS}),
    "put platform": lambda admin: admin.put("/v1/platforms/NEW", json={"url": "sqlite:///x"}),
    "allow platform": lambda admin: admin.patch("/v1/platforms/STORE_URL", json={"tenants": ["theirs"]}),
    "remove platform": lambda admin: admin.delete("/v1/platforms/STORE_URL"),
    "add tenant": lambda admin: admin.post("/v1/tenants", json={"tenant": "new"}),
    "change tenant": lambda admin: admin.patch("/v1/tenants/ours", json={"name": "Others"}),
    "put subscription": lambda admin: admin.put("/v1/subscriptions/x", json={"url": "mailto:a@b.c"}),
    "write plan": lambda admin: admin.put(
        PLAN, json={"text": of(admin.get(PLAN))["text"] + "# x"}, headers={"If-Match": '"1"'}
    ),
}


@pytest.mark.parametrize("action", CHANGES)
def test_what_cannot_be_noted_is_not_done(server: Office, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, before = CHANGES[action], everything(server)

    def unwritten(*_said: object, **_more: object) -> None:
        raise Fault("the catalog cannot be used", where="audit", next="")

    with monkeypatch.context() as broken:
        broken.setattr(Audit, "add", unwritten)
        assert change(server.by("admin")).status_code == 502
    assert everything(server) == before
    assert change(server.by("admin")).status_code < 300
    assert everything(server) != before
    assert server.served.audit.entries(limit=1000)[-1].action == action
