"""The OpenID Connect provider that vouches for people here, and what its groups may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from mappings.nearest import nearest
from mappings.node import Node, read_yaml
from migrator.access.roles import Grant, Role
from storage.errors import Misuse

_SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Whoever is in this group has this role."""

    group: str
    grant: Grant


@dataclass(frozen=True, kw_only=True)
class Provider:
    """`claim` is where it says who is in which groups, `login` what the audit calls them by, `authority` a PEM file."""

    issuer: str
    client: str
    name: str
    rules: tuple[Rule, ...]
    secret: str | None = field(default=None, repr=False)
    claim: str = "groups"
    login: str = "preferred_username"
    scopes: tuple[str, ...] = _SCOPES
    authority: str | None = None

    def grants(self, groups: Iterable[str]) -> tuple[Grant, ...]:
        """What somebody in these groups may do."""
        theirs = frozenset(groups)
        return tuple(dict.fromkeys(rule.grant for rule in self.rules if rule.group in theirs))


def read_provider(text: str, *, file: str, secret: str | None) -> Provider:
    """The provider that `text` describes, as YAML; Misuse, at file:line, for whatever does not say it."""
    fields = read_yaml(text, file=file).fields(
        "the provider",
        required=("issuer", "client", "roles"),
        optional=("name", "claim", "login", "scopes", "authority"),
    )
    given = {name: fields[name].string(name) for name in ("claim", "login", "authority") if name in fields}
    issuer = fields["issuer"].string("issuer")
    if not is_private_way(issuer):
        raise fields["issuer"].refused("not an address that keeps secrets", next="write https://…")
    return Provider(
        issuer=issuer,
        client=fields["client"].string("client"),
        name=fields["name"].string("name") if "name" in fields else urlsplit(issuer).hostname or issuer,
        rules=tuple(_rule(one) for one in fields["roles"].items("roles")),
        secret=secret or None,
        scopes=_scopes(fields["scopes"]) if "scopes" in fields else _SCOPES,
        **given,
    )


def is_private_way(url: str) -> bool:
    """Whether nobody on the way can read along: https, or this machine itself."""
    try:
        parts = urlsplit(url)
        if parts.username or parts.password or not parts.hostname:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname))
    except ValueError:
        return False


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rule(node: Node) -> Rule:
    fields = node.fields("a role", required=("group", "role", "tenant"))
    role = fields["role"].string("role")
    if role not in list(Role):
        raise fields["role"].refused(f"no role {role!r}", next=nearest(role, list(Role)))
    grant = Grant(tenant=fields["tenant"].string("tenant"), role=Role(role))
    return Rule(group=fields["group"].string("group"), grant=grant)


def _scopes(node: Node) -> tuple[str, ...]:
    scopes = tuple(one.string("a scope") for one in node.items("scopes"))
    if "openid" not in scopes:
        raise Misuse("scopes has no openid", where=f"{node.file}:{node.line}", next="add it: it names people")
    return scopes
