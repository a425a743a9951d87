"""What a provider signs is believed where everything about it holds, and nowhere else."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from migrator.access.openid import Begun, Identity, OpenId
from migrator.access.provider import is_private_way, read_provider
from migrator.access.roles import EVERYWHERE, Grant, Role
from migrator.access.web import Web
from storage.errors import Fault, Misuse

ISSUER = "https://login.example.org"
DESCRIBED = f"""\
issuer: {ISSUER}
client: migrator
roles:
  - {{group: admins, role: admin, tenant: "*"}}
  - {{group: acme, role: viewer, tenant: acme}}
"""
SECRET = "of-the-program"  # noqa: S105
OURS = RSAKey.generate_key(2048, auto_kid=True)
OTHER = RSAKey.generate_key(2048, auto_kid=True)


@dataclass(frozen=True, kw_only=True)
class Answers(Web):
    """A provider that signs whatever it is told to: no real one does."""

    statement: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [OURS])
    calls_itself: str = ISSUER

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        if url.endswith("/keys"):
            return {"keys": [key.as_dict(private=False) for key in self.keys] + [{"kty": "unheard-of"}]}
        if url.endswith("/userinfo"):
            return {"sub": "somebody else", "groups": ["admins"]}
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
        return {"issuer": self.calls_itself, "jwks_uri": f"{ISSUER}/keys"} | {
            name: f"{ISSUER}/{name.partition('_')[0]}" for name in names
        }

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        return {"id_token": self.statement, "access_token": "x"}


def identity(statement: str, begun: Begun, **answer: str) -> Identity:
    provider = read_provider(DESCRIBED, file="provider.yaml", secret=None)
    openid = OpenId(provider=provider, back="https://here/back", web=Answers(statement=statement))
    return openid.identity(begun, {"state": begun.state, "code": "1", **answer})


def claims(begun: Begun, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {"iss": ISSUER, "aud": "migrator", "sub": "7", "iat": now, "exp": now + 300, "nonce": begun.nonce}
    return {name: value for name, value in {**sound, "groups": ["acme"], **changed}.items() if value is not None}


def signed(claims: dict[str, Any], key: RSAKey = OURS) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def test_who_is_vouched_for_is_known_by_what_stays() -> None:
    begun = Begun.new("/")
    found = identity(signed(claims(begun, preferred_username="ann", name="Ann", locale="fr-FR")), begun)
    assert (found.subject, found.login, found.name, found.language) == ("7", "ann", "Ann", "fr")
    assert found.groups == ("acme",)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://login.example.org.evil.example"},
        {"aud": "another-program"},
        {"aud": []},
        {"aud": ["migrator", "another-program"]},
        {"aud": ["migrator", "another-program"], "azp": "another-program"},
        {"azp": "another-program"},
        {"nonce": "of another login"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": time.time() + 3600},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 300},
        {"sub": 7},
    ],
)
def test_a_statement_that_is_not_about_this_login_is_not_believed(changed: dict[str, Any]) -> None:
    begun = Begun.new("/")
    with pytest.raises(Misuse):
        identity(signed(claims(begun, **changed)), begun)


def _unsigned(claims: dict[str, Any]) -> str:
    _, body, _ = signed(claims).split(".")
    return f"eyJhbGciOiJub25lIn0.{body}."


def _by_shared_secret(claims: dict[str, Any]) -> str:
    """The public key, which everybody has, taken for a secret."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": OURS.kid}).encode()).decode().rstrip("=")
    said = f"{head}.{signed(claims).split('.')[1]}"
    seal = hmac.digest(OURS.as_pem(private=False), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


def _by_its_own_key(claims: dict[str, Any]) -> str:
    public = OTHER.as_dict(private=False)
    return jwt.encode({"alg": "RS256", "kid": OURS.kid, "jwk": public}, claims, OTHER)


def _tampered(claims: dict[str, Any]) -> str:
    head, _, signature = signed(claims).split(".")
    return f"{head}.{signed({**claims, 'groups': ['admins']}).split('.')[1]}.{signature}"


@pytest.mark.parametrize(
    "forged",
    [_unsigned, _by_shared_secret, _by_its_own_key, _tampered, lambda found: signed(found, OTHER), lambda _: "no"],
)
def test_a_statement_that_the_provider_did_not_sign_is_not_believed(
    forged: Callable[[dict[str, Any]], str],
) -> None:
    begun = Begun.new("/")
    with pytest.raises(Misuse, match="does not hold"):
        identity(forged(claims(begun)), begun)


def test_an_answer_of_another_login_or_of_another_provider_is_refused() -> None:
    begun = Begun.new("/")
    for answer in ({"state": "é"}, {"state": ""}, {"iss": "https://elsewhere.example"}, {"code": ""}):
        with pytest.raises(Misuse):
            identity(signed(claims(begun)), begun, **answer)


def test_what_is_told_of_somebody_else_gives_nobody_a_role() -> None:
    begun = Begun.new("/")
    assert identity(signed(claims(begun, groups=None)), begun).groups == ()


def test_a_key_that_is_new_is_asked_for() -> None:
    begun = Begun.new("/")
    keys = [OTHER]
    provider = read_provider(DESCRIBED, file="provider.yaml", secret=None)
    web = Answers(statement=signed(claims(begun), OTHER), keys=keys)
    openid = OpenId(provider=provider, back="https://here/back", web=web)
    assert openid.identity(begun, {"state": begun.state, "code": "1"}).subject == "7"
    keys[:] = [OURS]
    object.__setattr__(web, "statement", signed(claims(begun)))
    assert openid.identity(begun, {"state": begun.state, "code": "1"}).subject == "7"


def test_a_provider_that_calls_itself_otherwise_is_not_used() -> None:
    provider = read_provider(DESCRIBED, file="provider.yaml", secret=None)
    web = Answers(calls_itself="https://elsewhere.example")
    with pytest.raises(Fault, match="another name"):
        OpenId(provider=provider, back="https://here/back", web=web).address(Begun.new("/"))


def test_a_cookie_holds_a_login_and_nothing_else_does() -> None:
    begun = Begun.new("/a?b=c;d=“é”")
    assert Begun.read(begun.written) == begun and begun.written.isascii()
    assert [Begun.read(written) for written in ("", "a.b.c", "a..c./", "...")] == [None] * 4


def test_groups_have_the_roles_that_are_written() -> None:
    provider = read_provider(DESCRIBED, file="provider.yaml", secret=SECRET)
    assert provider.grants(["acme", "admins", "others"]) == (
        Grant(tenant=EVERYWHERE, role=Role.ADMIN),
        Grant(tenant="acme", role=Role.VIEWER),
    )
    assert SECRET not in repr(provider)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (DESCRIBED.replace("https:", "http:"), 1),
        (DESCRIBED.replace("viewer", "emperor"), 5),
        (DESCRIBED + "scopes: [email]\n", 6),
        (DESCRIBED + "secret: x\n", 6),
    ],
)
def test_what_a_description_may_not_say_is_told_with_its_line(wrong: str, line: int) -> None:
    with pytest.raises(Misuse) as told:
        read_provider(wrong, file="provider.yaml", secret=None)
    assert told.value.where == f"provider.yaml:{line}"


def test_secrets_travel_where_nobody_reads_along() -> None:
    assert all(
        map(is_private_way, ("https://a.example/x", "http://127.0.0.1:8/", "http://[::1]/", "http://localhost/"))
    )
    others = ("http://a.example", "http://127.0.0.1.a.example", "https://u:p@a.example", "ftp://a", "https://[", "")
    assert not any(map(is_private_way, others))
    with pytest.raises(Fault, match="keeps no secrets"):
        Web().get("http://a.example/")


def test_the_description_in_the_guide_is_one() -> None:
    guide = (Path(__file__).parents[3] / "docs/access.md").read_text(encoding="utf-8")
    described = guide.split("```yaml\n")[1].split("```")[0]
    provider = read_provider(described, file="docs/access.md", secret=None)
    assert provider.grants(["acme-operators"]) == (Grant(tenant="acme", role=Role.OPERATOR),)
