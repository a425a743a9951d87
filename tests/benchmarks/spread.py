"""How long a snapshot of PostgreSQL takes alone, and when a worker that has nothing else to do copies tables of it.

    python -m tests.benchmarks.spread --rows 2000000
    python -m tests.benchmarks.spread --rows 500000 --line 4
    python -m tests.benchmarks.spread --rows 1000000 --tables 1

A measurement, not a test: it asserts that the archives hold the same, and no time. Alone, the command reads with both
connections that the plan allows; helped, with one, and the worker with the other. `--line` is what the network between
the source and each machine carries, in MB/s: alone, two connections share it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.acceptance.world import ROOT, World
from tests.conformance.platforms import PostgresPlatform
from tests.kills.proxy import Proxy
from tests.servers import postgres
from tests.servers.postgres import Postgres

PLAN = """\
plan: firm-away
tenant: ours
source:
  url: ${SOURCE_URL}
  max_connections: 2
  scope:
    root: {table: firms, where: {id: 1}}
store: ${STORE_URL}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the tenant")
    parser.add_argument("--tables", type=int, default=4, help="that they are in, in equal numbers")
    parser.add_argument("--line", type=float, help="MB/s between the source and each machine; else as fast as it goes")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, postgres.running() as server:
        source, folder = server.database("source"), Path(name)
        PostgresPlatform(source).run(_script(given.rows, given.tables))
        digests = [_taken(server, source, folder / told, given.line, told) for told in ("alone", "helped")]
        assert digests[0] == digests[1]


def _script(rows: int, count: int) -> str:
    tables = [
        f"CREATE TABLE t{number} (id bigint PRIMARY KEY, firm_id int NOT NULL REFERENCES firms, at timestamptz,"
        " amount numeric, note text);"
        f"INSERT INTO t{number} SELECT n, 1, timestamptz 'epoch' + n * interval '1 minute', n * 1.10, md5(n::text)"
        f" FROM generate_series(1, {rows // count}) n;"
        for number in range(count)
    ]
    return f"CREATE TABLE firms (id int PRIMARY KEY); INSERT INTO firms VALUES (1), (2); {' '.join(tables)} ANALYZE"


def _taken(server: Postgres, source: str, folder: Path, line: float | None, told: str) -> list[str]:
    """Take one snapshot; prints what it took, and gives the digests of its tables."""
    catalog = server.database("catalog")
    world = World.at(folder, source="none.db", target="none.db")
    world.plan.write_text(PLAN, encoding="utf-8")
    with ExitStack() as stack:
        share = 1 if told == "helped" else 2
        here, there = (replace(world, source_url=stack.enter_context(_line(server, source, line, share))) for _ in "ab")
        if told == "helped":
            stack.enter_context(_started(there, catalog, "worker"))
            _wait_for_a_worker(catalog)
        began = time.monotonic()
        with _started(here, catalog, "snapshot", str(here.plan), "--json") as process:
            output, _ = process.communicate()
        seconds = time.monotonic() - began
    answer = json.loads(output)
    audit = Path(answer["archive"].removeprefix("file://"), "data/provenance/audit.jsonl").read_text()
    events = {line["event"]: line["detail"] for line in map(json.loads, audit.splitlines())}
    copied = events.get("copied by other workers", {}).get("tables", [])
    print(f"{told}: {answer['rows']:,} rows in {seconds:.1f} s; copied by the worker: {copied}", flush=True)
    descriptor = json.loads(Path(answer["archive"].removeprefix("file://"), "data/datapackage.json").read_text())
    parts = [part for resource in descriptor["resources"] if (part := resource.get("migrator:part"))]
    return [f"{part['rows']} {part['digest']}" for part in parts]


@contextmanager
def _line(server: Postgres, source: str, megabytes: float | None, share: int) -> Iterator[str]:
    """The source's address through a network of its own."""
    if megabytes is None:
        yield source
        return
    proxy = Proxy(server.port)
    try:
        with proxy.slowed(megabytes * 1e6 / share):
            yield source.replace(f":{server.port}/", f":{proxy.port}/")
    finally:
        proxy.close()


@contextmanager
def _started(world: World, catalog: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", "from migrator.cli import main; main()", *arguments]
    environment = {**os.environ, **world.environment, "MIGRATOR_CATALOG": catalog, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()


def _wait_for_a_worker(catalog: str) -> None:
    with psycopg.connect(catalog, autocommit=True) as connection:
        while not _is_idle(connection):
            time.sleep(0.1)


def _is_idle(connection: psycopg.Connection) -> bool:
    if connection.execute("SELECT to_regclass('idle_workers')").fetchone() == (None,):
        return False
    return connection.execute("SELECT count(*) FROM idle_workers").fetchone() != (0,)


if __name__ == "__main__":
    main()
