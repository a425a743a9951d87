"""Databases of every kind, as random tests have them."""

from __future__ import annotations

from tests.random.conftest import KINDS, database_of

__all__ = ["KINDS", "database_of"]
