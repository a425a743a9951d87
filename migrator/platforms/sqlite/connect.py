"""Opening a SQLite file, and the one place its errors are translated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from storage.errors import Fault, MigratorError, Misuse, Red, TransientFault

BUSY_TIMEOUT_MS = 30_000
_HEADER = b"SQLite format 3\0"


def place_of(url: str) -> Path:
    """The file a `sqlite:///relative.db` or `sqlite:////absolute.db` address names, whether it is there or not."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise Misuse(
            "not a SQLite address",
            where=url.rpartition("@")[2],
            next="write sqlite:///relative.db or sqlite:////absolute/path.db",
        )
    path = Path(unquote(url.removeprefix(prefix)))
    if path.is_dir():
        raise Misuse("a folder, not a file", where=str(path), next="name the database file in it")
    return path


def path_of(url: str) -> Path:
    """The database an address names."""
    return database(place_of(url))


def database(path: Path) -> Path:
    """The same file. Misuse unless a SQLite database is there."""
    if not path.is_file():
        raise Misuse(
            "no such file", where=str(path), next="check the path; a relative one starts where the command runs"
        )
    with translated(path), path.open("rb") as file:
        head = file.read(len(_HEADER))
    if head and head != _HEADER:
        raise Misuse("not a SQLite database", where=str(path), next="name the database file itself, unencrypted")
    return path


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    """A connection in autocommit (transactions are ours to open); `mode` is ro or rw, never create."""
    with translated(path):
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


def encoding_of(connection: sqlite3.Connection) -> str:
    """The encoding text is stored in, by a name SQLite and Python both know."""
    return str(connection.execute("PRAGMA encoding").fetchone()[0])


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what sqlite3 and the file system raise into the project's errors."""
    try:
        yield
    except MigratorError:
        raise
    except sqlite3.IntegrityError as error:
        raise Red(
            f"the target refuses the rows: {error}",
            where=str(path),
            next="the constraint is the target's own: mend the mapping, or reject these rows with a reason",
        ) from error
    except sqlite3.DatabaseError as error:
        raise _fault(error, path) from error
    except PermissionError as error:
        raise Fault(
            "permission denied", where=str(path), next="give the user of this command access to the file"
        ) from error
    except OSError as error:
        raise Fault(
            f"cannot use the file: {error.strerror}", where=str(path), next="see the system's message"
        ) from error


def _fault(error: sqlite3.DatabaseError, path: Path) -> MigratorError:
    text = str(error)
    if "is locked" in text or "is busy" in text:
        return TransientFault(
            "the database is locked by another program", where=str(path), next="wait for it to finish, then repeat"
        )
    if "not a database" in text or "malformed" in text:
        return Misuse(
            f"not a readable SQLite database: {text}", where=str(path), next="run PRAGMA integrity_check on it"
        )
    if "full" in text:
        return Fault("the disk is full", where=str(path), next="free space on that disk, then repeat; nothing was kept")
    if "readonly" in text or "unable to open" in text:
        return Fault(f"no access: {text}", where=str(path), next="check the permissions of the file and of its folder")
    return Fault(f"SQLite reports: {text}", where=str(path), next="see the message; nothing was changed")
