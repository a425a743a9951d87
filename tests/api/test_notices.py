"""Who is told what happened: by signed webhooks and by mail, however often it takes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from unittest.mock import patch

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import update

from migrator.access.accounts import LANGUAGES
from migrator.access.clock import now
from migrator.notices import herald as herald_module
from migrator.notices import models, posting
from migrator.notices.mailing import MailServer
from migrator.notices.notice import About, Notice
from migrator.notices.outbox import Outbox
from migrator.notices.wording import wording
from migrator.registry.tenants import Tenant
from migrator.service.clearing import PRUNE, RETAIN
from migrator.service.served import ERASE, MIGRATE, ROLL_BACK
from tests.api.office import Office, of
from tests.servers.process import free_port
from tests.waiting import comes

PLAN = "/v1/tenants/ours/plans/ours-away"


@dataclass
class Listener:
    """Whoever has a webhook: answers each with the next status, 204 when there is none."""

    statuses: list[int] = field(default_factory=list)
    answers: Event = field(default_factory=Event)  # those that it hears while this is not set wait for it
    heard: list[tuple[dict[str, str], str]] = field(default_factory=list)
    url: str = ""

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.heard]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    listening.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            listening.heard.append((dict(self.headers), body))
            listening.answers.wait()
            self.send_response(listening.statuses.pop(0) if listening.statuses else 204)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        listening.url = f"http://127.0.0.1:{server.server_port}/hook/s3cr3t-path"
        yield listening
        listening.answers.set()
        server.shutdown()
        thread.join()


def subscribed(server: Office, url: str, **wanted: Any) -> str:
    secret: str = of(server.by("admin").put("/v1/subscriptions/ops", json={"url": url, **wanted}))["secret"]
    return secret


def deliveries(server: Office) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of(server.by("admin").get("/v1/subscriptions/ops/deliveries"))["items"]
    return found


def due(server: Office) -> None:
    """As when its time has come."""
    with server.served.outbox.database.transaction() as connection:
        connection.execute(update(models.Delivery).values(due_at=now()))


def test_what_happens_is_told_once_and_signed(server: Office, listener: Listener) -> None:
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()  # before anybody wanted to know
    secret = subscribed(server, listener.url)
    run = of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)["run"]
    server.perform()
    asked = of(server.by("operator").post(f"/v1/runs/{run}/rollbacks", json={"reason": "a test"}), 202)["approval"]
    server.served.herald.tell()
    of(server.by("approver").post(f"/v1/approvals/{asked}/decision", json={"grant": False, "words": "no"}))
    assert [server.served.herald.tell() for _ in range(2)] == [1, 0]
    assert listener.types == ["run.done", "approval.asked", "approval.refused"]
    headers, body = listener.heard[0]
    told = json.loads(body)["data"]
    assert (told["run"], told["verdict"], told["tenant"]) == (run, "green", "ours")
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert {one["state"] for one in deliveries(server)} == {"arrived"}


def test_a_mistake_of_ours_silences_nobody_for_ever(
    server: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(herald_module, "_LOOK_S", 0.05)
    subscribed(server, listener.url)
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    mistakes, fill = [ZeroDivisionError()], Outbox.fill

    def once_wrong(outbox: Outbox) -> None:
        if mistakes:
            raise mistakes.pop()
        fill(outbox)

    with patch.object(Outbox, "fill", once_wrong), server.served.herald.at_work():
        comes(lambda: bool(listener.heard))
    assert "ZeroDivisionError" in caplog.text


def test_who_answers_slowly_keeps_nobody_else_waiting(
    server: Office, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(herald_module, "_LOOK_S", 0.05)
    monkeypatch.setattr(posting, "_PATIENCE", 120)  # on a machine that is busy
    admin, mailbox = server.by("admin"), Mailbox()
    subscribed(server, listener.url)
    of(admin.put("/v1/subscriptions/quick", json={"url": "mailto:ann@example.org"}))
    listener.answers.clear()
    of(admin.post("/v1/subscriptions/ops/test"), 202)
    with mail_server(mailbox) as mails, replace(server.served.herald, mails=mails).at_work():
        comes(lambda: bool(listener.heard))
        of(admin.post("/v1/subscriptions/quick/test"), 202)
        comes(lambda: bool(mailbox.mails))
        (slow,) = deliveries(server)
        listener.answers.set()
    assert (slow["state"], slow["tries"], slow["said"]) == ("waiting", 1, ""), "it had not answered yet"


def test_what_does_not_arrive_is_sent_again_the_same(server: Office, listener: Listener) -> None:
    subscribed(server, listener.url)
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    listener.statuses = [500, 302]
    assert server.served.herald.tell() == 1
    assert server.served.herald.tell() == 0, "its time has not come"
    for _ in range(2):
        due(server)
        server.served.herald.tell()
    (delivery,) = deliveries(server)
    assert (delivery["state"], delivery["tries"]) == ("arrived", 3)
    assert len({headers["webhook-id"] for headers, _ in listener.heard}) == 1
    assert len({body for _, body in listener.heard}) == 1


def test_what_never_arrives_is_given_up_and_told(server: Office, listener: Listener) -> None:
    subscribed(server, listener.url)
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    listener.statuses = [503] * 20
    for _ in range(12):
        due(server)
        server.served.herald.tell()
    (delivery,) = deliveries(server)
    assert (delivery["state"], delivery["tries"], delivery["said"]) == ("given up", 9, "answered 503")
    listener.statuses = [410]
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    server.served.herald.tell()
    assert deliveries(server)[0]["said"] == "answered 410"
    assert {one["state"] for one in deliveries(server)} == {"given up"}


def test_a_tenants_subscriber_hears_of_no_other_tenant(server: Office, listener: Listener) -> None:
    subscribed(server, listener.url, tenant="theirs", about=["run.queued", "run.done", "approval.asked"])
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    assert server.served.herald.tell() == 0
    subscribed(server, listener.url, tenant="ours", about=["run.queued"])
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.served.herald.tell()
    assert listener.types == ["run.queued"]


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://db.internal:5432/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
        "https://",
        "mailto:a@example.org,b@example.org",
        "mailto:a@example.org?bcc=b@example.org",
        "mailto:a@example.org\r\nBcc: b@example.org",
    ],
)
def test_nothing_is_sent_where_an_address_could_do_harm(server: Office, url: str) -> None:
    refused = of(server.by("admin").put("/v1/subscriptions/ops", json={"url": url}), 422)
    assert refused["where"] == "url"
    assert of(server.by("admin").get("/v1/subscriptions"))["items"] == []


def test_an_address_is_written_and_never_read(server: Office, listener: Listener) -> None:
    secret = subscribed(server, listener.url)
    seen = [server.by("admin").get(path).text for path in ("/v1/subscriptions", "/v1/audit")]
    assert not [text for text in seen if "s3cr3t-path" in text or secret in text]
    assert server.by("operator").get("/v1/subscriptions").status_code == 403
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    assert server.by("admin").delete("/v1/subscriptions/ops").status_code == 204
    assert server.served.herald.tell() == 0


# ── mails ───────────────────────────────────────────────────────────────────────────────────────────────────
class Mailbox:
    """A mail server on loopback; refuses whom it does not know."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(  # noqa: N802 - as it is called
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not address.startswith("ann"):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[MailServer]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield MailServer.read(f"smtp://127.0.0.1:{controller.port}", "migrator@example.org")
    finally:
        controller.stop()


def test_a_person_is_told_by_mail(server: Office) -> None:
    mailbox = Mailbox()
    subscribed(server, "mailto:ann@example.org")
    run = of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)["run"]
    server.perform()
    linked = replace(server.served.outbox, public_url="https://migrator.example.org")
    with mail_server(mailbox) as mails:
        replace(server.served.herald, mails=mails, outbox=linked).tell()
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == ("ann@example.org", "migrator@example.org")
    assert mail["Subject"] == "migrator: ours: snapshot of ours-away is done, green"
    assert f"https://migrator.example.org/runs/{run}" in mail.get_content()


def test_a_person_reads_it_in_their_language_and_else_in_their_tenants(server: Office) -> None:
    served, mailbox = server.served, Mailbox()
    served.accounts.add("ann@example.org", language="fr")
    served.tenants.change(Tenant(tenant="ours", name="Ours", language="fr"))
    for name, address, tenant in (("one", "ann", "*"), ("two", "anna", "*"), ("three", "annette", "ours")):
        told = {"url": f"mailto:{address}@example.org", "tenant": tenant, "about": ["run.done", "approval.asked"]}
        of(server.by("admin").put(f"/v1/subscriptions/{name}", json=told))
    of(server.by("operator").post(f"{PLAN}/snapshots", json={}), 202)
    server.perform()
    with mail_server(mailbox) as mails:
        replace(served.herald, mails=mails).tell()
    french = "migrator: ours : l’instantané « ours-away » est à son terme, résultat vert"
    assert {mail["To"].partition("@")[0]: mail["Subject"] for mail in mailbox.mails} == {
        "ann": french,
        "anna": "migrator: ours: snapshot of ours-away is done, green",
        "annette": french,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_words_for_whatever_happens(language: str) -> None:
    words = wording(language)
    whats = ("snapshot", "rehearsal", "migration", "verification", "rollback", "restore", "closing", "removal")
    said = [
        words.subject(Notice(id="1", about=about, at="", tenant="acme", plan=plan, what=what, verdict=verdict))
        for about in About
        for what in (whats if about.startswith("run.") else (MIGRATE, ROLL_BACK, ERASE, PRUNE, RETAIN))
        for plan in ("", "acme-exit")
        for verdict in ("", "green", "red")
    ]
    assert not [one for one in said if "{" in one or not one.isprintable()]
    if language != "en":
        english = wording("en")
        assert not set(words.names) ^ {*whats, MIGRATE, ROLL_BACK, ERASE, PRUNE, RETAIN}
        assert not set(words.said) ^ set(english.said) and words.test != english.test


def test_a_mail_that_nobody_can_get_is_given_up_and_one_without_server_too(server: Office) -> None:
    subscribed(server, "mailto:nobody@example.org")
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    with mail_server(Mailbox()) as mails:
        replace(server.served.herald, mails=mails).tell()
    assert [(one["state"], one["said"]) for one in deliveries(server)] == [("given up", "nobody has this address")]
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    server.served.herald.tell()
    assert deliveries(server)[0]["said"] == "this server sends no mails"


def test_a_mail_server_that_is_away_is_tried_again(server: Office) -> None:
    subscribed(server, "mailto:ann@example.org")
    of(server.by("admin").post("/v1/subscriptions/ops/test"), 202)
    away = MailServer.read("smtp://127.0.0.1:1", "")
    replace(server.served.herald, mails=away).tell()
    assert [(one["state"], one["tries"]) for one in deliveries(server)] == [("waiting", 1)]
