"""The application: routes, errors as problems, and a guard around it all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI

from api import problems
from api.guard import Guard
from api.metrics import Metrics
from api.observed import Observed
from api.pages import (
    account,
    assets,
    clearing,
    customer,
    doing,
    entrance,
    overview,
    people,
    people_programs,
    plans,
    provider,
    scope,
    settings,
    settings_notices,
    settings_tenants,
    trend,
    versions,
    workbench,
    workbench_texts,
)
from api.pages import approvals as approval_pages
from api.pages import archives as archive_pages
from api.pages import audit as audit_page
from api.pages import contents as contents_pages
from api.pages import evidence as evidence_pages
from api.pages import platforms as platform_pages
from api.pages import readiness as readiness_pages
from api.pages.frame import problem_page
from api.pages.workbench_desk import Memory
from api.routes import (
    accounts,
    approvals,
    archives,
    audit,
    contents,
    documents,
    drafting,
    events,
    evidence,
    health,
    keeping,
    metrics,
    operations,
    platforms,
    readiness,
    runs,
    session,
    status,
    subscriptions,
    tenants,
    tokens,
)
from api.shapes import PROBLEMS
from api.slow import places
from api.texts import require_whole_texts
from api.watch import Watch
from migrator.service.served import Served
from migrator.settings import tool
from migrator.tracing import Tracing

_ROUTERS = (
    contents,
    readiness,
    session,
    accounts,
    tokens,
    tenants,
    status,
    platforms,
    documents,
    drafting,
    operations,
    approvals,
    archives,
    keeping,
    runs,
    events,
    evidence,
    audit,
    subscriptions,
)
_WATCHED = (health, metrics)
_PAGES = (assets, entrance, provider, account, overview, archive_pages, doing, approval_pages, evidence_pages, trend)


_PLANS = (plans, versions, scope, clearing, readiness_pages, contents_pages)
_MAPPINGS = (workbench_texts, workbench)
_SETTINGS = (
    customer,
    audit_page,
    settings,
    people,
    people_programs,
    settings_tenants,
    platform_pages,
    settings_notices,
)


Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    served: Served, *, is_secure: bool = False, lifespan: Lifespan | None = None, tracing: Tracing | None = None
) -> FastAPI:
    """The server over these operations; `is_secure` where people reach it by https."""
    app = FastAPI(
        title="migrator",
        version=tool().partition(" ")[2],
        description="A tenant's data out of one platform, and into another: verified, and undoable to the last row.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page would fetch scripts from another host
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(require_whole_texts)],
    )
    app.state.served, app.state.is_secure, app.state.slow = served, is_secure, places()
    app.state.memory = Memory()
    app.state.watch = Watch(look=served.service.look)
    app.state.metrics = Metrics(figures=served.figures)
    problems.install(app, problem_page)
    app.add_middleware(Guard, is_secure=is_secure, host=urlsplit(served.service.settings.public_url).netloc)
    app.add_middleware(Observed, metrics=app.state.metrics, tracing=tracing)
    for module in _ROUTERS:
        app.include_router(module.router, prefix="/v1", responses=PROBLEMS)
    for watched in _WATCHED:
        app.include_router(watched.router)
    for pages in (*_PAGES, *_PLANS, *_MAPPINGS, *_SETTINGS):
        app.include_router(pages.router)
    return app
