"""Whoever tells: fills the outbox with what happened and empties it, again and again, beside a server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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
_AT_ONCE = 8  # subscribers


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

    def tell(self) -> int:
        """Tell whatever there is to tell now, one after the other; how many notices were tried."""
        self.outbox.fill()
        return sum(self._tell(name, threading.Event()) for name in self.outbox.due())

    def _work(self, stop: threading.Event) -> None:
        is_away, busy = False, dict[str, Future[int]]()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="herald") as pool:
            while not stop.wait(_LOOK_S):
                try:
                    for name in [name for name, telling in busy.items() if telling.done()]:
                        busy.pop(name).result()
                    self.outbox.fill()
                    for name in self.outbox.due():
                        if name not in busy:  # who answers slowly keeps nobody else waiting
                            busy[name] = pool.submit(self._tell, name, stop)
                    is_away = False
                except MigratorError as error:  # the catalog is away: said once, tried until it is back
                    if not is_away:
                        _LOG.warning("nothing is told meanwhile: %s", error.what)
                    is_away = True
                except Exception:  # noqa: BLE001 - whoever waits for word is not to wait for ever because of one bug
                    _LOG.exception("nothing was told: tried again")

    def _tell(self, subscription: str, stop: threading.Event) -> int:
        """What one subscriber is to be told; where something does not arrive, others' turn comes before the rest."""
        tried = 0
        while not stop.is_set() and (delivery := self.outbox.take(subscription)) is not None:
            tried += 1
            if not self._try(delivery):
                break
        return tried

    def _try(self, delivery: Delivery) -> bool:
        about = {"subscription": delivery.subscription, "notice": delivery.notice, "try": delivery.tries}
        try:
            self._send(delivery)
        except (Fault, Misuse) as error:
            self.outbox.failed(delivery, error.what, is_hopeless=isinstance(error, Misuse))
            _LOG.warning("%s did not arrive at %s: %s", delivery.notice, delivery.subscription, error.what,
                         extra={"about": about})  # fmt: skip
            return False
        self.outbox.arrived(delivery)
        _LOG.info("%s arrived at %s", delivery.notice, delivery.subscription, extra={"about": about})
        return True

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
