"""What a server offers: the operations, who may ask for them, and what is kept so that they can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Self

from mappings.load import load_mapping
from migrator.access.accounts import Accounts
from migrator.access.approvals import Approval, Approvals
from migrator.access.audit import Audit
from migrator.access.invitations import Invitations
from migrator.access.once import Once
from migrator.access.openid import OpenId
from migrator.access.roles import Principal
from migrator.access.sessions import Sessions
from migrator.access.throttle import Throttle
from migrator.access.tokens import Tokens
from migrator.access.vouched import Vouched
from migrator.notices.herald import Herald
from migrator.notices.mailing import MailServer
from migrator.notices.outbox import Outbox
from migrator.notices.subscriptions import Subscriptions
from migrator.plan import Plan
from migrator.registry.documents import Documents, Kind
from migrator.registry.platforms import Platforms
from migrator.registry.tenants import Tenants
from migrator.registry.vault import Vault
from migrator.runs.database import Database
from migrator.runs.queued import Queued
from migrator.runs.request import Document
from migrator.service import Service
from migrator.service.clearing import PRUNE, RETAIN, to_prune, to_retain
from migrator.service.figures import Figures
from migrator.service.opening import Confined
from migrator.service.vouching import opened
from storage.errors import MigratorError, Misuse, Red

MIGRATE, ROLL_BACK, ERASE = "migrate", "roll back", "erase"
"""What needs two people."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """One catalog's worth of tenants."""

    service: Service
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations
    throttle: Throttle
    approvals: Approvals
    audit: Audit
    once: Once
    tenants: Tenants
    platforms: Platforms
    documents: Documents
    figures: Figures
    subscriptions: Subscriptions
    outbox: Outbox
    openid: OpenId | None

    @classmethod
    def over(cls, service: Service, database: Database) -> Self:
        return cls(
            service=service,
            accounts=Accounts(database=database),
            sessions=Sessions(database=database),
            tokens=Tokens(database=database),
            invitations=Invitations(database=database),
            throttle=Throttle(database=database),
            approvals=Approvals(database=database),
            audit=Audit(database=database),
            once=Once(database=database),
            tenants=Tenants(database=database),
            platforms=Platforms(database=database, vault=Vault.load_or_create(service.settings.vault)),
            documents=Documents(database=database),
            figures=Figures(database=database),
            subscriptions=Subscriptions(database=database, vault=Vault.load_or_create(service.settings.vault)),
            outbox=Outbox(database=database, public_url=service.settings.public_url),
            openid=opened(service.settings),
        )

    def for_tenant(self, tenant: str, who: Principal) -> Service:
        """The operations in this tenant's name: whatever takes long is left to a worker."""
        return replace(self.service.for_tenant(tenant), is_detached=True, asked_by=who.name)

    @property
    def herald(self) -> Herald:
        """Who tells subscribers what happened. Misuse where the mail server's address is none."""
        url, sender = self.service.settings.smtp_url, self.service.settings.mail_from
        mails = MailServer.read(url, sender) if url else None
        return Herald(subscriptions=self.subscriptions, outbox=self.outbox, mails=mails)

    def vouched(self, openid: OpenId) -> Vouched:
        """The accounts of people who come through that provider."""
        return Vouched(accounts=self.accounts, sessions=self.sessions, provider=openid.provider)

    # ── plans and mappings ──────────────────────────────────────────────────────────────────────────────────
    def plan(self, service: Service, tenant: str, name: str) -> Plan:
        """The newest version of a plan, read for its tenant."""
        written = self.documents.read(Kind.PLAN, tenant, name)
        return _of_its_tenant(service.read_plan(Document(text=written.text, file=written.file)), tenant)

    def require_sound(self, kind: Kind, tenant: str, name: str, text: str) -> None:
        """Misuse, with the line, where the text of a plan or mapping cannot be read or leads to where it may not."""
        file = f"{kind} {name}"
        if kind is Kind.MAPPING:
            load_mapping(text, file=file)
            return
        plan = _of_its_tenant(self.service.for_tenant(tenant).read_plan(Document(text=text, file=file)), tenant)
        if plan.name != name:
            raise Misuse(f"the plan calls itself {plan.name!r}", where=file, next="write it under its own name")

    # ── what four eyes decide ───────────────────────────────────────────────────────────────────────────────
    def begin(self, approval: Approval, start: Callable[[], None]) -> Approval:
        """Begin what was agreed to; the approval says whether it did."""
        try:
            start()
        except MigratorError as error:
            self.approvals.failed(approval, error)
        return self.approvals.again(approval)

    def approved(self, approval: Approval) -> Callable[[], None]:
        """How what was asked for begins, and is noted to have begun. Red or Misuse where it could not, now."""
        service = replace(
            self.service.for_tenant(approval.tenant),
            is_detached=True,
            asked_by=approval.asked_by_name,
            noted=lambda run: self.approvals.begun(approval, run.run_id),
        )
        asked = approval.request
        if approval.what == PRUNE:
            return self._noted(approval, to_prune(service, approval.tenant, asked))
        if approval.what in _OF_RUN:
            return partial(_queued, partial(_OF_RUN[approval.what], service, asked))
        document = Document(text=asked["text"], file=f"plan {approval.plan}")
        plan = _of_its_tenant(service.read_plan(document), approval.tenant)
        if approval.what == RETAIN:
            return self._noted(approval, to_retain(service, plan, asked))
        if service.let_through(plan, asked["archive"], asked["waive"]) != approval.seal:
            raise Red(
                "plan, mapping or tables are not as they were when this was asked for",
                where=approval.approval_id,
                next="refuse it, and have it asked for anew",
            )
        migrate = partial(service.migrate, plan, asked["archive"], whole=asked["whole"], waive=asked["waive"])
        return partial(_queued, migrate)

    def _noted(self, approval: Approval, do: Callable[[], None]) -> Callable[[], None]:
        """What is no run is noted once it is done."""

        def done() -> None:
            do()
            self.approvals.begun(approval)

        return done


def _roll_back(service: Service, asked: Mapping[str, Any]) -> object:
    return service.rollback(asked["run"], whole=asked["whole"])


def _erase(service: Service, asked: Mapping[str, Any]) -> object:
    return service.close(asked["run"])


_OF_RUN = {ROLL_BACK: _roll_back, ERASE: _erase}


def _queued(begin: Callable[[], object]) -> None:
    """A run is recorded, which a worker will perform."""
    with suppress(Queued):
        begin()
        raise AssertionError("a server leaves what takes long to workers")


def _of_its_tenant(plan: Plan, tenant: str) -> Plan:
    """Misuse where a tenant's plan names another: it would read that one's data."""
    if plan.tenant != tenant:
        raise Misuse(
            f"the plan is of tenant {plan.tenant!r}, not of {tenant!r}", where=plan.file, next="write it there"
        )
    return plan


def confined(database: Database, vault: Path, tenant: str) -> Confined:
    """What plans of this tenant can name."""
    platforms = Platforms(database=database, vault=Vault.load_or_create(vault))
    mappings = Documents(database=database).newest(Kind.MAPPING, tenant=tenant)
    written = {one.name: Document(text=one.text, file=one.file) for one in mappings}
    return Confined(
        variables=dict(platforms.variables(tenant)),
        keys=dict(platforms.accounts(tenant)),
        mapping=lambda named: written.get(PurePosixPath(named).name),
    )
