"""The OpenID Connect provider that the settings name."""

from __future__ import annotations

from migrator.access.openid import OpenId
from migrator.access.provider import read_provider
from migrator.access.web import Web
from migrator.settings import Settings
from storage.errors import Misuse
from storage.system import translated

BACK = "/login/provider/back"
"""Where it sends browsers back to; it knows this address, and no other."""


def opened(settings: Settings) -> OpenId | None:
    """None where there is none. Nothing is asked of it yet; Misuse where it cannot be used like that."""
    if settings.oidc is None:
        return None
    if not settings.public_url:  # never from a request: whoever sends it would choose where people are sent
        raise Misuse(
            "people come back from the provider to an address that nobody said",
            where="MIGRATOR_PUBLIC_URL",
            next="say where people reach this server: https://migrator.example.org",
        )
    with translated(settings.oidc):
        text = settings.oidc.read_text(encoding="utf-8")
    provider = read_provider(text, file=str(settings.oidc), secret=settings.oidc_secret)
    return OpenId(provider=provider, back=f"{settings.public_url}{BACK}", web=Web(authority=provider.authority))
