"""A few goods and words on their way into a shop's tables: the load that tests of loading share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.contracts import Identity
from migrator.engine.check import MapCheck
from migrator.engine.workbench import workbench
from storage.archive import Archive
from tests.conformance.platforms import SqlitePlatform
from tests.unit.engine.support import checked, taken

IDENTITY = Identity(run="r1", plan="p", tenant="t", archive="a", seal="s")
MAPPING = """
mapping: m
version: 1
tables:
  items:
    edges:
      - from: goods
        columns: {id: id, code: code, price: price}
        reject: [{when: "price < 0", because: "no negative prices there"}]
  words:
    edges:
      - {from: words, columns: {word: word}}
"""


def shop(folder: Path, *, items: str = "") -> SqlitePlatform:
    """The target, with words of its own and these items."""
    target = SqlitePlatform(folder / "target.db")
    target.run("CREATE TABLE items (id INTEGER PRIMARY KEY, code TEXT, price REAL); CREATE TABLE words (word TEXT);")
    target.run("INSERT INTO words VALUES ('here'), ('twice');")
    if items:
        target.run(f"INSERT INTO items VALUES {items};")
    return target


def goods(platform: SqlitePlatform) -> Archive:
    """What is loaded: three goods, one of which the mapping rejects, and four words."""
    platform.run(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, code TEXT, price REAL); CREATE TABLE words (word TEXT);"
        "INSERT INTO goods VALUES (1, '007', 0.1), (2, NULL, 1e300), (3, '', -1.0);"
        "INSERT INTO words VALUES ('twice'), ('twice'), (NULL), ('');"
    )
    return taken(platform, "root: database")[1]


@contextmanager
def fitting(archive: Archive, target: SqlitePlatform, *, policy: str = "error") -> Iterator[MapCheck]:
    """The map check of it, which finds nothing against it."""
    with workbench() as bench:
        found = checked(bench, archive, MAPPING, target, policy=policy)
        assert found.problems == ()
        yield found
