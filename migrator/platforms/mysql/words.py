"""What statements to MariaDB and MySQL say themselves: texts, words, and what the two servers say differently."""

from __future__ import annotations

import re
from dataclasses import dataclass

from storage.errors import Red

_WORD = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Words:
    """What the two servers say differently."""

    reference_system: str
    hidden: str
    unchecked: str  # of a check that is not to look at rows: MariaDB has a variable of the session for it


MARIADB = Words(reference_system="REF_SYSTEM_ID=", hidden="IGNORED", unchecked="")
MYSQL = Words(reference_system="SRID ", hidden="INVISIBLE", unchecked=" NOT ENFORCED")


def text(value: str) -> str:
    """A text where backslashes escape."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def ticked(name: str) -> str:
    """A name in a statement that a person runs, whose session need not take ANSI quotes."""
    return "`" + name.replace("`", "``") + "`"


def word(value: str, where: str) -> str:
    """The name of an engine, a collation or the like, as it is. Red if it could be anything else."""
    if not _WORD.fullmatch(value):
        raise Red(f"this is no name the server could know: {value[:80]!r}", where=where, next="restore nothing of it")
    return value
