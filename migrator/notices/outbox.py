"""What is still to be told: filled from what the catalog says happened, kept until it arrived or was given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, literal, or_, select, update

from migrator.access.clock import ago, ahead, now
from migrator.access.keys import new_id
from migrator.access.models import Approval
from migrator.access.roles import EVERYWHERE
from migrator.notices import models
from migrator.notices.notice import About, Notice
from migrator.runs.database import Database
from migrator.runs.models import RunChange

WAITING, ARRIVED, GIVEN_UP = STATES = ("waiting", "arrived", "given up")
_AGAIN = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600))
"""After a try that failed: nearly two days in all."""
_LEASE = timedelta(minutes=5)  # whoever took one and died has it no longer than that
_KEPT = timedelta(days=30)
_LOOKED_BACK = timedelta(days=7)  # for approvals; less than what is kept, so that nothing is told twice
_AT_ONCE = 500
_ABOUT_RUNS = {one.value.removeprefix("run."): one for one in About if one.value.startswith("run.")}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    subscription: str
    notice: str
    body: str
    made_at: str
    state: str
    due_at: str
    tries: int
    said: str


@dataclass(frozen=True, kw_only=True)
class Outbox:
    """`public_url` is where links lead."""

    database: Database
    public_url: str = ""

    def fill(self) -> None:
        """With whatever happened since it was last filled; of two servers one does it."""
        own = models.Subscription
        if not self._has(own):  # nobody is to wait for what is done for nobody
            return
        with self.database.transaction() as connection:
            self.database.claim(connection, "outbox")
            old = (models.Delivery.state != WAITING) & (models.Delivery.made_at < ago(_KEPT))
            connection.execute(delete(models.Delivery).where(old))
            columns = (own.name, own.tenant, own.about, own.told, own.created_at)
            for row in connection.execute(select(*columns)).mappings().all():
                found = [*self._of_runs(connection, row), *self._of_approvals(connection, row)]
                _put(connection, row["name"], [one for one in found if one.about in row["about"]])

    def test(self, subscription: str) -> str:
        """Have a notice sent that is about nothing; its id."""
        notice = Notice(id=f"test-{new_id()}", about=About.TEST, at=now())
        with self.database.transaction() as connection:
            _put(connection, subscription, [notice])
        return notice.id

    def due(self) -> tuple[str, ...]:
        """The subscriptions that something is to be told now, who waits longest first."""
        own = models.Delivery
        query = select(own.subscription).where(*_is_due()).group_by(own.subscription).order_by(func.min(own.due_at))
        with self.database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def take(self, subscription: str) -> Delivery | None:
        """One for it whose time has come: ours for some minutes."""
        own = models.Delivery
        is_due = (own.subscription == subscription, *_is_due())
        if not self._has(own, *is_due):
            return None
        with self.database.transaction() as connection:
            self.database.claim(connection, "deliveries")
            row = connection.execute(select(own.__table__).where(*is_due).order_by(own.due_at).limit(1)).mappings()
            found = row.first()
            if found is None:
                return None
            taken = Delivery(**{**found, "due_at": ahead(_LEASE), "tries": found["tries"] + 1})
            connection.execute(update(own).where(_is(taken)).values(due_at=taken.due_at, tries=taken.tries))
            return taken

    def _has(self, table: type[models.Subscription] | type[models.Delivery], *where: ColumnElement[bool]) -> bool:
        with self.database.reading() as connection:
            return connection.execute(select(literal(1)).select_from(table).where(*where).limit(1)).first() is not None

    def arrived(self, delivery: Delivery) -> None:
        self._settle(delivery, state=ARRIVED, said="")

    def failed(self, delivery: Delivery, said: str, *, is_hopeless: bool = False) -> None:
        """It is tried again, later each time; given up where that is hopeless, or after the last."""
        if is_hopeless or delivery.tries > len(_AGAIN):
            self._settle(delivery, state=GIVEN_UP, said=said)
        else:
            self._settle(delivery, state=WAITING, said=said, due_at=ahead(_AGAIN[delivery.tries - 1]))

    def of(self, subscription: str, *, limit: int = 100) -> tuple[Delivery, ...]:
        """The newest first."""
        own = models.Delivery
        query = select(own.__table__).where(own.subscription == subscription)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(own.made_at.desc(), own.notice).limit(limit)).mappings()
            return tuple(Delivery(**row) for row in rows)

    def _settle(self, delivery: Delivery, **values: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(update(models.Delivery).where(_is(delivery)).values(**values))

    # ── what happened ───────────────────────────────────────────────────────────────────────────────────────
    def _of_runs(self, connection: Connection, subscription: RowMapping) -> Iterator[Notice]:
        own = models.Subscription
        query = select(RunChange.__table__).where(RunChange.number > subscription["told"])
        rows = connection.execute(query.order_by(RunChange.number).limit(_AT_ONCE)).mappings().all()
        if not rows:
            return
        is_it = own.name == subscription["name"]
        connection.execute(update(own).where(is_it).values(told=rows[-1]["number"]))
        for row in rows:
            about = _ABOUT_RUNS.get(row["state"])
            if about is not None and subscription["tenant"] in (row["tenant"], EVERYWHERE):
                yield Notice(
                    id=f"run-{row['number']}",
                    about=about,
                    at=row["at"],
                    tenant=row["tenant"],
                    plan=row["plan"],
                    what=row["kind"],
                    run=row["run_id"],
                    verdict=row["verdict"] or "",
                    link=self._link("runs", row["run_id"]),
                )

    def _of_approvals(self, connection: Connection, subscription: RowMapping) -> Iterator[Notice]:
        own = Approval
        since = max(subscription["created_at"], ago(_LOOKED_BACK))
        query = select(own.__table__).where(or_(own.asked_at >= since, own.decided_at >= since))
        if subscription["tenant"] != EVERYWHERE:
            query = query.where(own.tenant == subscription["tenant"])
        for row in connection.execute(query.order_by(own.asked_at)).mappings().all():
            told = {
                "tenant": row["tenant"],
                "plan": row["plan"],
                "what": row["what"],
                "link": self._link("approvals", row["approval_id"]),
            }
            if row["asked_at"] >= since:
                yield Notice(
                    id=f"{row['approval_id']}-asked", about=About.ASKED, at=row["asked_at"],
                    who=row["asked_by_name"], reason=row["reason"], **told,
                )  # fmt: skip
            if row["decided_at"]:
                about = About.GRANTED if row["is_granted"] else About.REFUSED
                yield Notice(
                    id=f"{row['approval_id']}-decided", about=about, at=row["decided_at"],
                    who=row["decided_by_name"] or "", reason=row["words"] or "", run=row["run_id"] or "", **told,
                )  # fmt: skip

    def _link(self, what: str, id: str) -> str:
        return f"{self.public_url}/{what}/{id}" if self.public_url else ""


def _put(connection: Connection, subscription: str, notices: list[Notice]) -> None:
    """Those that are not there yet."""
    own = models.Delivery
    ids = [one.id for one in notices]
    query = select(own.notice).where(own.subscription == subscription, own.notice.in_(ids))
    known = set(connection.execute(query).scalars()) if ids else set()
    rows = [
        {
            "subscription": subscription,
            "notice": one.id,
            "body": one.written,
            "made_at": now(),
            "state": WAITING,
            "due_at": now(),
            "tries": 0,
            "said": "",
        }
        for one in notices
        if one.id not in known
    ]
    if rows:
        connection.execute(insert(own), rows)


def _is_due() -> tuple[ColumnElement[bool], ...]:
    return models.Delivery.state == WAITING, models.Delivery.due_at <= now()


def _is(delivery: Delivery) -> ColumnElement[bool]:
    own = models.Delivery
    return (own.subscription == delivery.subscription) & (own.notice == delivery.notice)
