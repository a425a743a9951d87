"""People follow progress while runs work: how long pages and the API take meanwhile, and what the server holds.

    python -m tests.benchmarks.load --people 200 --runs 20 --seconds 180
    python -m tests.benchmarks.load --people 200 --runs 20 --catalog postgresql

A measurement, not a test. One `migrator serve --workers 0`, one `migrator worker` with a slot for each run, and as many
snapshots of the social story under way as there are slots: where one ends the next begins. Every person has a session,
a stream of events, and loads pages; whoever sits before the overview loads it again when a run comes into another
state. They all sit on the machine that works, too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import runpy
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from unittest.mock import patch

from api.asked import COOKIE
from migrator.access.roles import EVERYWHERE, Grant, Principal, PrincipalKind, Role
from migrator.registry.documents import Kind
from migrator.registry.platforms import Secret
from migrator.registry.tenants import Tenant
from migrator.service.served import Served
from migrator.wiring import served
from tests.benchmarks.command import ROOT
from tests.benchmarks.people import Browser, Seen, sit
from tests.benchmarks.servers import POSTGRESQL, SQLITE, servers

_SETUP = Principal(
    kind=PrincipalKind.LOCAL, id="setup", name="setup", grants=(Grant(tenant=EVERYWHERE, role=Role.ADMIN),)
)
_SOCIAL = ROOT / "samples" / "social"
_PLAN = (_SOCIAL / "plan.yaml").read_text().replace("vauclair-to-agora", "{name}")
_ROUND_S = 1.0
_AT_WORK = 0.8  # of the slots, before anybody looks; the others begin or end
HEADING = """\
| | times | p50 ms | p95 ms | longest ms | refused |
| --- | ---: | ---: | ---: | ---: | ---: |"""


@dataclass(kw_only=True)
class Held:
    """A process from outside: what it held at each look, in MiB, and the CPU it used."""

    pid: int
    mib: list[float] = field(default_factory=list)

    def look(self) -> None:
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.mib.append(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024)

    def cpu_s(self) -> float:
        used = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def furnished(offered: Served, folder: Path, *, people: int, runs: int) -> list[str]:
    """A plan for every slot; a session for each of the people."""
    offered.tenants.add(Tenant(tenant="vauclair", name="Vauclair"))
    databases = {"SOURCE_URL": folder / "ruche.db", "TARGET_URL": folder / "agora.db"}
    urls = {name: f"sqlite:///{path}" for name, path in databases.items()}
    for name, url in {**urls, "STORE_URL": (folder / "store").as_uri()}.items():
        offered.platforms.put(name, Secret(url), tenants=["vauclair"], by="setup")
    mapping = (ROOT / "mappings/catalog/ruche-to-agora.yaml").read_text()
    offered.documents.write(Kind.MAPPING, "vauclair", "ruche-to-agora.yaml", mapping, by="setup", after=0)
    for number in range(runs):
        text = _PLAN.replace("{name}", f"exit-{number}")
        offered.documents.write(Kind.PLAN, "vauclair", f"exit-{number}", text, by="setup", after=0)
    sessions = []
    for number in range(people):
        role = (Role.VIEWER, Role.OPERATOR, Role.APPROVER)[number % 3]
        account = offered.accounts.add(f"p{number}@example.org", grants=[Grant(tenant="vauclair", role=role)])
        sessions.append(f"{COOKIE}={offered.sessions.begin(account.account_id, address='127.0.0.1')}")
    return sessions


@contextmanager
def kept_busy(offered: Served, runs: int) -> Iterator[list[str]]:
    """As many snapshots under way or waiting as there are slots, as long as the context is open; the runs begun."""
    over, begun = threading.Event(), list[str]()

    def fill() -> None:
        service = offered.for_tenant("vauclair", _SETUP)
        while not over.is_set():
            there = {run.plan for run in service.runs(states=("queued", "running", "cancelling"))}
            for number in range(runs):
                if f"exit-{number}" not in there and not over.is_set():
                    begun.append(_begin(offered, f"exit-{number}"))
            over.wait(_ROUND_S)

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        yield begun
    finally:
        over.set()
        filling.join()


def _begin(offered: Served, plan: str) -> str:
    from migrator.runs.queued import Queued

    service = offered.for_tenant("vauclair", _SETUP)
    try:
        service.snapshot(offered.plan(service, "vauclair", plan))
    except Queued as queued:
        return queued.record.run_id
    raise AssertionError("a server leaves it to workers")


@contextmanager
def running(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from migrator.cli import main; main()", *map(str, arguments)]
    is_heard = subprocess.PIPE if arguments[0] == "serve" else subprocess.DEVNULL
    if arguments[0] == "worker":  # as its unit has it
        command = ["nice", "-n", "10", *command]
    with subprocess.Popen(command, stderr=is_heard, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def address_of(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"serving at http://([\d.]+):(\d+)", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1], int(found[2])
    raise AssertionError("it does not serve")


def addresses(runs: list[str], chance: Random) -> list[tuple[str, str]]:
    """What one of the people looks at, the page they sit before first."""
    run = chance.choice(runs)
    every = [
        ("page: overview", "/"), ("page: a run", f"/runs/{run}"), ("page: a tenant", "/tenants/vauclair"),
        ("API: a run", f"/v1/runs/{run}"), ("API: runs", "/v1/runs?limit=100"), ("API: archives", "/v1/archives"),
        ("API: plans", "/v1/tenants/vauclair/plans"),
    ]  # fmt: skip
    first = chance.choice(every[:2])
    return [first, *(one for one in every if one != first)]


def measure(folder: Path, offered: Served, *, people: int, runs: int, seconds: float) -> None:
    sessions = furnished(offered, folder, people=people, runs=runs)
    with running("serve", "--port", 0, "--workers", 0) as server, running("worker", "--slots", runs, "--grace", 5):
        host, port = address_of(server)
        held, seen, over = Held(pid=server.pid), Seen(), threading.Event()
        chance = Random(7)  # noqa: S311 - what people do, no secret
        with kept_busy(offered, runs) as begun:
            while len(begun) < runs or len(offered.service.runs(states=("running",))) < runs * _AT_WORK:
                time.sleep(_ROUND_S)
            watching = threading.Thread(target=_watch, args=(held, over))
            watching.start()
            used, began = held.cpu_s(), time.monotonic()
            browsers = [
                Browser(host=host, port=port, cookie=cookie, own=addresses(begun, chance), seen=seen, chance=chance)
                for cookie in sessions
            ]
            asyncio.run(sit(browsers, seconds))
            used, took = held.cpu_s() - used, time.monotonic() - began
            over.set()
            watching.join()
        done = len([run for run in offered.service.runs(states=("done",)) if run.verdict == "green"])
    print("\n".join((HEADING, *seen.lines())))
    third = max(1, len(held.mib) // 3)
    thirds = (held.mib[:third], held.mib[third : 2 * third], held.mib[-third:])
    parts = ", ".join(f"{sum(part) / len(part):.0f}" for part in thirds)
    print(f"\nserver: {parts} MiB on average in each third, {max(held.mib):.0f} at most; {used / took:.2f} cores")
    print(f"{done} runs ended green of {len(begun)} begun in {took:.0f} s; load {os.getloadavg()[0]:.1f}")


def _watch(held: Held, over: threading.Event) -> None:
    while not over.wait(_ROUND_S):
        held.look()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--runs", type=int, default=20, help="at once")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--rows", type=int, default=100_000, help="of the source")
    parser.add_argument("--catalog", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, servers(Path(name)) as beside:
        folder = Path(name)
        runpy.run_path(str(_SOCIAL / "generate.py"))["generate"](folder, rows=given.rows)
        environment = {"MIGRATOR_HOME": str(folder / "home"), "MIGRATOR_SILENCE": "60"}
        if given.catalog == POSTGRESQL:
            environment["MIGRATOR_CATALOG"] = beside.postgres.database()
        what = f"{given.people} people, {given.runs} runs at once, catalog on {given.catalog}"
        print(f"{what}; load before {os.getloadavg()[0]:.1f}\n", flush=True)
        with patch.dict(os.environ, environment), served() as offered:
            measure(folder, offered, people=given.people, runs=given.runs, seconds=given.seconds)


if __name__ == "__main__":
    main()
