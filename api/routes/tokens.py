"""/v1/tokens: what programs come in with."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.asked import Asked, everywhere
from api.paging import Page, Paged
from api.routes.accounts import Granted
from api.shapes import MadeToken
from migrator.access.roles import Permission
from migrator.access.tokens import Token

router = APIRouter(prefix="/tokens", tags=["tokens"])
Admin = Annotated[Asked, everywhere(Permission.ADMINISTER)]


class New(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200, examples=["nightly export"])
    grants: list[Granted] = Field(min_length=1)
    days: int = Field(default=90, ge=1, le=366)


@router.get("", response_model=Page[Token])
def every(asked: Admin, paged: Paged) -> dict[str, Any]:
    """Every token, revoked and expired ones too; what they are is shown to nobody again."""
    found = asked.served.tokens.all(portion=paged.portion(None))
    return paged.page(found, lambda one: (one.token_id,), asdict)


@router.post("", status_code=201, response_model=MadeToken)
def make(asked: Admin, given: New) -> dict[str, Any]:
    """A new token. Its key is in this answer and nowhere else."""
    lifetime = timedelta(days=given.days)
    grants = [one.grant for one in given.grants]
    with asked.together():
        token, key = asked.served.tokens.make(given.name, grants, lifetime=lifetime, made_by=asked.who)
        asked.note("make token", token.token_id, name=token.name)
    return {**asdict(token), "key": key}


@router.delete("/{token}", status_code=204)
def revoke(asked: Admin, token: str) -> None:
    with asked.together():
        asked.served.tokens.revoke(token)
        asked.note("revoke token", token)
