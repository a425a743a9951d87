"""Logging in by OpenID Connect: the authorization code flow with PKCE, state and nonce.

A browser is sent to the provider and comes back with a code; the code, and a secret that only this browser's login
has, buy a signed statement of who it is. Nothing is believed that its signature, its issuer, its audience, its nonce
and its time do not all vouch for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, import_key

from migrator.access.keys import new_key
from migrator.access.provider import Provider
from migrator.access.web import Web
from storage.errors import Fault, Misuse

_SIGNED = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""How a statement may be signed: by a key that only the provider has. Never `none`, never a shared secret."""

_KEPT_S, _LEEWAY_S = 3600.0, 60
_KEYS = ("RSA", "EC", "OKP")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whom the provider vouches for: `subject` stays theirs for ever, `login` and `name` are what they are called."""

    issuer: str
    subject: str
    login: str
    name: str
    language: str
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Begun:
    """One login under way, kept by the browser that began it and by nobody else; `next` is the page it is for."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    next: str

    @classmethod
    def new(cls, next: str) -> Begun:
        return cls(state=new_key(), nonce=new_key(), verifier=new_key(), next=next)

    @property
    def written(self) -> str:
        """As a cookie can hold it."""
        return ".".join((self.state, self.nonce, self.verifier, quote(self.next, safe="/")))

    @classmethod
    def read(cls, written: str) -> Begun | None:
        """None where that is none."""
        parts = written.split(".", 3)
        if len(parts) < 4 or not all(parts):
            return None
        return cls(state=parts[0], nonce=parts[1], verifier=parts[2], next=unquote(parts[3]))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


@dataclass(kw_only=True)
class _Told:
    """What the provider says of itself, kept for an hour; its keys are asked for anew when one is unknown."""

    metadata: dict[str, Any] = field(default_factory=dict)
    keys: KeySet | None = None
    at: float = float("-inf")


@dataclass(frozen=True, kw_only=True)
class OpenId:
    """`back` is this server's own address that the provider sends browsers back to."""

    provider: Provider
    back: str
    web: Web
    _told: _Told = field(default_factory=_Told, repr=False, compare=False)

    def address(self, begun: Begun) -> str:
        """Where the browser goes. Fault where the provider does not say."""
        endpoint = self._endpoint("authorization_endpoint")
        asked = {
            "response_type": "code",
            "client_id": self.provider.client,
            "redirect_uri": self.back,
            "scope": " ".join(self.provider.scopes),
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": begun.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def identity(self, begun: Begun, answer: Mapping[str, str]) -> Identity:
        """Who came back. Misuse where it is another login's answer, or the provider did not let them in."""
        if not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode()):
            raise _unproven("this is the answer to another login")
        if answer.get("iss", self.provider.issuer) != self.provider.issuer:
            raise _unproven("another provider answered")
        if not (code := answer.get("code", "")):
            raise _unproven(f"{self.provider.name} did not let you in")
        tokens = self._tokens(begun, code)
        claims = self._claims(begun, str(tokens.get("id_token", "")))
        if self.provider.claim not in claims or self.provider.login not in claims:
            claims = {**self._userinfo(claims, str(tokens.get("access_token", ""))), **claims}
        return _identity(self.provider, claims)

    # ── what is asked of the provider ───────────────────────────────────────────────────────────────────────
    def _tokens(self, begun: Begun, code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.back,
            "code_verifier": begun.verifier,
        }
        headers: dict[str, str] = {}
        client, secret = self.provider.client, self.provider.secret
        methods = self._metadata().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret is None:
            form["client_id"] = client
        elif "client_secret_basic" in methods:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        return self.web.post(self._endpoint("token_endpoint"), form, headers)

    def _userinfo(self, claims: Mapping[str, Any], token: str) -> dict[str, Any]:
        """More about whom the statement is of, where the provider tells more; of nobody else."""
        if not token or "userinfo_endpoint" not in self._metadata():
            return {}
        told = self.web.get(self._endpoint("userinfo_endpoint"), {"Authorization": f"Bearer {token}"})
        return told if told.get("sub") == claims["sub"] else {}

    def _metadata(self) -> dict[str, Any]:
        told = self._told
        if time.monotonic() - told.at > _KEPT_S:
            found = self.web.get(f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.provider.issuer:
                raise self._odd("it calls itself by another name", str(found.get("issuer")))
            told.metadata, told.keys, told.at = found, None, time.monotonic()
        return told.metadata

    def _keys(self, *, anew: bool = False) -> KeySet:
        self._metadata()
        if (kept := self._told.keys) is not None and not anew:
            return kept
        found = self.web.get(self._endpoint("jwks_uri")).get("keys")
        keys = [one for one in found if _is_for_signing(one)] if isinstance(found, list) else []
        try:
            self._told.keys = KeySet([import_key(one) for one in keys])
        except (JoseError, ValueError, TypeError) as error:
            raise self._odd("its keys cannot be read", type(error).__name__) from error
        return self._told.keys

    def _endpoint(self, name: str) -> str:
        if not isinstance(found := self._metadata().get(name), str):
            raise self._odd("it does not say where that is", name)
        return found

    def _odd(self, what: str, detail: str) -> Fault:
        return Fault(
            f"the provider cannot be used: {what}: {detail}"[:300],
            where=self.provider.issuer,
            next="an admin compares MIGRATOR_OIDC with what the provider says at /.well-known/openid-configuration",
        )

    # ── what is believed ────────────────────────────────────────────────────────────────────────────────────
    def _claims(self, begun: Begun, statement: str) -> dict[str, Any]:
        """What the provider signed about this very login. Misuse otherwise."""
        try:
            token = self._read(statement)
            self._expected(begun).validate(token.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _unproven(f"what {self.provider.name} signed does not hold ({error})") from error
        claims = token.claims
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        is_ours = claims.get("azp", self.provider.client) == self.provider.client
        if not is_ours or (len(audience) > 1 and "azp" not in claims):
            raise _unproven("it was signed for another program")
        return claims

    def _read(self, statement: str) -> jwt.Token:
        try:
            return jwt.decode(statement, self._keys(), algorithms=list(_SIGNED))
        except (InvalidKeyIdError, BadSignatureError):  # it signs with a new key
            return jwt.decode(statement, self._keys(anew=True), algorithms=list(_SIGNED))

    def _expected(self, begun: Begun) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": self.provider.issuer},
            aud={"essential": True, "value": self.provider.client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": begun.nonce},
        )


def _identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _unproven(f"{provider.name} names nobody")
    groups = claims.get(provider.claim, [])
    listed = groups if isinstance(groups, list) else [groups]
    login = claims.get(provider.login)
    if provider.login == "email" and claims.get("email_verified") is False:
        login = None  # anybody can write any address there
    return Identity(
        issuer=provider.issuer,
        subject=subject,
        login=str(login or subject),
        name=str(claims.get("name") or "")[:200],
        language=str(claims.get("locale") or "").partition("-")[0].partition("_")[0].lower(),
        groups=tuple(one for one in listed if isinstance(one, str)),
    )


def _is_for_signing(key: object) -> bool:
    return isinstance(key, dict) and key.get("use", "sig") == "sig" and key.get("kty") in _KEYS


def _unproven(what: str) -> Misuse:
    return Misuse(what, where="login", next="log in again; if it stays so, an admin looks at MIGRATOR_OIDC")
