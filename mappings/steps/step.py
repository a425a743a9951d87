"""What a step is: it parses its own argument, compiles to SQL, has a Python twin, and says whether it can be undone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, Self

from mappings.conversions import Value
from storage.schema import Type

if TYPE_CHECKING:
    from mappings.node import Node
    from mappings.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Operand:
    """A value on its way through a chain: its SQL expression and its type."""

    sql: str
    type: Type


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The types a crosswalk leads from and to."""

    old: Type
    new: Type


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What compiling found out about the place of a step in its chain; its twin needs it too."""

    inputs: tuple[Type, ...]
    crosswalks: Mapping[str, Keys]
    columns: Mapping[tuple[str, str], Type]  # (table, column) of every archived table


class Context(Protocol):
    """What a twin may look up. Both raise KeyError for a value that is not there."""

    tenant: str

    def lookup(self, table: str, key: str, value: str, x: Value) -> Value:
        """Column `value` of the row of `table` whose column `key` equals `x`."""
        ...

    def crosswalk(self, table: str, x: Value) -> Value:
        """The new key of the row of `table` whose old key is `x`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Inverse:
    """The step that takes it back, or None; `why` says what is lost, or under which condition nothing is."""

    step: Step | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One conversion of a chain. `many`: takes the list a chain starts with; every other step takes one value."""

    name: ClassVar[str]
    many: ClassVar[bool] = False
    line: int = 0

    @classmethod
    @abstractmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        """From its YAML argument; `inputs` are the columns the chain starts from. Misuse with file:line."""

    @abstractmethod
    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        """The SQL of its result, asking `scope` for joins and reporting to it what may not fit.

        Misuse if values of these types can never pass; the caller adds where.
        """

    @abstractmethod
    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        """The same in plain Python; ValueError or KeyError where the SQL reports a value that does not fit."""

    @abstractmethod
    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        """How values of these types come back."""

    def tables(self) -> tuple[str, ...]:
        """The tables whose crosswalks it reads."""
        return ()

    def looked_up(self) -> tuple[tuple[str, str], ...]:
        """(table, column) of every archived column it reads besides its inputs."""
        return ()

    def describe(self) -> str:
        """What it does, for the ledger: a few words."""
        return self.name
