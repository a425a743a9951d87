"""What answers look like, for whoever writes a program against them: the API describes itself with these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from migrator.access.accounts import Account
from migrator.access.roles import Grant, PrincipalKind
from migrator.access.tokens import Token
from migrator.outcomes import Verdict
from storage.check import CheckResult
from storage.copy import Copied

Described = dict[int | str, dict[str, Any]]
_MOMENT = "2026-11-22T19:00:00Z"
_RUN = "20261122T190000-rehearsal-3f2a"


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": values})


def streamed(media_type: str, what: str) -> Described:
    """A download, which is no JSON."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": what, "content": content}}


class Problem(BaseModel):
    """RFC 9457, in the words of the command line: what went wrong, where, and what to do next."""

    model_config = _example(
        type="/problems/misuse", title="no plan 'acme-exti'", status=422, where="acme", next="did you mean acme-exit?"
    )

    type: str
    title: str
    status: int
    where: str
    next: str
    exit_code: int | None = Field(default=None, description="What the command line would end with.")
    problems: list[dict[str, Any]] | None = Field(default=None, description="Every finding, where there are several.")


PROBLEMS: Described = {
    "default": {
        "description": "It was not done.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
    422: {"model": Problem, "description": "Something that was sent does not fit."},
}
"""What every route may answer with."""


class Begun(BaseModel):
    """A run that a worker performs; `Location` is where to look."""

    model_config = _example(run=_RUN, kind="rehearsal", number=3, state="queued")

    run: str
    kind: str
    number: int
    state: str


class Waits(BaseModel):
    """Somebody else decides; `Location` is where to look."""

    model_config = _example(approval="9a0c5d1e7b2f4a68", what="migrate", state="waits for approval")

    approval: str
    what: str
    state: str


class Link(BaseModel):
    model_config = _example(link="/welcome/…")

    link: str


class Whoami(BaseModel):
    """`form_token` goes along, as a header, with whatever a browser's session changes."""

    model_config = _example(
        name="ann@example.org",
        kind="account",
        grants=[{"tenant": "acme", "role": "operator"}],
        form_token="…",  # noqa: S106 - none
    )

    name: str
    kind: PrincipalKind
    grants: list[Grant]
    form_token: str | None


class Entered(BaseModel):
    """The session's key comes as a cookie."""

    name: str
    form_token: str


class InvitedTo(BaseModel):
    """`login` is null where the link makes an account."""

    login: str | None
    grants: list[Grant]


class ShownAccount(BaseModel):
    model_config = _example(
        login="ann@example.org",
        name="Ann",
        language="en",
        created_at=_MOMENT,
        disabled_at=None,
        has_password=True,
        issuer=None,
        grants=[{"tenant": "acme", "role": "operator"}],
    )

    login: str
    name: str
    language: str
    created_at: str
    disabled_at: str | None
    has_password: bool
    issuer: str | None
    grants: list[Grant]

    @classmethod
    def of(cls, account: Account) -> ShownAccount:
        return cls(**{name: getattr(account, name) for name in cls.model_fields})


@dataclass(frozen=True, kw_only=True)
class MadeToken(Token):
    """`key` is in this answer and nowhere else."""

    key: str


class Rows(BaseModel):
    """Values as text, null where they are NULL; `matching` rows are asked for in all."""

    model_config = _example(columns=["id", "name"], rows=[["1", "Ada"], ["2", None]], matching=2, start=0)

    columns: list[str]
    rows: list[list[str | None]]
    matching: int
    start: int


class Version(BaseModel):
    """One version of a plan or mapping."""

    model_config = _example(
        name="acme-exit", tenant="acme", version=2, note="two more tables", written_at=_MOMENT, written_by="ann"
    )

    name: str
    tenant: str
    version: int
    note: str
    written_at: str
    written_by: str


class VersionWithText(Version):
    text: str


class Versions(BaseModel):
    items: list[Version]


class Changes(BaseModel):
    """A unified diff."""

    since: int
    version: int
    changes: str


@dataclass(frozen=True, kw_only=True)
class Checked(CheckResult):
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class CopiedWhole(Copied):
    verdict: Verdict
