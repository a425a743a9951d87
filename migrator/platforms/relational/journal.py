"""The journal of a load, kept in the target: what was created, what stood where it overwrote, and what it left behind.

One table a run and target table, `migrator_journal:<run>:<table>`, with the columns
`entry` (its number), `action` (create | overwrite | remove | restored), `key:<column>`…, or `row` where no key tells
the rows apart, `before:<column>`… (of overwritten rows), `after` (row hash); `fate` and `why` are rollback's.
The marker table `migrator_loads` has one row a committed load. Both go when nothing needs them any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migrator.contracts import OVERWRITE, Closed, Digest, Marker, Staged, Tally
from migrator.platforms.relational.sqltext import literal, quoted
from migrator.platforms.relational.transaction import Transaction, shortened
from storage.errors import Misuse
from storage.schema import Table

MARKERS = "migrator_loads"
JOURNAL = "migrator_journal:"

UNDONE = "undone:"
"""How a row of the marker table is called that is about a rollback, before the name of the rollback's own run."""

RESTORED = "restored"
"""The action of an entry whose row has its before-image again, while other rows of the load stay."""


def is_ours(name: str) -> bool:
    """Whether this software keeps the table in a target; any other name, however alike, is somebody's data."""
    return name == MARKERS or name.startswith(JOURNAL)


def journal_name(run: str, table: Table) -> str:
    return shortened(f"{JOURNAL}{run}:{table.name}")


def key_column(column: str) -> str:
    return quoted(shortened(f"key:{column}"))


def before_column(column: str) -> str:
    return quoted(shortened(f"before:{column}"))


def stored_columns(table: Table) -> tuple[str, ...]:
    """The columns an UPDATE may set: generated ones follow by themselves."""
    return tuple(column.name for column in table.columns if not column.generated)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The journal of one table of a run: the names and conditions its statements need."""

    transaction: Transaction
    staged: Staged
    name: str  # quoted

    @classmethod
    def of(cls, transaction: Transaction, run: str, staged: Staged) -> Journal:
        return cls(transaction=transaction, staged=staged, name=transaction.own(journal_name(run, staged.table)))

    @property
    def live(self) -> str:
        """The quoted name of the table it is about."""
        return self.transaction.live(self.staged.table)

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The quoted names of its key columns."""
        return tuple(key_column(column) for column in self.staged.key)

    def meets(self, row: str = "t", entry: str = "j") -> str:
        """The condition that an entry is about a row."""
        if not self.staged.key:
            return self.transaction.meets_keyless(self.staged.table, row, entry)
        return " AND ".join(f"{row}.{quoted(column)} = {entry}.{key_column(column)}" for column in self.staged.key)

    @property
    def restores(self) -> bool:
        """Whether an image is still to go back: none of a table whose columns have changed since, all rows differ."""
        images = f"SELECT 1 FROM {self.name} j WHERE j.action = '{OVERWRITE}' AND {self.is_undecided()} LIMIT 1"
        return bool(self.staged.key and self.transaction.rows(images))

    def is_undecided(self, entry: str = "j") -> str:
        """The condition that nothing was found against taking an entry back."""
        return f"{entry}.fate IS NULL AND {entry}.action <> '{RESTORED}'"


def create_journal(transaction: Transaction, run: str, staged: Staged) -> None:
    """An empty journal for one table."""
    columns = [("entry", transaction.entry_type), ("action", transaction.text_type)]
    for column in staged.key:
        columns.append((key_column(column), transaction.key_type(staged.table.column(column))))
    if not staged.key:
        columns.append((quoted("row"), transaction.text_type))
    for column in staged.table.column_names:  # computed ones too: a unique key may be of them
        columns.append((before_column(column), transaction.stored_type(staged.table.column(column))))
    columns += [("after", transaction.hash_type), ("fate", transaction.text_type), ("why", transaction.text_type)]
    key = [key_column(column) for column in staged.key]
    transaction.create_own(journal_name(run, staged.table), columns, key)


# ── markers ─────────────────────────────────────────────────────────────────────────────────────────────────
def create_markers(transaction: Transaction) -> None:
    """The marker table, where it is not there yet."""
    if not transaction.owns(MARKERS):
        columns = [("entry", transaction.entry_type), ("run", transaction.text_type), ("marker", transaction.text_type)]
        transaction.create_own(MARKERS, columns)


def write_marker(transaction: Transaction, marker: Marker) -> None:
    """Record the load, in the transaction that makes it visible."""
    values = f"{literal(marker.run)}, {literal(to_json(marker, transaction.home))}"
    transaction.execute(f"INSERT INTO {transaction.own(MARKERS)} (run, marker) VALUES ({values})")


def amend_marker(transaction: Transaction, run: str, **told: object) -> None:
    """Say more about a load that stands."""
    markers, about = transaction.own(MARKERS), f"run = {literal(run)}"
    ((before,),) = transaction.rows(f"SELECT marker FROM {markers} WHERE {about}")
    amended = json.dumps(json.loads(before) | told, ensure_ascii=False)
    transaction.execute(f"UPDATE {markers} SET marker = {literal(amended)} WHERE {about}")


def read_markers(transaction: Transaction, tables: Sequence[Table]) -> tuple[Marker, ...]:
    """The committed loads, oldest first; `tables` are the target's own."""
    if not transaction.owns(MARKERS):
        return ()
    by_name = {table.name: table for table in tables}
    rows = transaction.rows(f"SELECT run, marker FROM {transaction.own(MARKERS)} ORDER BY entry")
    return tuple(from_json(marker, by_name) for run, marker in rows if not run.startswith(UNDONE))


def markers_seen(transaction: Transaction, tables: Sequence[Table]) -> tuple[Marker, ...]:
    """The same beside others, outside any transaction: with the last load, somebody takes the table away, too."""
    try:
        return read_markers(transaction, tables)
    except Exception:
        if transaction.owns(MARKERS):
            raise
        return ()


def marker_of(transaction: Transaction, tables: Sequence[Table], run: str) -> Marker:
    """The marker of this run's load. Misuse where the target holds none."""
    markers = read_markers(transaction, tables)
    for marker in markers:
        if marker.run == run:
            return marker
    known = ", ".join(marker.run for marker in markers) or "none"
    raise Misuse("this target holds no such load", where=run, next=f"loads it holds: {known}")


def holds_load(transaction: Transaction, run: str) -> bool:
    """Whether a load of this run was committed here and not taken back whole."""
    if not transaction.owns(MARKERS):
        return False
    return bool(transaction.rows(f"SELECT 1 FROM {transaction.own(MARKERS)} WHERE run = {literal(run)}"))


def forget(transaction: Transaction, marker: Marker) -> None:
    """Drop everything this software holds about a load that was taken back whole."""
    transaction.execute(f"DELETE FROM {transaction.own(MARKERS)} WHERE run = {literal(marker.run)}")
    for staged in marker.tables:
        transaction.drop_own(journal_name(marker.run, staged.table))
    if not transaction.rows(f"SELECT 1 FROM {transaction.own(MARKERS)} LIMIT 1"):
        transaction.drop_own(MARKERS)


def home_of(transaction: Transaction, run: str) -> str:
    """The schema that bare table names meant when the load was made."""
    rows = transaction.rows(f"SELECT marker FROM {transaction.own(MARKERS)} WHERE run = {literal(run)}")
    return str(json.loads(rows[0][0]).get("home", transaction.home))


def to_json(marker: Marker, home: str) -> str:
    plain: dict[str, Any] = asdict(marker) | {"home": home}
    plain["tables"] = [
        {"table": staged.table.name, "columns": staged.columns, "key": staged.key} for staged in marker.tables
    ]
    for name in ("digest_touched", "digest_whole"):
        plain[name] = _plain_digest(getattr(marker, name))
    if marker.tally is not None:
        for name in _DIGESTS:
            plain["tally"][name] = _plain_digest(getattr(marker.tally, name))
    return json.dumps(plain, ensure_ascii=False)


def from_json(text: str, tables: dict[str, Table]) -> Marker:
    plain = json.loads(text)
    plain.pop("home", None)
    plain["tables"] = tuple(
        Staged(
            table=tables.get(part["table"], Table(name=part["table"], columns=())),  # one without columns is gone
            columns=tuple(part["columns"]),
            key=tuple(part["key"]),
        )
        for part in plain["tables"]
    )
    for name in ("digest_touched", "digest_whole"):
        plain[name] = _digest(plain[name])
    if told := plain.get("tally"):
        counts = {int(edge): actions for edge, actions in told["counts"].items()}  # JSON's names are texts
        digests = {name: _digest(told[name]) for name in _DIGESTS}
        plain["tally"] = Tally(**{**told, **digests, "counts": counts})
    if gone := plain.get("closed"):
        plain["closed"] = Closed(**gone)
    return Marker(**plain)


_DIGESTS = ("digest_before", "digest_loaded")


def _plain_digest(digest: Digest | None) -> dict[str, Any] | None:
    # the sum may exceed what other JSON readers take as a number
    return None if digest is None else {"rows": digest.rows, "total": f"{digest.total:032x}"}


def _digest(plain: dict[str, Any] | None) -> Digest | None:
    return None if plain is None else Digest(rows=plain["rows"], total=int(plain["total"], 16))
