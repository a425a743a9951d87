"""Who a store on a network believes us to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from storage.errors import Misuse

_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The keys of an account; whoever prints them sees whose, and no secret."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts whose keys stand in `variables`: under AWS_… the one without a name, under AWS_…_NAME any other."""

    variables: Mapping[str, str] = field(repr=False)

    def credentials(self, account: str, *, where: str) -> Credentials:
        """Misuse, naming variables and never a value, where keys are missing or cannot be any."""
        access_key, secret_key, token = (self._value(name, where) for name in _names(account))
        if not access_key or not secret_key:
            raise Misuse(
                "no credentials for the bucket", where=where, next=f"export {' and '.join(_names(account)[:2])}"
            )
        return Credentials(access_key=access_key, secret_key=secret_key, session_token=token or None)

    def _value(self, name: str, where: str) -> str:
        value = self.variables.get(name, "").strip()  # a file's last line break is no part of a key
        if any(not "!" <= character <= "~" for character in value):
            raise Misuse(
                f"{name} holds a blank or a character that no key has", where=where, next="export it again, without it"
            )
        return value


def _names(account: str) -> tuple[str, ...]:
    """The variables that hold an account's access key, secret key and, for temporary ones, session token."""
    return tuple(f"{name}_{account.upper()}" if account else name for name in _VARIABLES)
