"""Snapshots, loads and rollbacks while people work in the source and in the target, minute after minute.

    python -m tests.soak.writers --minutes 30
    python -m tests.soak.writers --minutes 5 --pairs mariadb-postgresql

Covers what a test of seconds cannot: that every archive is of one instant (accounts are what their transfers make them,
orders the sums of their lines, of one shop alone) while writers change all of it; that a load and its rollback lose
nobody's row in a target that others write to; and that rows people edited after a load are kept by the rollback, and
listed. Writers do not stop, are never blocked for good, and know what they committed. Prints a line a round: the pair,
rows in the archive, what was written meanwhile, what the rollback kept. Ends with 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.acceptance.world import World
from tests.benchmarks.servers import MARIADB, POSTGRESQL, Servers, servers
from tests.soak.promise import ending, require
from tests.soak.shop import NEIGHBOUR, OTHERS_FROM, TENANT, Served, Writer, open_shops, require_consistent

PAIRS = tuple(f"{source}-{target}" for source, target in itertools.product((POSTGRESQL, MARIADB), repeat=2))
PLAN = f"""\
plan: at-work
tenant: shop-{TENANT}
source:
  url: ${{SOURCE_URL}}
  scope: {{root: {{table: shops, where: {{id: {TENANT}}}}}}}
store: ${{STORE_URL}}
mapping: mapping.yaml
target: {{url: "${{TARGET_URL}}"}}
"""
MAPPING = """\
mapping: at-work
version: 1
keys: {shops: {method: keep}, accounts: {method: keep}, transfers: {method: keep}, orders: {method: keep}}
tables:
  shops:
    edges: [{from: shops, columns: {id: {from: id, steps: [{remap: shops}]}, name: name}}]
  accounts:
    edges:
      - from: accounts
        columns:
          id: {from: id, steps: [{remap: accounts}]}
          shop_id: {from: shop_id, steps: [{remap: shops}]}
          balance: balance
  transfers:
    edges:
      - from: transfers
        columns:
          id: {from: id, steps: [{remap: transfers}]}
          payer_id: {from: payer_id, steps: [{remap: accounts}]}
          payee_id: {from: payee_id, steps: [{remap: accounts}]}
          amount: amount
  orders:
    edges:
      - from: orders
        columns:
          id: {from: id, steps: [{remap: orders}]}
          shop_id: {from: shop_id, steps: [{remap: shops}]}
          total: total
          line_count: line_count
  order_lines:
    edges:
      - from: order_lines
        columns: {order_id: {from: order_id, steps: [{remap: orders}]}, number: number, amount: amount}
"""
EDITED = 5
"""Loaded orders that people edit before every second rollback."""


class Round:
    """One pair of platforms, and what is done between them over and over."""

    def __init__(self, name: str, folder: Path, running: Servers) -> None:
        self.name = name
        source, target = (running.database(kind) for kind in name.split("-"))
        assert isinstance(source, Served) and isinstance(target, Served)
        self.source, self.target = source, target
        open_shops(source, (TENANT, TENANT + 1), first_account=1)
        open_shops(target, (NEIGHBOUR,), first_account=OTHERS_FROM)
        self.world = _world(folder / name, source, target)
        self.rounds = 0

    @contextmanager
    def people(self) -> Iterator[list[Writer]]:
        """Writers in both platforms; those of the target come first."""
        with ExitStack() as stack:
            everyone = [
                *(Writer(self.target, [NEIGHBOUR], number=n, first_account=OTHERS_FROM) for n in (1, 2)),
                *(Writer(self.source, [TENANT, TENANT + 1], number=n, first_account=1) for n in (3, 4, 5)),
            ]
            for writer in everyone:
                stack.callback(writer.stop)
            yield everyone

    def play(self, everyone: list[Writer]) -> None:
        began = sum(writer.written for writer in everyone)
        taken = self._command("snapshot", self.world.plan)
        rows = require_consistent(Path(taken["archive"].removeprefix("file://")))
        if not self.rounds:  # it vouches for the archives that are taken after it, too
            self._command("rehearse", self.world.plan)
        run = self._command("migrate", self.world.plan)["run"]
        self._command("verify", run)
        edited = self._edit() if self.rounds % 2 else {}
        back = self._command("rollback", run, code=3 if edited else 0)
        require(bool(back["kept"]) == bool(edited), f"{self.name}: a rollback kept {back['kept']} row(s): {back}")
        self._require_edits(edited)
        if edited:
            self._put_back(run, edited)
        for writer in everyone:
            writer.require_kept()
        self._require_gone()
        self.rounds += 1
        written = sum(writer.written for writer in everyone) - began
        print(
            f"{self.name}: {rows:,} orders and transfers; {written:,} written meanwhile; kept {back['kept']}",
            flush=True,
        )

    def _command(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        process = self.world.start(*arguments, "--json")
        stdout, stderr = process.communicate()
        said = f"{self.name}: {arguments[0]} ended with {process.returncode}, not {code}: {stdout}{stderr}"
        require(process.returncode == code, said)
        answer: dict[str, Any] = json.loads(stdout)
        return answer

    # ── people edit what was loaded ─────────────────────────────────────────────────────────────────────────
    def _edit(self) -> dict[int, int]:
        """Orders of the tenant that people change in the target, with their totals before."""
        some = self.target.rows(f"SELECT id, total FROM orders WHERE shop_id = {TENANT} ORDER BY id LIMIT {EDITED}")
        for order, _ in some:
            self.target.run(f"UPDATE orders SET total = total + 7 WHERE id = {order};")
        return dict(some)

    def _require_edits(self, edited: dict[int, int]) -> None:
        held = dict(self.target.rows(f"SELECT id, total FROM orders WHERE shop_id = {TENANT}"))
        wanted = {order: total + 7 for order, total in edited.items()}
        require(held == wanted, f"{self.name}: edited rows after the rollback: {held}, not {wanted}")

    def _put_back(self, run: str, edited: dict[int, int]) -> None:
        """The people think better of it, and the rest of the load goes too."""
        for order in edited:
            self.target.run(f"UPDATE orders SET total = total - 7 WHERE id = {order};")
        back = self._command("rollback", run)
        require(back["kept"] == 0, f"{self.name}: rows as they were loaded are kept: {back}")

    def _require_gone(self) -> None:
        left = self.target.rows(f"SELECT id FROM accounts WHERE shop_id = {TENANT}")
        ours = [table for table in self.target.dump() if table.startswith("migrator")]
        require(not left and not ours, f"{self.name}: after a rollback there are {len(left)} accounts, and {ours}")


def _world(folder: Path, source: Served, target: Served) -> World:
    world = replace(World.at(folder, source="unused", target="unused"), source_url=source.url, target_url=target.url)
    world.plan.write_text(PLAN, encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS, metavar="SOURCE-TARGET")
    given = parser.parse_args()
    share = given.minutes * 60 / len(given.pairs)
    with tempfile.TemporaryDirectory(prefix="migrator-soak-") as folder, servers(Path(folder)) as running:
        for name in given.pairs:
            pair, until = Round(name, Path(folder), running), time.monotonic() + share
            with pair.people() as everyone:
                while time.monotonic() < until:
                    pair.play(everyone)


if __name__ == "__main__":
    ending(main)
