"""Notices as mails: a line that says it in the reader's language, and the link to look."""

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

from migrator.notices.notice import Notice
from migrator.notices.wording import wording
from storage.errors import Fault, Misuse

_PATIENCE_S = 20
_PORTS = {"smtp": 587, "smtps": 465}


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

    def send(self, to: str, notice: Notice, *, language: str = "en") -> None:
        """Give it to the server. Fault where it does not take it; Misuse where it never will."""
        try:
            with self._connected() as server:
                server.send_message(mail(notice, to=to, sender=self.sender, language=language))
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


def mail(notice: Notice, *, to: str, sender: str, language: str) -> EmailMessage:
    """In plain text, with nothing of the customer's rows."""
    words = wording(language)
    said = words.subject(notice)
    written = EmailMessage()
    written["From"], written["To"] = sender, to
    written["Subject"] = "migrator: " + _one_line(said)
    written["Date"] = format_datetime(datetime.fromisoformat(notice.at))
    written["Message-ID"] = make_msgid(notice.id)
    written["Auto-Submitted"] = "auto-generated"
    written["Content-Language"] = language
    lines = [said + "."]
    lines += [
        words.reason.format(who=who, reason=notice.reason) if notice.reason else who for who in [notice.who] if who
    ]
    lines += [line for line in (notice.link, notice.run and f"migrator runs show {notice.run}") if line]
    written.set_content("\n\n".join(lines) + "\n")
    return written


def _one_line(words: str) -> str:
    """Names are people's: none makes a header of its own."""
    return " ".join(words.split())
