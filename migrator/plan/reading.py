"""Reading a plan file: every mistake has its line, and no secret may stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mappings.node import Node, read_yaml
from migrator.contracts import DISABLE, FIRE, NO_TRIGGERS, REFUSE, ReadLimits, Triggers
from migrator.plan.age import age
from migrator.plan.choice import choice
from migrator.plan.nouns import FileRule, Plan, SourcePlan, TargetPlan
from migrator.plan.retention import read_retention
from migrator.plan.scope import read_scope
from migrator.plan.variables import Variables
from storage.errors import Misuse

_PASSWORDS = (
    re.compile(r"://[^/\s:@$]*:[^/\s@$][^/\s@]*@"),
    re.compile(r"://\S*[?&][^=&\s]*(?:passw|pwd|secret|token)[^=&\s]*=[^$&\s]", re.IGNORECASE),
)
TRIGGER_MODES = (REFUSE, FIRE, DISABLE)
MATCH_POLICIES = ("error", "keep", "overwrite")
_LIMITS = ("max_connections", "allow_brief_lock", "statement_timeout", "rows_per_second", "hold_minutes")
_TARGET = ("on_match", "triggers", "max_lock_s", "rehearsal_max_age", "attachments")
_TOP = ("source", "store", "mapping", "target", "retention")


def load_plan(path: Path, variables: Mapping[str, str]) -> Plan:
    """Read a plan file, expanding `${NAME}` and `${NAME:-default}` from `variables`. Misuse with file:line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Misuse("no such plan file", where=str(path), next="check the path") from error
    except OSError as error:
        raise Misuse(f"cannot read the plan: {error.strerror}", where=str(path), next="name a text file") from error
    except UnicodeDecodeError as error:
        raise Misuse("the plan is not UTF-8", where=str(path), next="save it as UTF-8 text") from error
    return read_plan(text, file=str(path), variables=variables)


def read_plan(text: str, *, file: str, variables: Mapping[str, str], is_confined: bool = False) -> Plan:
    """The plan a text holds; see `load_plan`. Confined, its addresses are `${NAME}` of `variables` and nothing else."""
    _refuse_passwords(text, file)
    known = Variables(known=variables, is_confined=is_confined)
    top = read_yaml(text, file=file).fields("the plan", required=("plan", "tenant"), optional=_TOP)
    return Plan(
        name=_name(top["plan"]),
        tenant=_tenant(top["tenant"]),
        file=file,
        text=text,
        source=_source(top["source"], known) if "source" in top else None,
        store=known.address(top["store"], "store", may_lead_below=True) if "store" in top else None,
        mapping=known.expanded(top["mapping"], "mapping") if "mapping" in top else None,
        target=_target(top["target"], known) if "target" in top else None,
        retention=read_retention(top["retention"]) if "retention" in top else None,
    )


def _refuse_passwords(text: str, file: str) -> None:
    """A plan is copied, sealed and handed over: it must not hold a secret."""
    for number, line in enumerate(text.splitlines(), start=1):
        if any(password.search(line) for password in _PASSWORDS):
            raise Misuse(
                "the plan holds a password",
                where=f"{file}:{number}",
                next="put the address into a variable: ${SOURCE_URL}",
            )


def _name(node: Node) -> str:
    name = node.string("plan")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise node.refused(
            f"{name!r} cannot name a plan", next="use letters, digits, dot, dash and underscore, at most 64"
        )
    return name


def _tenant(node: Node) -> str:
    tenant = str(node.scalar("tenant") if node.scalar("tenant") is not None else "").strip()
    if not tenant:
        raise node.refused(
            "the plan names no tenant", next="a tenant is always named, never defaulted: write `tenant: NAME`"
        )
    return tenant


def _source(node: Node, variables: Variables) -> SourcePlan:
    entries = node.fields("source", required=("url", "scope"), optional=_LIMITS)
    return SourcePlan(
        url=variables.address(entries["url"], "source.url"),
        scope=read_scope(entries["scope"], variables),
        limits=_limits(entries),
    )


def _limits(entries: Mapping[str, Node]) -> ReadLimits:
    def at_least(least: int, name: str) -> int | None:
        if name not in entries:
            return None
        number = entries[name].integer(f"source.{name}")
        if number < least:
            raise entries[name].refused(f"source.{name} is {number}", next=f"write a whole number of at least {least}")
        return number

    brief, hold_minutes = entries.get("allow_brief_lock"), at_least(0, "hold_minutes")
    return ReadLimits(
        max_connections=at_least(1, "max_connections") or 1,
        allow_brief_lock=brief.boolean("source.allow_brief_lock") if brief else False,
        statement_timeout_s=at_least(1, "statement_timeout"),
        rows_per_second=at_least(1, "rows_per_second"),
        hold_minutes=ReadLimits.hold_minutes if hold_minutes is None else hold_minutes,
    )


def _target(node: Node, variables: Variables) -> TargetPlan:
    entries = node.fields("target", required=("url",), optional=_TARGET)
    policies = _policies(entries.get("on_match"))
    return TargetPlan(
        url=variables.address(entries["url"], "target.url"),
        on_match={
            "": "error",
            **{table: choice(child, f"on_match.{table}", MATCH_POLICIES) for table, child in policies.items()},
        },
        lines={table: f"{child.file}:{child.line}" for table, child in policies.items() if table},
        max_lock_s=entries["max_lock_s"].integer("target.max_lock_s") if "max_lock_s" in entries else None,
        rehearsal_max_age=age(entries["rehearsal_max_age"], "target.rehearsal_max_age")
        if "rehearsal_max_age" in entries
        else TargetPlan.rehearsal_max_age,
        triggers=_triggers(entries["triggers"]) if "triggers" in entries else NO_TRIGGERS,
        attachments=_attachments(entries["attachments"], variables) if "attachments" in entries else (),
    )


def _attachments(node: Node, variables: Variables) -> tuple[FileRule, ...]:
    rules: dict[str, FileRule] = {}
    for child in node.items("target.attachments"):
        entries = child.fields("an attachment", required=("table", "column", "base"), optional=("from",))
        rule = FileRule(
            table=entries["table"].string("table"),
            column=entries["column"].string("column"),
            base=variables.address(entries["base"], "base", may_lead_below=True),
            source=entries["from"].string("from") if "from" in entries else None,
            at=f"{child.file}:{child.line}",
        )
        if known := rules.get(rule.label):
            raise child.refused(f"{rule.label} is declared twice", next=f"keep one; the first is at {known.at}")
        rules[rule.label] = rule
    return tuple(rules.values())


def _triggers(node: Node) -> Triggers:
    """`refuse`, `fire`, `disable`, or `{fire: [tables that they write]}`."""
    if node.kind == "scalar":
        return Triggers(mode=choice(node, "target.triggers", TRIGGER_MODES))
    entries = node.fields("target.triggers", required=(FIRE,))
    written = entries[FIRE].items("target.triggers.fire")
    return Triggers(mode=FIRE, writes=tuple(table.string("a table in target.triggers.fire") for table in written))


def _policies(node: Node | None) -> dict[str, Node]:
    """Table, or "" for all others, → the node that says what to do with rows the target already has."""
    if node is None:
        return {}
    if node.kind == "scalar":
        return {"": node}
    named = node.named("target.on_match")
    return {"" if table == "default" else table: child for table, child in named.items()}
