"""The environment, read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from storage.credentials import Credentials


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where this installation keeps things, and the variables plans may name.

    | variable             | what for                                                | default                        |
    | -------------------- | ------------------------------------------------------- | ------------------------------ |
    | MIGRATOR_HOME        | catalog, runs with their reports, default store, keys   | ~/.local/share/migrator        |
    | MIGRATOR_CATALOG     | the catalog's database, sqlite:/// or postgresql://     | $MIGRATOR_HOME/catalog.db      |
    | MIGRATOR_SIGNING_KEY | the folder of the signing keys                          | $MIGRATOR_HOME/keys            |
    | AWS_ACCESS_KEY_ID    | whose S3 stores are opened; with AWS_SECRET_ACCESS_KEY  | none                           |
    |                      | and, for temporary keys, AWS_SESSION_TOKEN              |                                |
    | any other            | `${NAME}` in a plan                                     |                                |
    """

    home: Path
    keys: Path
    catalog_url: str = field(repr=False)  # may hold a password
    variables: Mapping[str, str] = field(repr=False)

    @property
    def credentials(self) -> Credentials | None:
        """For stores on a network; without both keys there are none."""
        access_key, secret_key = (self.variables.get(f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
        if not access_key or not secret_key:
            return None
        token = self.variables.get("AWS_SESSION_TOKEN") or None
        return Credentials(access_key=access_key, secret_key=secret_key, session_token=token)

    @property
    def default_store(self) -> str:
        return (self.home / "store").as_uri()

    def run_folder(self, run_id: str) -> Path:
        return self.home / "runs" / run_id


def read_settings(**given: str) -> Settings:
    """Settings from the environment; what is `given` by the same names stands before what the environment says."""
    environment = {**os.environ, **given}
    home = Path(environment.get("MIGRATOR_HOME") or "~/.local/share/migrator").expanduser().absolute()
    keys = environment.get("MIGRATOR_SIGNING_KEY")
    return Settings(
        home=home,
        keys=Path(keys).expanduser() if keys else home / "keys",
        catalog_url=environment.get("MIGRATOR_CATALOG") or f"sqlite:///{home / 'catalog.db'}",
        variables=environment,
    )


def tool() -> str:
    """This program's name and version, as archives and reports state it."""
    try:
        return f"migrator {version('migrator')}"
    except PackageNotFoundError:
        return "migrator (not installed)"
