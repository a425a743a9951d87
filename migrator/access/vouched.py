"""Accounts of people whom a provider vouches for: its groups decide what they may do, at each login anew."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.access.accounts import LANGUAGES, Account, Accounts
from migrator.access.openid import Identity
from migrator.access.provider import Provider
from migrator.access.roles import Grant
from migrator.access.sessions import Sessions


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """An account is found by issuer and subject, never by its login: that one others could take."""

    accounts: Accounts
    sessions: Sessions
    provider: Provider

    def account(self, identity: Identity) -> Account | None:
        """Theirs, made when they come first. None where no group of theirs has a role here, or it is disabled.

        Misuse where another account has their login.
        """
        grants = self.provider.grants(identity.groups)
        known = self.accounts.of_identity(identity.issuer, identity.subject)
        if known is None:
            return self._made(identity, grants) if grants else None
        # who is left without an admin makes one on the server's machine: migrator admin invite
        account = self.accounts.set_grants(known.account_id, grants, even_last_admin=True)
        if not grants or account.disabled_at is not None:
            self.sessions.end_all(account.account_id)
            return None
        return account

    def _made(self, identity: Identity, grants: tuple[Grant, ...]) -> Account:
        return self.accounts.add(
            identity.login,
            name=identity.name,
            issuer=identity.issuer,
            subject=identity.subject,
            language=identity.language if identity.language in LANGUAGES else LANGUAGES[0],
            grants=grants,
        )
