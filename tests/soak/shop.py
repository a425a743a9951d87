"""A product that people use while it is moved: accounts, transfers and orders whose figures hang together."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pymysql

from tests.conformance.platforms import MysqlPlatform, PostgresPlatform
from tests.soak.promise import require

Served = PostgresPlatform | MysqlPlatform
TENANT, NEIGHBOUR = 1, 900
ACCOUNTS = 40
OPENING = 1_000  # what every account of a shop begins with
OTHERS_FROM = 1_000_000_000  # keys in the target that no source ever gives
TABLES = """
CREATE TABLE shops (id integer PRIMARY KEY, name varchar(40) NOT NULL);
CREATE TABLE accounts (
    id integer PRIMARY KEY, shop_id integer NOT NULL, balance integer NOT NULL,
    FOREIGN KEY (shop_id) REFERENCES shops (id));
CREATE TABLE transfers (
    id bigint PRIMARY KEY, payer_id integer NOT NULL, payee_id integer NOT NULL, amount integer NOT NULL,
    FOREIGN KEY (payer_id) REFERENCES accounts (id), FOREIGN KEY (payee_id) REFERENCES accounts (id));
CREATE TABLE orders (
    id bigint PRIMARY KEY, shop_id integer NOT NULL, total integer NOT NULL, line_count integer NOT NULL,
    FOREIGN KEY (shop_id) REFERENCES shops (id));
CREATE TABLE order_lines (
    order_id bigint NOT NULL, number integer NOT NULL, amount integer NOT NULL, PRIMARY KEY (order_id, number),
    FOREIGN KEY (order_id) REFERENCES orders (id));
CREATE INDEX accounts_of_shop ON accounts (shop_id);
CREATE INDEX transfers_of_payer ON transfers (payer_id);
CREATE INDEX transfers_of_payee ON transfers (payee_id);
CREATE INDEX orders_of_shop ON orders (shop_id);
"""
_AGAIN = {"40001", "40P01", "55P03"}  # serialization, deadlock, lock not available
_AGAIN_MYSQL = {1205, 1213, 1020}

Statement = tuple[str, Sequence[int]]


def open_shops(platform: Served, shops: Sequence[int], *, first_account: int) -> None:
    """The tables, and these shops with their accounts."""
    platform.run(TABLES)
    platform.insert("shops", [(shop, f"shop {shop}") for shop in shops])
    accounts = [(shop, place) for shop in shops for place in range(ACCOUNTS)]
    platform.insert("accounts", [(first_account + number, shop, OPENING) for number, (shop, _) in enumerate(accounts)])


class Session:
    """One person's connection: whole transactions, given again where the server asked for it."""

    def __init__(self, platform: Served) -> None:
        self._connection: psycopg.Connection | pymysql.Connection = platform.connect()
        self.again = 0

    def commit(self, statements: Sequence[Statement]) -> None:
        while True:
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute("BEGIN")
                    for statement, values in statements:
                        cursor.execute(statement, tuple(values))
                    cursor.execute("COMMIT")
                return
            except (psycopg.OperationalError, pymysql.OperationalError) as error:
                if not _may_be_given_again(error):
                    raise
                self.again += 1
                with self._connection.cursor() as cursor:
                    cursor.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def _may_be_given_again(error: psycopg.OperationalError | pymysql.OperationalError) -> bool:
    if isinstance(error, psycopg.OperationalError):
        return error.sqlstate in _AGAIN
    return error.args[0] in _AGAIN_MYSQL


class Writer(threading.Thread):
    """Somebody at work in some shops of a platform until told to stop; remembers what was committed of theirs alone."""

    def __init__(self, platform: Served, shops: Sequence[int], *, number: int, first_account: int) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self._platform = platform
        self._shops = shops
        self._first_account = first_account
        self._chance = random.Random(number)  # noqa: S311 - what people do, not secrets
        self._next = number * 100_000_000 + (OTHERS_FROM if first_account >= OTHERS_FROM else 0)
        self._stopping = threading.Event()
        self._pause = threading.Lock()
        self.orders: dict[int, list[int]] = {}
        self.written = 0
        self.failed: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            with closing(Session(self._platform)) as session:
                while not self._stopping.wait(self._chance.uniform(0, 0.02)):
                    with self._pause:
                        self._chance.choice((self._transfer, self._order, self._change, self._cancel))(session)
                        self.written += 1
        except BaseException as error:  # noqa: BLE001 - told by `stop` and `require_kept`
            self.failed = error

    def stop(self) -> None:
        self._stopping.set()
        self.join()
        self._require_well()

    def require_kept(self) -> None:
        """Every order of this writer stands as it was last committed, and none that was cancelled."""
        with self._pause:
            self._require_well()
            low, high = self._next // 100_000_000 * 100_000_000, self._next
            own = f"order_id BETWEEN {low} AND {high}"
            found = self._platform.rows(f"SELECT order_id, number, amount FROM order_lines WHERE {own} ORDER BY 1, 2")
            held: dict[int, list[int]] = {}
            for order, _, amount in found:
                held.setdefault(order, []).append(amount)
            lost = {order: lines for order, lines in self.orders.items() if held.get(order) != lines}
            require(held == self.orders, f"rows of {self.name} are not as committed: {dict(list(lost.items())[:3])}")

    def _require_well(self) -> None:
        require(self.failed is None, f"{self.name} could not write: {self.failed!r}")

    def _transfer(self, session: Session) -> None:
        place = self._chance.randrange(len(self._shops)) * ACCOUNTS
        payer, payee = sorted(self._first_account + place + n for n in self._chance.sample(range(ACCOUNTS), 2))
        amount = self._chance.randrange(-50, 50)
        session.commit(
            [
                ("INSERT INTO transfers VALUES (%s, %s, %s, %s)", (self._number(), payer, payee, amount)),
                ("UPDATE accounts SET balance = balance - %s WHERE id = %s", (amount, payer)),
                ("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, payee)),
            ]
        )

    def _order(self, session: Session) -> None:
        lines = [self._chance.randrange(1, 100) for _ in range(self._chance.randrange(1, 6))]
        order, shop = self._number(), self._chance.choice(self._shops)
        session.commit(
            [
                ("INSERT INTO orders VALUES (%s, %s, %s, %s)", (order, shop, sum(lines), len(lines))),
                *(
                    ("INSERT INTO order_lines VALUES (%s, %s, %s)", (order, n, amount))
                    for n, amount in enumerate(lines)
                ),
            ]
        )
        self.orders[order] = lines

    def _change(self, session: Session) -> None:
        if not self.orders:
            return
        order = self._chance.choice(list(self.orders))
        lines = [*self.orders[order], self._chance.randrange(1, 100)]
        session.commit(
            [
                ("INSERT INTO order_lines VALUES (%s, %s, %s)", (order, len(lines) - 1, lines[-1])),
                ("UPDATE orders SET total = %s, line_count = %s WHERE id = %s", (sum(lines), len(lines), order)),
            ]
        )
        self.orders[order] = lines

    def _cancel(self, session: Session) -> None:
        if len(self.orders) < 50:
            return
        order = self._chance.choice(list(self.orders))
        session.commit(
            [
                ("DELETE FROM order_lines WHERE order_id = %s", (order,)),
                ("DELETE FROM orders WHERE id = %s", (order,)),
            ]
        )
        del self.orders[order]

    def _number(self) -> int:
        self._next += 1
        return self._next


def require_consistent(archive: Path) -> int:
    """BrokenError where the figures of an archive do not hang together; how many orders and transfers it has."""
    tables = ("accounts", "transfers", "orders", "order_lines")
    accounts, transfers, orders, lines = (pq.read_table(archive / "data" / "parquet" / table) for table in tables)
    held = dict.fromkeys(accounts["id"].to_pylist(), OPENING)
    for payer, payee, amount in zip(*(transfers[n].to_pylist() for n in _TRANSFER), strict=True):
        held[payer] -= amount
        held[payee] += amount
    balances = dict(zip(accounts["id"].to_pylist(), accounts["balance"].to_pylist(), strict=True))
    require(held == balances, f"{archive}: accounts are not what their transfers make them")
    sums = lines.group_by("order_id").aggregate([("amount", "sum"), ("amount", "count")])
    found = {row["order_id"]: (row["amount_sum"], row["amount_count"]) for row in sums.to_pylist()}
    wanted = {row["id"]: (row["total"], row["line_count"]) for row in orders.to_pylist()}
    require(found == wanted, f"{archive}: orders are not the sums of their lines")
    require(set(pc.unique(orders["shop_id"]).to_pylist()) <= {TENANT}, f"{archive}: orders of another shop")
    return len(wanted) + int(transfers.num_rows)


_TRANSFER = ("payer_id", "payee_id", "amount")
