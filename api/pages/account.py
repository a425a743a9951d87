"""/account: who you are here, and your password."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from api.asked import Anybody
from api.pages.frame import form_of, page, read_form
from api.problems import Refusal
from api.routes.session import NewPassword, enter, password_changed
from migrator.access.accounts import LANGUAGES
from storage.errors import Misuse

router = APIRouter(prefix="/account", include_in_schema=False, dependencies=[Depends(read_form)])
_LONGEST = 1024


@router.get("")
def show(asked: Anybody, request: Request, changed: str = "") -> Response:
    return _page(asked, request, is_changed=bool(changed))


@router.post("/password")
def change_password(asked: Anybody, request: Request) -> Response:
    form = form_of(request)
    given = NewPassword(old=form.get("old", "")[:_LONGEST], new=form.get("new", "")[: _LONGEST + 1])
    try:
        account = password_changed(asked, given)
    except (Misuse, Refusal) as error:
        status = error.status if isinstance(error, Refusal) else 422
        return _page(asked, request, status=status, wrong=f"{error.what}. {error.next}.")
    done = RedirectResponse("/account?changed=password", status_code=303)
    enter(asked.served, account, request, done)
    return done


@router.post("/language")
def change_language(asked: Anybody, request: Request) -> Response:
    asked.served.accounts.set_language(asked.who.id, form_of(request).get("language", ""))
    return RedirectResponse("/account", status_code=303)


def _page(
    asked: Anybody, request: Request, *, status: int = 200, wrong: str = "", is_changed: bool = False
) -> Response:
    account = asked.served.accounts.find(asked.who.id)
    if account is None:
        raise Refusal(status=403, kind="forbidden", what="a program has no account", next="log in as a person")
    return page(
        request,
        "account.html.j2",
        asked=asked,
        status=status,
        account=account,
        wrong=wrong,
        is_changed=is_changed,
        languages=LANGUAGES,
    )
