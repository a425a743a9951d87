"""What is asked is answered at once: whatever takes as long as an archive is large is a worker's."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.service import opening
from storage.check import CheckResult, check_archive
from tests.api.office import Office, of

PLAN = "/v1/tenants/ours/plans/ours-away"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every archive of which every byte was read, each time."""
    read: list[str] = []

    def checking(store: object, archive_id: str, **how: object) -> CheckResult:
        read.append(archive_id)
        return check_archive(store, archive_id, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "check_archive", checking)
    return read


def test_no_request_reads_a_whole_archive_and_each_run_does(server: Office, checked: list[str]) -> None:
    operator, approver = server.by("operator"), server.by("approver")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    of(operator.post(f"{PLAN}/rehearsals", json={}), 202)
    assert checked == []
    server.perform()
    assert len(checked) == 1
    asked = of(operator.post(f"{PLAN}/migrations", json={"reason": "tonight"}), 202)["approval"]
    of(approver.post(f"/v1/approvals/{asked}/decision", json={"grant": True}))
    assert len(checked) == 1
    server.perform()
    assert len(checked) == 2


def test_a_damaged_archive_is_red_when_a_worker_comes_to_it(server: Office) -> None:
    operator = server.by("operator")
    of(operator.post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    (archive,) = of(operator.get("/v1/archives"))["items"]
    part = next(Path(archive["location"].removeprefix("file://")).glob("data/csv/*.csv"))
    part.write_bytes(part.read_bytes() + b"x")
    run = of(operator.post(f"{PLAN}/rehearsals", json={}), 202)["run"]
    server.perform()
    ended = of(operator.get(f"/v1/runs/{run}"))
    assert "damaged" in ended["error"]["what"] and ended["error"]["exit_code"] == "3"
