"""Reads one tenant out of millions of rows, and shows what the server read for it, table by table.

    python -m tests.benchmarks.one_tenant --rows 20000000 --out-of postgresql
    python -m tests.benchmarks.one_tenant --rows 20000000 --of-it 8000000 --counted

A measurement, not a test: it asserts nothing. For each command: its time and memory, and what the source's server
looked at by its own account (auto_explain, the slow query log): how many rows of each table, how many for each that
leaves, and the statement that looked at most of them. A table whose reading follows the tenant has a figure near the
number of times a snapshot needs a row, whatever the source's size; a whole table is read where it is near the table's
rows. The statements that read a tenant of millions hold its keys and are too long to be logged: `--counted` takes the
statistics of the tables instead, without statements.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.command import measure
from tests.benchmarks.many_tenants import PLAN, ROWS_OF_A_TENANT, fill
from tests.benchmarks.reads import MariadbCounts, MariadbReads, PostgresCounts, PostgresReads, Read, Reads
from tests.benchmarks.servers import MARIADB, POSTGRESQL, Servers, servers
from tests.conformance.platforms import MysqlPlatform, PostgresPlatform

COMMANDS = ("inspect", "doctor", "scope", "snapshot")
_LONGEST = 110


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of the whole source")
    parser.add_argument("--of-it", type=int, default=1_000, help="rows of the tenant that is read")
    parser.add_argument("--counted", action="store_true", help="by the statistics of tables, not by each statement")
    parser.add_argument("--out-of", choices=(POSTGRESQL, MARIADB), default=POSTGRESQL, help="the kind of the source")
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=COMMANDS[2:])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrator-bench-") as name, servers(Path(name)) as running:
        started = time.monotonic()
        platform = running.database(given.out_of)
        assert isinstance(platform, PostgresPlatform | MysqlPlatform)
        fill(platform, given.rows, given.of_it)
        reads = _reads(running, platform, given.counted)
        reads.taken()
        print(
            f"{given.of_it:,} of {given.rows:,} rows in {given.out_of}, made in {time.monotonic() - started:.0f} s",
            flush=True,
        )
        for command in given.commands:
            _report(command, platform, reads, Path(name), running)


def _reads(running: Servers, platform: PostgresPlatform | MysqlPlatform, counted: bool) -> Reads:
    if isinstance(platform, PostgresPlatform):
        return PostgresCounts(platform) if counted else PostgresReads(running.postgres, platform)
    return MariadbCounts(running.mariadb, platform) if counted else MariadbReads(running.mariadb, platform)


def _report(
    command: str, platform: PostgresPlatform | MysqlPlatform, reads: Reads, folder: Path, running: Servers
) -> None:
    plan = folder / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    environment = {
        "MIGRATOR_HOME": str(folder / "home"),
        "SOURCE_URL": platform.url,
        "STORE_URL": (folder / "store").as_uri(),
    }
    subject = platform.url if command == "inspect" else plan
    cost = measure(command, subject, environment=environment)
    found = reads.taken()
    print(f"\n## {command}: {cost.wall:.1f} s, {cost.cpu:.1f} CPU s, {cost.peak:.0f} MiB\n")
    print("| table | rows that leave | rows read | read for each that leaves | statements | the one that reads most |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for table in (*ROWS_OF_A_TENANT, "countries"):
        of_it = [read for read in found if read.table == table]
        print(f"| {' | '.join(_cells(table, _leaving(cost.answer, table), of_it))} |", flush=True)


def _leaving(answer: dict[str, object], table: str) -> int:
    tables = answer.get("tables")
    counts = {each["name"]: int(each["rows"]) for each in tables} if isinstance(tables, list) else {}
    return counts.get(table, 0)


def _cells(table: str, leaving: int, reads: list[Read]) -> Iterator[str]:
    rows = sum(read.rows for read in reads)
    most = max(reads, key=lambda read: read.rows, default=None)
    yield table
    yield f"{leaving:,}"
    yield f"{rows:,}"
    yield f"{rows / leaving:,.1f}" if leaving else "–"
    yield f"{len(reads)}"
    yield f"{most.rows:,} by {most.how}{_short(most.statement)}" if most else "–"


def _short(statement: str) -> str:
    """The statement without its keys, where it is known."""
    if not statement:
        return ""
    shown = re.sub(r"\s+", " ", re.sub(r"'\{[^']*\}'|IN \([^)]{30,}\)", "…", statement))
    return f": `{shown if len(shown) <= _LONGEST else f'{shown[: _LONGEST // 2]} … {shown[-_LONGEST // 2 :]}'}`"


if __name__ == "__main__":
    main()
