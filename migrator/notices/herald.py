"""Whoever tells: fills the outbox with what happened and empties it, again and again, beside a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from migrator.notices.mailing import MailServer
from migrator.notices.notice import Notice
from migrator.notices.outbox import Delivery, Outbox
from migrator.notices.posting import post
from migrator.notices.subscriptions import Subscriptions
from storage.errors import Fault, MigratorError, Misuse

_LOG = logging.getLogger("migrator.notices")
_LOOK_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Herald:
    """Several on one catalog share the work: each notice is one's at a time."""

    subscriptions: Subscriptions
    outbox: Outbox
    mails: MailServer | None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """As long as the context is open; what is being sent at its end is sent."""
        stop = threading.Event()
        thread = threading.Thread(target=self._work, args=(stop,), name="herald", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def tell(self, stop: threading.Event | None = None) -> int:
        """Tell whatever there is to tell now; how many notices were tried."""
        self.outbox.fill()
        tried = 0
        while not (stop and stop.is_set()) and (delivery := self.outbox.take()) is not None:
            self._try(delivery)
            tried += 1
        return tried

    def _work(self, stop: threading.Event) -> None:
        is_away = False
        while not stop.wait(_LOOK_S):
            try:
                self.tell(stop)
                is_away = False
            except MigratorError as error:  # the catalog is away: said once, tried until it is back
                if not is_away:
                    _LOG.warning("nothing is told meanwhile: %s", error.what)
                is_away = True
            except Exception:  # noqa: BLE001 - whoever waits for word is not to wait for ever because of one bug
                _LOG.exception("nothing was told: tried again")

    def _try(self, delivery: Delivery) -> None:
        about = {"subscription": delivery.subscription, "notice": delivery.notice, "try": delivery.tries}
        try:
            self._send(delivery)
        except (Fault, Misuse) as error:
            self.outbox.failed(delivery, error.what, is_hopeless=isinstance(error, Misuse))
            _LOG.warning("%s did not arrive at %s: %s", delivery.notice, delivery.subscription, error.what,
                         extra={"about": about})  # fmt: skip
        else:
            self.outbox.arrived(delivery)
            _LOG.info("%s arrived at %s", delivery.notice, delivery.subscription, extra={"about": about})

    def _send(self, delivery: Delivery) -> None:
        recipient = self.subscriptions.recipient(delivery.subscription)
        if recipient is None:
            return
        if not recipient.is_mail:
            post(recipient, delivery)
        elif self.mails is None:
            raise Misuse("this server sends no mails", where="MIGRATOR_SMTP", next="name a mail server there")
        else:
            to = recipient.url.removeprefix("mailto:")
            notice = Notice.read(delivery.notice, delivery.body)
            self.mails.send(to, notice, language=self.subscriptions.language_of(recipient))
