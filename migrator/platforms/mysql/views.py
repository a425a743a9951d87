"""Which tables a view of MariaDB or MySQL shows, as far as the server lets its text be read."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from migrator.platforms.mysql.connect import Connection
from migrator.platforms.mysql.words import ticked

Definitions = Mapping[str, str]
"""The text of each view; empty where the server hides it from who may not SHOW VIEW."""

_VIEWS = """
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = DATABASE() ORDER BY table_name
"""


def definitions(connection: Connection) -> Definitions:
    """Every view of the session's database, in name order."""
    return {name or "": definition or "" for name, definition in connection.texts(_VIEWS)}


def beneath(view: str, views: Definitions, tables: Collection[str]) -> list[str]:
    """Those of the database's tables that the view may show, views between looked through: all where a text is hidden.

    A table is one of them where its name stands in the text in quotes, as the server writes each that it shows.
    """
    found: set[str] = set()
    waiting, looked_through = [view], {view}
    while waiting:
        text = views[waiting.pop()].lower()
        found.update(name for name in tables if not text or _quoted(name) in text)
        shown = {name for name in views if not text or _quoted(name) in text} - looked_through
        waiting += shown
        looked_through |= shown
    return sorted(found)


def _quoted(name: str) -> str:
    return ticked(name.lower())
