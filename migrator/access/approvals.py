"""Four eyes: what one person asks for, and another decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update

from migrator.access import models
from migrator.access.clock import ago, now
from migrator.access.keys import new_id
from migrator.access.roles import Permission, Principal
from migrator.runs.database import Database
from migrator.runs.portion import EVERY, Portion
from storage.errors import MigratorError, Misuse
from storage.said_error import said_error

_BEGINS_WITHIN = timedelta(minutes=1)
"""Whoever agreed and is silent for longer was stopped before it began."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """`is_granted` is None until somebody decided. What they agreed to began at `begun_at`, as `run_id` where it is a
    run; `failure` says why it did not, the last time it was tried."""

    approval_id: str
    tenant: str
    what: str  # migrate, roll back, erase
    plan: str
    seal: str | None
    request: Mapping[str, Any]
    reason: str
    asked_by: str
    asked_by_name: str
    asked_at: str
    is_granted: bool | None = None
    decided_by: str | None = None
    decided_by_name: str | None = None
    decided_at: str | None = None
    words: str | None = None
    tried_at: str | None = None
    begun_at: str | None = None
    failure: Mapping[str, Any] | None = None
    run_id: str | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether it was agreed to and did not begin."""
        if not self.is_granted or self.begun_at is not None:
            return False
        return self.failure is not None or (self.tried_at or "") < ago(_BEGINS_WITHIN)


@dataclass(frozen=True, kw_only=True)
class Approvals:
    database: Database

    def ask(
        self,
        who: Principal,
        what: str,
        *,
        tenant: str,
        plan: str,
        request: Mapping[str, Any],
        reason: str,
        seal: str | None = None,
    ) -> Approval:
        asked = Approval(
            approval_id=new_id(),
            tenant=tenant,
            what=what,
            plan=plan,
            seal=seal,
            request=request,
            reason=reason,
            asked_by=who.person,
            asked_by_name=who.name,
            asked_at=now(),
        )
        with self.database.transaction() as connection:
            connection.execute(insert(models.Approval).values(**vars(asked)))
        return asked

    def find(self, approval_id: str) -> Approval | None:
        return next(iter(self._read(models.Approval.approval_id == approval_id)), None)

    def all(self, *, only_open: bool = False, portion: Portion = EVERY) -> tuple[Approval, ...]:
        """Every one, oldest first."""
        return self._read(*([models.Approval.is_granted.is_(None)] if only_open else []), portion=portion)

    def stuck(self, *, portion: Portion = EVERY) -> tuple[Approval, ...]:
        """What was agreed to and did not begin, oldest first."""
        return self._read(*_did_not_begin(), portion=portion)

    def decide(self, who: Principal, approval: Approval, *, grant: bool, words: str = "") -> Approval:
        """Once, by somebody else than who asked. Misuse otherwise, or where it was decided or withdrawn before."""
        if not who.may(Permission.APPROVE, approval.tenant):
            raise Misuse("only an approver decides that", where=approval.approval_id, next="ask one of them")
        if who.person == approval.asked_by:
            raise Misuse("who asked for it does not decide it", where=approval.approval_id, next="ask another approver")
        values = {
            "is_granted": grant,
            "decided_by": who.id,
            "decided_by_name": who.name,
            "decided_at": now(),
            "words": words,
            "tried_at": now(),
        }
        is_open = (models.Approval.approval_id == approval.approval_id, models.Approval.is_granted.is_(None))
        with self.database.transaction() as connection:
            if not connection.execute(update(models.Approval).where(*is_open).values(**values)).rowcount:
                raise Misuse("it was decided already", where=approval.approval_id, next="look at it again")
        return self.again(approval)

    def try_again(self, who: Principal, approval: Approval) -> Approval:
        """What was agreed to and did not begin may begin now, by an approver's word. Misuse where it is not so."""
        if not who.may(Permission.APPROVE, approval.tenant) or who.person == approval.asked_by:
            raise Misuse(
                "an approver who did not ask for it tries it again", where=approval.approval_id, next="ask one"
            )
        it = update(models.Approval).where(models.Approval.approval_id == approval.approval_id, *_did_not_begin())
        with self.database.transaction() as connection:
            tried = connection.execute(it.values(failure=None, tried_at=now())).rowcount
        if not tried:
            raise Misuse("there is nothing to try again", where=approval.approval_id, next="look at it again")
        return self.again(approval)

    def begun(self, approval: Approval, run_id: str | None = None) -> None:
        """Misuse where it had begun: whoever records this together with what begins has it begin once."""
        if not self._noted(approval, begun_at=now(), run_id=run_id):
            raise Misuse("it began already", where=approval.approval_id, next="look at it again")

    def failed(self, approval: Approval, error: MigratorError) -> None:
        """It did not begin, unless somebody else had it begin."""
        self._noted(approval, failure=said_error(error))

    def _noted(self, approval: Approval, **values: object) -> bool:
        own = models.Approval
        is_open = (own.approval_id == approval.approval_id, own.begun_at.is_(None))
        with self.database.transaction() as connection:
            return bool(connection.execute(update(own).where(*is_open).values(**values)).rowcount)

    def again(self, approval: Approval) -> Approval:
        """As it is by now."""
        found = self.find(approval.approval_id)
        assert found is not None
        return found

    def _read(self, *where: ColumnElement[bool], portion: Portion = EVERY) -> tuple[Approval, ...]:
        own = models.Approval
        query = portion.of(select(own.__table__).where(*where), keys=(own.asked_at, own.approval_id), tenant=own.tenant)
        with self.database.reading() as connection:
            return tuple(Approval(**row) for row in connection.execute(query).mappings())


def _did_not_begin() -> tuple[ColumnElement[bool], ...]:
    """As `Approval.is_stuck`, for the database."""
    own = models.Approval
    is_over = or_(own.failure.is_not(None), own.tried_at < ago(_BEGINS_WITHIN))
    return own.is_granted.is_(True), own.begun_at.is_(None), is_over
