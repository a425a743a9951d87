"""Platforms an admin registers: whether they answer is tried before any plan names them."""

from __future__ import annotations

from tests.api.office import Office, of


def test_a_platform_is_tried_for_each_use_it_may_be_put_to(server: Office) -> None:
    admin = server.by("admin")
    database = of(admin.post("/v1/platforms/SOURCE_URL/trial"))["uses"]
    assert [(one["name"], one["verdict"]) for one in database] == [("source", "green"), ("target", "green")]
    assert "reached" in [finding["what"] for finding in database[0]["findings"]]
    server.world.store.mkdir(exist_ok=True)
    (store,) = of(admin.post("/v1/platforms/STORE_URL/trial"))["uses"]
    assert (store["name"], store["verdict"]) == ("store", "green")
    assert "writable" in [finding["what"] for finding in store["findings"]]
    assert list(server.world.store.iterdir()) == []
    assert [entry.detail for entry in server.served.audit.entries(limit=1000) if entry.action == "try platform"] == [
        {"source": "green", "target": "green"},
        {"store": "green"},
    ]


def test_what_does_not_answer_is_told_without_its_password(server: Office) -> None:
    admin = server.by("admin")
    for name, url in (
        ("AWAY", "postgresql://reader:s3cr3t-w0rd@127.0.0.1:1/crm"),
        ("ODD", "oracle7://x:s3cr3t-w0rd@y"),
    ):
        of(admin.put(f"/v1/platforms/{name}", json={"url": url}))
        answer = admin.post(f"/v1/platforms/{name}/trial")
        assert {one["verdict"] for one in of(answer)["uses"]} == {"red"}
        assert all(one["findings"][0]["next"] for one in answer.json()["uses"])
        assert "s3cr3t" not in answer.text
    for role in ("viewer", "operator", "approver", "stranger"):
        of(server.by(role).post("/v1/platforms/SOURCE_URL/trial"), 403)
    of(admin.post("/v1/platforms/NONE/trial"), 404)
