"""The catalog's schema, made or brought up to date by whoever comes first."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from migrator.runs.database import Database
from storage.errors import Misuse

HEAD = "0010"
"""The newest migration; alembic, slow to import, is asked for only where a catalog is not there yet."""


def bring_to_head(database: Database) -> None:
    """Make or upgrade the tables; who starts meanwhile waits. Misuse where a newer program made the catalog."""
    with database.reading() as connection:  # every command begins so: it waits for nobody who writes
        if _version(connection, database.where) == HEAD:
            return
    with database.transaction() as connection:
        database.claim(connection, "schema")
        if _version(connection, database.where) != HEAD:  # nobody did it while we waited
            _upgrade(connection)


def require_head(connection: Connection, where: str) -> None:
    """Misuse where the catalog is not of the version this program works with."""
    if (found := _version(connection, where)) != HEAD:
        raise Misuse(f"the catalog is of version {found}, not {HEAD}", where=where, next="start migrator serve anew")


def is_catalog(connection: Connection) -> bool:
    """Whether a catalog of any version is there."""
    return inspect(connection).has_table("alembic_version")


def _version(connection: Connection, where: str) -> str | None:
    if not is_catalog(connection):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found > HEAD:
        raise Misuse(
            f"the catalog is of version {found}, this program knows {HEAD}", where=where, next="upgrade migrator"
        )
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
