"""/v1/events, /v1/runs/{run}/events: what becomes of runs, as server-sent events, while it happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from api.asked import Anybody, Asked, of_run, principal_of
from api.problems import Refusal
from api.watch import LEFT_BEHIND, Looks, Watch
from migrator.access.roles import Permission
from migrator.runs.records import RunChange, RunRecord
from migrator.service.watching import Look

router = APIRouter(tags=["events"])
Looking = Annotated[Asked, of_run(Permission.LOOK)]
Last = Annotated[str | None, Header(alias="Last-Event-ID", max_length=100, description="Of the last event you had.")]
After = Annotated[int | None, Query(ge=0, le=10**15, description="As Last-Event-ID, for who comes first.")]
_ENDED = ("parked", "done", "failed", "cancelled")
_ALIVE_S = 15.0
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Events, until you leave."}
}


@router.get("/events", response_class=StreamingResponse, responses=_STREAM)
async def every(asked: Anybody, request: Request, after: After = None, last: Last = None) -> StreamingResponse:
    """Of every run of your tenants: `change` when it comes into another state, `run` when it is further than it was.

    Whoever comes back with the id of the last `change` is told all that came since. Whoever asks for more because of a
    change does so at a moment of their own within its `spread_s` seconds: many follow.
    """
    is_number = last is not None and last.isascii() and last.isdecimal() and len(last) < 16
    return _stream(_everything(asked, request, int(last or 0) if is_number else after))


@router.get("/runs/{run}/events", response_class=StreamingResponse, responses=_STREAM)
async def of_one(asked: Looking, run: str, request: Request, last: Last = None) -> StreamingResponse:
    """The run each time it changed, until it ended."""
    return _stream(_of_run(asked, run, request, last))


# ── every run ───────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True)
class _Told:
    """What one who follows every run has been told; `reach` is None for all tenants."""

    reach: frozenset[str] | None
    number: int
    watch: Watch
    of_run: dict[str, str] = field(default_factory=dict)

    def new(self, look: Look) -> str:
        """All that is new to them, to be sent at once."""
        return "".join(self._new(look))

    def _new(self, look: Look) -> Iterator[str]:
        for change in look.changes:
            if change.number > self.number and self._sees(change.tenant):
                yield _event("change", {**asdict(change), "spread_s": self.watch.spread_s}, id=str(change.number))
        self.number = max(self.number, look.number)
        now = {run.run_id: _event_id(run) for run in look.runs.values()}
        for run in look.runs.values():
            if self._sees(run.tenant) and self.of_run.get(run.run_id) != now[run.run_id]:
                yield _said("run", self.watch.written.of(run, now[run.run_id]))
        self.of_run = now

    def _sees(self, tenant: str) -> bool:
        return self.reach is None or tenant in self.reach


async def _everything(asked: Asked, request: Request, last: int | None) -> AsyncIterator[str]:
    watch = _watch(request)
    async with watch.following() as (first, looks):
        told = _Told(reach=asked.reach(None), number=first.number if last is None else last, watch=watch)
        while told.number < first.number:  # what came while nobody listened
            missed = await asyncio.to_thread(asked.served.service.changes, told.number)
            yield told.new(missed)
            if not missed.changes:
                break
        yield told.new(first)
        async for look in _looks(looks, request):
            if said := told.new(look) if look else _STILL_HERE:
                yield said


# ── one run ─────────────────────────────────────────────────────────────────────────────────────────────────
async def _of_run(asked: Asked, run: str, request: Request, last: str | None) -> AsyncIterator[str]:
    """Every event holds the whole of it, so whoever comes back needs the newest only, and not if they have that."""
    async with _watch(request).following() as (_, looks):
        record = await asyncio.to_thread(asked.served.service.run, run)
        if (told := _event_id(record)) != last:
            yield _event("run", asdict(record), id=told)
        if record.state in _ENDED:
            yield _event("end", record.state, id=told)
            return
        async for look in _looks(looks, request):
            if look is None:
                yield _STILL_HERE
                continue
            if run not in look.runs or _changed(look.changes, run):
                record = await asyncio.to_thread(asked.served.service.run, run)
            else:
                record = look.runs[run]
            if (now := _event_id(record)) != told:
                yield _event("run", asdict(record), id=now)
                told = now
            if record.state in _ENDED:
                yield _event("end", record.state, id=told)
                return


def _changed(changes: tuple[RunChange, ...], run: str) -> bool:
    return any(change.run_id == run for change in changes)


def _event_id(record: RunRecord) -> str:
    at = (record.progress or {}).get("at", "")
    return f"{record.attempt}.{record.state}.{record.verdict or '-'}.{at or '-'}"


# ── both ────────────────────────────────────────────────────────────────────────────────────────────────────
_STILL_HERE = ": still here\n\n"


async def _looks(looks: Looks, request: Request) -> AsyncIterator[Look | None]:
    """Every look; None now and then, since proxies end what is silent for long. Ends when nobody listens any more, when
    whoever does is nobody by now, or reads too slowly."""
    clock = asyncio.get_running_loop().time
    said = clock()
    while not await request.is_disconnected():
        if (look := await _next(looks)) is LEFT_BEHIND:
            return
        if look is not None:
            yield look
        if clock() - said >= _ALIVE_S:
            if not await asyncio.to_thread(_is_somebody, request):
                return
            yield None
            said = clock()


async def _next(looks: Looks) -> Look | None:
    """None where there was none for long: the catalog is away, and whoever listens is to know that we are not."""
    try:
        return await asyncio.wait_for(looks.get(), _ALIVE_S)
    except TimeoutError:
        return None


def _is_somebody(request: Request) -> bool:
    try:
        principal_of(request)
    except Refusal:
        return False
    return True


def _watch(request: Request) -> Watch:
    watch: Watch = request.app.state.watch
    return watch


def _event(name: str, data: Any, *, id: str | None = None) -> str:
    return _said(name, json.dumps(data), id=id)


def _said(name: str, data: str, *, id: str | None = None) -> str:
    return f"{f'id: {id}' if id else ''}\nevent: {name}\ndata: {data}\n\n".lstrip("\n")


def _stream(events: AsyncIterator[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
