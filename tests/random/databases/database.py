"""A database as random tests know it, and how one of a kind is made."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Protocol

import psycopg
import pymysql

from tests.conformance.platforms import Platform
from tests.random.shape import Native, Row, Shape

REFUSED = (sqlite3.Error, psycopg.Error, pymysql.MySQLError)
"""What a plain client raises where the server does not take a value."""


class Database(Protocol):
    kind: str
    natives: tuple[Native, ...]
    platform: Platform

    def close(self) -> None: ...

    def create(self, shapes: Sequence[Shape]) -> None:
        """Nothing but these tables, empty; parents come first."""
        ...

    def clear(self) -> None:
        """Nothing is left, not even a type."""
        ...

    def read(self, shape: Shape) -> list[Row]:
        """Every row, as the plain client says it."""
        ...

    def write(self, contents: Mapping[Shape, Sequence[Row]]) -> None:
        """Put these rows, parents first, in the place of what the tables hold. One of REFUSED if they do not fit."""
        ...
