"""Who is told: addresses that an admin wrote, for one tenant or all, and about what."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import RowMapping, Select, delete, func, insert, select, update

from migrator.access.clock import now
from migrator.access.models import Account
from migrator.notices import models
from migrator.notices.notice import About
from migrator.registry.models import Tenant
from migrator.registry.vault import Vault
from migrator.runs.database import Database
from migrator.runs.models import RunChange
from migrator.runs.portion import EVERY, Portion
from storage.address import redacted
from storage.errors import Misuse

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_MAIL = re.compile(r"mailto:[^\s@:,;<>?&]+@[^\s@:,;<>?&]+")
_SECRET_BYTES = 24
_SHOWN = select(
    *(getattr(models.Subscription, name) for name in ("name", "address", "tenant", "about", "created_at", "created_by"))
)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """`address` as it may be shown: without a password, and without what follows its path's first part."""

    name: str
    address: str
    tenant: str
    about: tuple[About, ...]
    created_at: str
    created_by: str


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Where a notice goes, and of which tenant, or `*`, it wants to know; `secret` signs it."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    tenant: str

    @property
    def is_mail(self) -> bool:
        return self.url.startswith("mailto:")


@dataclass(frozen=True, kw_only=True)
class Subscriptions:
    database: Database
    vault: Vault

    def all(self, *, portion: Portion = EVERY) -> tuple[Subscription, ...]:
        """By their names."""
        return self._read(portion.of(_SHOWN, keys=(models.Subscription.name,)))

    def find(self, name: str) -> Subscription | None:
        return next(iter(self._read(_SHOWN.where(models.Subscription.name == name))), None)

    def _read(self, query: Select[Any]) -> tuple[Subscription, ...]:
        with self.database.reading() as connection:
            return tuple(_read(row) for row in connection.execute(query).mappings())

    def put(self, name: str, url: str, *, tenant: str, about: Iterable[About], by: str) -> str:
        """Subscribe that address from now on, or change what is told it. Its secret, new: it is not shown again.

        Misuse where nothing may be sent there.
        """
        if _NAME.fullmatch(name) is None:
            raise Misuse(f"not a name: {name!r}", where="name", next="small letters, digits, . _ and -")
        _require_allowed(url)
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        values = {
            "address": _shown(url),
            "sealed": self.vault.sealed(_sealed_as(name), json.dumps({"url": url, "secret": secret})),
            "tenant": tenant,
            "about": list(dict.fromkeys(about)),
            "created_at": now(),
            "created_by": by,
        }
        with self.database.transaction() as connection:
            self.database.claim(connection, f"subscription {name}")
            is_it = models.Subscription.name == name
            if not connection.execute(update(models.Subscription).where(is_it).values(values)).rowcount:
                newest = connection.execute(select(func.max(RunChange.number))).scalar() or 0
                connection.execute(insert(models.Subscription).values(name=name, told=newest, **values))
        return secret

    def remove(self, name: str) -> None:
        """With all that was still to be sent there."""
        with self.database.transaction() as connection:
            connection.execute(delete(models.Delivery).where(models.Delivery.subscription == name))
            connection.execute(delete(models.Subscription).where(models.Subscription.name == name))

    def recipient(self, name: str) -> Recipient | None:
        """None where it was removed meanwhile."""
        own = models.Subscription
        query = select(own.sealed, own.tenant).where(own.name == name)
        with self.database.reading() as connection:
            found = connection.execute(query).first()
        if found is None:
            return None
        return Recipient(**json.loads(self.vault.opened(_sealed_as(name), found.sealed)), tenant=found.tenant)

    def language_of(self, recipient: Recipient) -> str:
        """That of the account which has this address as its login, else of the tenant, else English."""
        login = recipient.url.removeprefix("mailto:").casefold()
        with self.database.reading() as connection:
            for query in (
                select(Account.language).where(Account.login == login),
                select(Tenant.language).where(Tenant.tenant == recipient.tenant),
            ):
                if language := connection.execute(query).scalar():
                    return str(language)
        return "en"


def _require_allowed(url: str) -> None:
    """A server inside a network is asked for nothing on behalf of an address: only https is spoken, or mail written."""
    if _MAIL.fullmatch(url):
        return
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))):
        raise Misuse("nothing is sent there", where="url", next="write https://… or mailto:somebody@example.org")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(url: str) -> str:
    """What follows the host is often the key to it."""
    if url.startswith("mailto:"):
        return url
    parts = urlsplit(redacted(url))
    return f"{parts.scheme}://{parts.netloc}/…" if parts.path.strip("/") or parts.query else redacted(url)


def _sealed_as(name: str) -> str:
    return f"subscription {name}"


def _read(row: RowMapping) -> Subscription:
    return Subscription(**{**row, "about": tuple(About(one) for one in row["about"])})
