"""The environment, read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from storage.credentials import Accounts
from storage.errors import Misuse


class LogForm(StrEnum):
    """How `serve` and `worker` write their log."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where this installation keeps things, and the variables plans may name.

    | variable             | what for                                                | default                        |
    | -------------------- | ------------------------------------------------------- | ------------------------------ |
    | MIGRATOR_HOME        | catalog, runs with their reports, default store, keys   | ~/.local/share/migrator        |
    | MIGRATOR_CATALOG     | the catalog's database, sqlite:/// or postgresql://     | $MIGRATOR_HOME/catalog.db      |
    | MIGRATOR_SIGNING_KEY | the folder of the signing keys                          | $MIGRATOR_HOME/keys            |
    | MIGRATOR_MASK_KEY    | the secret that masked archives are masked with         | a key beside the signing keys  |
    | MIGRATOR_VAULT_KEY   | the file of the key that seals platforms' addresses     | $MIGRATOR_HOME/vault.key       |
    | MIGRATOR_OIDC        | the file that describes the OpenID Connect provider     | none: people have passwords    |
    | MIGRATOR_OIDC_SECRET | the server's secret at that provider                    | none: a public client          |
    | MIGRATOR_PUBLIC_URL  | where people reach the server, if by another address    | where it listens               |
    | MIGRATOR_BROWSED     | bytes kept here of archives that people look into       | 5 GiB                          |
    | MIGRATOR_SMTP        | the server mails are sent by, smtp(s)://user:pass@host  | none: no mails                 |
    | MIGRATOR_MAIL_FROM   | whom mails come from                                    | migrator@ this machine's name  |
    | MIGRATOR_CONTACT     | whom customers call at whoever runs this, plain words   | nobody is named                |
    | MIGRATOR_LOG         | how serve and worker write their log, text or json      | text                           |
    | OTEL_EXPORTER_OTLP_ENDPOINT | where requests and runs are traced to            | none: they are not             |
    | MIGRATOR_SERVER      | the server that commands are asked of                   | none: they are done here       |
    | MIGRATOR_TOKEN       | what it knows the one by who asks                       | none                           |
    | MIGRATOR_WAIT        | seconds to wait for another run on the same tables      | 600                            |
    | MIGRATOR_SILENCE     | seconds without a beat after which a run is taken over  | 10                             |
    | MIGRATOR_PATIENCE    | seconds to wait for a catalog that goes away in a run   | 300                            |
    | AWS_ACCESS_KEY_ID    | whose S3 stores are opened; with AWS_SECRET_ACCESS_KEY  | none                           |
    |                      | and, for temporary keys, AWS_SESSION_TOKEN; all three   |                                |
    |                      | with _NAME at their end for stores with account=name    |                                |
    | any other            | `${NAME}` in a plan                                     |                                |
    """

    home: Path
    keys: Path
    catalog_url: str = field(repr=False)  # may hold a password
    mask_secret: str | None = field(default=None, repr=False)
    patience_s: int = 600
    silence_s: int = 10
    catalog_patience_s: int = 300
    variables: Mapping[str, str] = field(repr=False)
    vault: Path
    public_url: str = ""
    server_url: str = ""
    server_token: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)  # may hold a password
    mail_from: str = ""
    contact: str = ""
    log: LogForm = LogForm.TEXT
    otlp_url: str = field(default="", repr=False)
    oidc: Path | None = None
    oidc_secret: str | None = field(default=None, repr=False)
    browsed_bytes: int = 5 << 30
    store_keys: Mapping[str, str] | None = field(default=None, repr=False)  # those of stores, where not of `variables`
    is_confined: bool = False  # whether plans reach the addresses of `variables` and no others

    @property
    def accounts(self) -> Accounts:
        """Whose stores on a network can be opened."""
        return Accounts(variables=self.variables if self.store_keys is None else self.store_keys)

    @property
    def default_store(self) -> str:
        return (self.home / "store").as_uri()

    @property
    def is_shared(self) -> bool:
        """Whether other machines can have the same catalog."""
        return self.catalog_url.startswith("postgres")

    @property
    def durable_url(self) -> str:
        """Where the steps of runs are kept: with a catalog that machines share, and else in a file."""
        return self.catalog_url if self.is_shared else f"sqlite:///{self.home / 'durable.db'}"

    def run_folder(self, run_id: str) -> Path:
        return self.home / "runs" / run_id


_SAID: ContextVar[Mapping[str, str]] = ContextVar("said", default={})  # noqa: B039 - nobody changes it


@contextmanager
def said(**variables: str) -> Iterator[None]:
    """What the command line says stands before what the environment says, as long as the context is open."""
    token = _SAID.set({**_SAID.get(), **variables})
    try:
        yield
    finally:
        _SAID.reset(token)


def read_settings(**given: str) -> Settings:
    """Settings from the environment; what is `given` by the same names stands before what the environment says."""
    environment = {**os.environ, **_SAID.get(), **given}
    home = Path(environment.get("MIGRATOR_HOME") or "~/.local/share/migrator").expanduser().absolute()
    keys = environment.get("MIGRATOR_SIGNING_KEY")
    return Settings(
        home=home,
        keys=Path(keys).expanduser() if keys else home / "keys",
        catalog_url=environment.get("MIGRATOR_CATALOG") or f"sqlite:///{home / 'catalog.db'}",
        mask_secret=environment.get("MIGRATOR_MASK_KEY"),
        patience_s=_whole(environment, "MIGRATOR_WAIT", "seconds", default=Settings.patience_s),
        silence_s=_whole(environment, "MIGRATOR_SILENCE", "seconds", default=Settings.silence_s),
        catalog_patience_s=_whole(environment, "MIGRATOR_PATIENCE", "seconds", default=Settings.catalog_patience_s),
        variables=environment,
        browsed_bytes=_whole(environment, "MIGRATOR_BROWSED", "bytes", default=Settings.browsed_bytes),
        oidc=_file(environment, "MIGRATOR_OIDC"),
        oidc_secret=environment.get("MIGRATOR_OIDC_SECRET"),
        public_url=(environment.get("MIGRATOR_PUBLIC_URL") or "").rstrip("/"),
        server_url=(environment.get("MIGRATOR_SERVER") or "").rstrip("/"),
        server_token=environment.get("MIGRATOR_TOKEN") or "",
        smtp_url=environment.get("MIGRATOR_SMTP") or "",
        mail_from=environment.get("MIGRATOR_MAIL_FROM") or "",
        contact=(environment.get("MIGRATOR_CONTACT") or "").strip(),
        log=_log_form(environment),
        otlp_url=(environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") or "").rstrip("/"),
        vault=Path(environment.get("MIGRATOR_VAULT_KEY") or home / "vault.key").expanduser(),
    )


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(given).expanduser() if (given := environment.get(name)) else None


def _whole(environment: Mapping[str, str], name: str, of: str, *, default: int) -> int:
    given = environment.get(name)
    if given and not given.isdecimal():
        raise Misuse(f"not a number of {of}", where=name, next="write a whole number")
    return int(given) if given else default


def _log_form(environment: Mapping[str, str]) -> LogForm:
    given = environment.get("MIGRATOR_LOG") or LogForm.TEXT
    if given not in list(LogForm):
        raise Misuse(f"no form of log: {given!r}", where="MIGRATOR_LOG", next=f"write {' or '.join(LogForm)}")
    return LogForm(given)


def tool() -> str:
    """This program's name and version, as archives and reports state it."""
    try:
        return f"migrator {version('migrator')}"
    except PackageNotFoundError:
        return "migrator (not installed)"
