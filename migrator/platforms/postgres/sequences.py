"""Sequences behind a table's own keys: after a load the next ordinary INSERT must find a free one.

They only ever advance, and only where they lag: a number that somebody drew is never given again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from migrator.contracts import Numbered
from migrator.platforms.postgres import catalog
from migrator.platforms.relational.sqltext import literal, quoted
from storage.schema import Kind, Table

_WHOLE = r"^-?[0-9]{1,18}(\.0*)?$"
"""What a sequence could give, among the texts and decimals of a column that one fills all the same."""


class Statements(Protocol):
    """A transaction."""

    def execute(self, statement: str) -> object: ...

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]: ...


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A column and the sequence that fills it where an INSERT leaves it out."""

    column: str
    sequence: str  # quoted
    step: int
    least: int
    greatest: int
    owned: bool


class Sequences:
    """Those that fill columns of one table, inside a transaction that has written it."""

    def __init__(self, transaction: Statements, table: Table, name: str) -> None:
        self._transaction = transaction
        self._table = table
        self._name = name  # quoted

    def advance(self) -> Iterator[str]:
        """Move each past the highest value there is; yields what stands in the way."""
        for drawn in self._drawn():
            if self._following(drawn) is None:
                continue
            if drawn.owned:
                # changes nothing, but from here on nobody draws from it, and who did has ended
                self._transaction.execute(f"ALTER SEQUENCE {drawn.sequence} INCREMENT BY {drawn.step}")
            following = self._following(drawn)
            if following is None:
                continue
            if not drawn.least <= following <= drawn.greatest:
                end = drawn.greatest if drawn.step > 0 else drawn.least
                yield f"{self._table.name}.{drawn.column}: its sequence ends at {end}, an ordinary INSERT would fail"
                continue
            self._restart(drawn, following)

    def numbered(self) -> Iterator[Numbered]:
        """What each would give next."""
        for drawn in self._drawn():
            following = self._last(drawn) + drawn.step
            yield Numbered(table=self._table.name, column=drawn.column, following=following, step=drawn.step)

    def _drawn(self) -> list[Drawn]:
        query = catalog.SEQUENCES.format(tables=f"ARRAY[{literal(self._name)}::regclass::oid]")
        return [
            Drawn(column=column, sequence=name, step=step, least=least, greatest=greatest, owned=owned)
            for _, column, _, _, name, step, least, greatest, owned, _ in self._transaction.rows(query)
        ]

    def _following(self, drawn: Drawn) -> int | None:
        """The first number in its steps beyond the highest value there is; None where it goes on there by itself."""
        last, taken = self._last(drawn), self._taken(drawn)
        steps = 0 if taken is None else (taken - last) // drawn.step + 1
        return last + steps * drawn.step if steps > 1 else None

    def _last(self, drawn: Drawn) -> int:
        """The number it gave last, or would have given before the first."""
        [(last, was_given)] = self._transaction.rows(f"SELECT last_value, is_called FROM {drawn.sequence}")
        return int(last) if was_given else int(last) - drawn.step

    def _taken(self, drawn: Drawn) -> int | None:
        name, furthest = quoted(drawn.column), "max" if drawn.step > 0 else "min"
        if self._table.column(drawn.column).type.kind is Kind.INTEGER:
            query = f"SELECT {furthest}({name}) FROM {self._name}"
        else:
            query = f"SELECT {furthest}({name}::text::numeric) FROM {self._name} WHERE {name}::text ~ '{_WHOLE}'"
        [(taken,)] = self._transaction.rows(query)
        return None if taken is None else int(Decimal(taken))  # numeric may come as text

    def _restart(self, drawn: Drawn, following: int) -> None:
        """ALTER SEQUENCE goes with the transaction, but is its owner's; setval is for others, and stays."""
        if drawn.owned:
            self._transaction.execute(f"ALTER SEQUENCE {drawn.sequence} RESTART WITH {following}")
        else:
            self._transaction.rows(f"SELECT setval({literal(drawn.sequence)}, {following}, false)")
