"""Notices as mails: a line that says it, and the link to look."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Self
from urllib.parse import unquote, urlsplit

from migrator.notices.notice import About, Notice
from storage.errors import Fault, Misuse

_PATIENCE_S = 20
_PORTS = {"smtp": 587, "smtps": 465}
_SAID = {
    About.QUEUED: "waits for a worker",
    About.RUNNING: "has begun",
    About.PARKED: "was interrupted, and can go on",
    About.FAILED: "could not go on: somebody has to look",
    About.CANCELLED: "was given up",
    About.ASKED: "asks for your decision",
    About.GRANTED: "was approved",
    About.REFUSED: "was refused",
}


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Whom mails are given to. By smtp it is asked for TLS where it can; by smtps it is spoken to in nothing else."""

    host: str
    port: int
    is_encrypted: bool
    user: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def read(cls, url: str, sender: str) -> Self:
        """smtp://user:password@host:port, or smtps://. Misuse for anything else."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if not host or parts.scheme not in _PORTS:
            raise Misuse("not a mail server", where="MIGRATOR_SMTP", next="write smtp://user:password@host:587")
        return cls(
            host=host,
            port=port or _PORTS[parts.scheme],
            is_encrypted=parts.scheme == "smtps",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            sender=sender or f"migrator@{socket.getfqdn()}",
        )

    def send(self, to: str, notice: Notice) -> None:
        """Give it to the server. Fault where it does not take it; Misuse where it never will."""
        try:
            with self._connected() as server:
                server.send_message(mail(notice, to=to, sender=self.sender))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if all(code >= 500 for code in codes):
                raise Misuse("nobody has this address", where=to, next="correct the subscription") from error
            raise Fault("the mail was not taken", where=to, next="it is tried again") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Fault(
                f"no mail was sent: {type(error).__name__}", where=self.host, next="it is tried again"
            ) from error

    def _connected(self) -> smtplib.SMTP:
        trusted = ssl.create_default_context()
        if self.is_encrypted:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_PATIENCE_S, context=trusted)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_PATIENCE_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=trusted)
        if self.user:
            server.login(self.user, self.password)
        return server


def mail(notice: Notice, *, to: str, sender: str) -> EmailMessage:
    """In plain text, with nothing of the customer's rows."""
    written = EmailMessage()
    written["From"], written["To"] = sender, to
    written["Subject"] = "migrator: " + _one_line(subject(notice))
    written["Date"] = format_datetime(datetime.fromisoformat(notice.at))
    written["Message-ID"] = make_msgid(notice.id)
    written["Auto-Submitted"] = "auto-generated"
    lines = [subject(notice) + "."]
    lines += [f"{who}: {notice.reason}" if notice.reason else who for who in [notice.who] if who]
    lines += [line for line in (notice.link, notice.run and f"migrator runs show {notice.run}") if line]
    written.set_content("\n\n".join(lines) + "\n")
    return written


def subject(notice: Notice) -> str:
    if notice.about is About.TEST:
        return "this is a test, nothing happened"
    what = f"{notice.tenant}: {notice.what} of {notice.plan}" if notice.plan else f"{notice.tenant}: {notice.what}"
    if notice.about is About.DONE:
        return f"{what} is done{', ' + notice.verdict if notice.verdict else ''}"
    return f"{what} {_SAID[notice.about]}"


def _one_line(words: str) -> str:
    """Names are people's: none makes a header of its own."""
    return " ".join(words.split())
