"""The plan: one YAML file that names source, tenant, scope, store, mapping and target of a migration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mappings.located import Node, parse
from storage.errors import Misuse

Scalar = str | int | float | bool | None
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")

FOREIGN_POLICIES = ("carry", "stub", "null")
MATCH_POLICIES = ("error", "keep", "overwrite")


@dataclass(frozen=True, kw_only=True)
class TableRoot:
    """The tenant is the rows of `table` whose columns have these values; `where` is never empty."""

    table: str
    where: tuple[tuple[str, Scalar], ...]
    at: str


@dataclass(frozen=True, kw_only=True)
class ColumnRoot:
    """The tenant is every row whose `column` has this value."""

    column: str
    value: Scalar
    at: str


@dataclass(frozen=True, kw_only=True)
class DatabaseRoot:
    """The whole database is the tenant's, and the plan says so."""

    at: str


Root = TableRoot | ColumnRoot | DatabaseRoot


@dataclass(frozen=True, kw_only=True)
class DeclaredReference:
    """A reference the source does not declare; polymorphic where `type_column` says which table is meant."""

    table: str
    columns: tuple[str, ...]
    parent: str | None = None
    parent_columns: tuple[str, ...] = ()
    type_column: str | None = None
    types: tuple[tuple[str, str], ...] = ()  # value → parent table
    at: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRule:
    """A column whose values are files, and the columns of the same row that say their name and media type."""

    table: str
    column: str
    name_column: str | None
    type_column: str | None
    at: str


@dataclass(frozen=True, kw_only=True)
class ScopeRules:
    root: Root
    shared: dict[str, str] = field(default_factory=dict)  # table → referenced | whole
    excluded: dict[str, str] = field(default_factory=dict)  # table → reason
    references: tuple[DeclaredReference, ...] = ()
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)  # table → references by their column names
    foreign: dict[str, str] = field(default_factory=dict)  # table.column → policy
    attachments: tuple[AttachmentRule, ...] = ()
    accept: dict[str, str] = field(default_factory=dict)  # table.column → reason, for lossy columns
    lines: dict[str, str] = field(default_factory=dict)  # what a name was said of → file:line


@dataclass(frozen=True, kw_only=True)
class SourcePlan:
    url: str
    scope: ScopeRules


@dataclass(frozen=True, kw_only=True)
class TargetPlan:
    url: str
    on_match: dict[str, str]  # target table → policy; "" is the default
    max_lock_s: int | None = None

    def policy(self, table: str) -> str:
        return self.on_match.get(table, self.on_match[""])


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan as read. `text` is what the seal covers: `${…}` unexpanded, so that it holds no secret."""

    name: str
    tenant: str
    file: str
    text: str
    source: SourcePlan | None
    store: str | None
    mapping: str | None
    target: TargetPlan | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def needs_source(self) -> SourcePlan:
        return self.source or self._lacks("source")

    def needs_target(self) -> TargetPlan:
        return self.target or self._lacks("target")

    def needs_mapping(self) -> str:
        return self.mapping or self._lacks("mapping")

    def _lacks(self, part: str) -> object:  # type: ignore[misc]
        raise Misuse(f"the plan names no {part}", where=self.file, next=f"add `{part}:` to the plan")


_TOP = ("plan", "tenant", "source", "store", "mapping", "target")


def load_plan(path: Path, variables: Mapping[str, str]) -> Plan:
    """Read a plan file, expanding `${NAME}` and `${NAME:-default}` from `variables`. Misuse with file:line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Misuse("no such plan file", where=str(path), next="check the path") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"cannot read the plan: {error}", where=str(path), next="name a UTF-8 text file") from error
    return read_plan(text, file=str(path), variables=variables)


def read_plan(text: str, *, file: str, variables: Mapping[str, str]) -> Plan:
    """The plan a text holds; see `load_plan`."""
    reader = _Reader(variables)
    top = parse(text, file=file).mapping(allowed=_TOP, required=("plan", "tenant"))
    return Plan(
        name=_name(top["plan"]),
        tenant=_tenant(top["tenant"]),
        file=file,
        text=text,
        source=reader.source(top["source"]) if "source" in top else None,
        store=reader.expanded(top["store"]) if "store" in top else None,
        mapping=reader.expanded(top["mapping"]) if "mapping" in top else None,
        target=reader.target(top["target"]) if "target" in top else None,
    )


def _name(node: Node) -> str:
    name = node.text()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        node.refuse(f"{name!r} cannot name a plan", "use letters, digits, dot, dash and underscore, at most 64")
    return name


def _tenant(node: Node) -> str:
    tenant = str(node.scalar() if node.scalar() is not None else "").strip()
    if not tenant:
        node.refuse("the plan names no tenant", "a tenant is always named, never defaulted: write `tenant: NAME`")
    return tenant


class _Reader:
    """Nodes to values, with `${…}` expanded where addresses and values stand."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def expanded(self, node: Node) -> str:
        def value(match: re.Match[str]) -> str:
            found = self._variables.get(match[1], match[2])
            if found is None:
                node.refuse(
                    f"the variable {match[1]} is not set", f"export {match[1]}=…, or write ${{{match[1]}:-default}}"
                )
            return found

        return _VARIABLE.sub(value, node.text())

    def _value(self, node: Node) -> Scalar:
        scalar = node.scalar()
        return self.expanded(node) if isinstance(scalar, str) else scalar

    def source(self, node: Node) -> SourcePlan:
        entries = node.mapping(allowed=("url", "scope"), required=("url", "scope"))
        return SourcePlan(url=self.expanded(entries["url"]), scope=self.scope(entries["scope"]))

    def scope(self, node: Node) -> ScopeRules:
        allowed = ("root", "shared", "excluded", "references", "paths", "foreign", "attachments", "accept")
        entries = node.mapping(allowed=allowed, required=("root",))
        lines: dict[str, str] = {}

        def table_of(name: str) -> dict[str, Node]:
            found = entries[name].mapping() if name in entries else {}
            lines.update({f"{name}.{key}": child.where for key, child in found.items()})
            return found

        return ScopeRules(
            root=self.root(entries["root"]),
            shared=_shared(entries["shared"], lines) if "shared" in entries else {},
            excluded={table: _reason(child) for table, child in table_of("excluded").items()},
            references=tuple(reference for child in _items(entries, "references") for reference in [_reference(child)]),
            paths={table: child.texts() for table, child in table_of("paths").items()},
            foreign={name: child.choice(FOREIGN_POLICIES) for name, child in table_of("foreign").items()},
            attachments=tuple(_attachment(child) for child in _items(entries, "attachments")),
            accept={name: _reason(child) for name, child in table_of("accept").items()},
            lines=lines,
        )

    def root(self, node: Node) -> Root:
        if not isinstance(node.value, dict):
            node_text = node.text()
            if node_text != "database":
                node.refuse(
                    f"{node_text!r} is no root",
                    "write {table: …, where: {…}}, {column: …, value: …}, or the word database",
                )
            return DatabaseRoot(at=node.where)
        entries = node.mapping(allowed=("table", "where", "column", "value"))
        if "column" in entries:
            node.mapping(required=("value",))
            return ColumnRoot(column=entries["column"].text(), value=self._value(entries["value"]), at=node.where)
        if "table" not in entries:
            node.refuse("the root names neither a table nor a column", "write {table: companies, where: {id: 42}}")
        where = entries["where"].mapping() if "where" in entries else {}
        if not where:
            node.refuse(
                f"the root has no where: this would take every row of {entries['table'].text()} and all below it",
                "add where: {column: value}; if everything here is this tenant's, say so with `root: database`",
            )
        return TableRoot(
            table=entries["table"].text(),
            where=tuple((column, self._value(child)) for column, child in where.items()),
            at=node.where,
        )

    def target(self, node: Node) -> TargetPlan:
        entries = node.mapping(allowed=("url", "on_match", "triggers", "max_lock_s"), required=("url",))
        if "triggers" in entries:
            entries["triggers"].choice(("refuse",))
        return TargetPlan(
            url=self.expanded(entries["url"]),
            on_match=_on_match(entries.get("on_match")),
            max_lock_s=entries["max_lock_s"].integer() if "max_lock_s" in entries else None,
        )


def _items(entries: dict[str, Node], name: str) -> list[Node]:
    return entries[name].sequence() if name in entries else []


def _reason(node: Node) -> str:
    reason = node.text().strip()
    if not reason:
        node.refuse("a reason must be given", "write why, in words the tenant can read")
    return reason


def _shared(node: Node, lines: dict[str, str]) -> dict[str, str]:
    if isinstance(node.value, list):
        found = {child.text(): "referenced" for child in node.value}
        lines.update({f"shared.{child.text()}": child.where for child in node.value})
        return found
    entries = node.mapping()
    lines.update({f"shared.{key}": child.where for key, child in entries.items()})
    return {table: child.choice(("referenced", "whole")) for table, child in entries.items()}


def _reference(node: Node) -> DeclaredReference:
    allowed = ("table", "column", "columns", "to", "type_column", "types")
    entries = node.mapping(allowed=allowed, required=("table",))
    columns = (
        entries.get("columns") or entries.get("column") or node.refuse("the reference names no column", "add column: …")
    ).texts()
    table = entries["table"].text()
    if "types" in entries:
        node.mapping(required=("type_column",))
        types = tuple((value, child.text()) for value, child in entries["types"].mapping().items())
        return DeclaredReference(
            table=table, columns=columns, type_column=entries["type_column"].text(), types=types, at=node.where
        )
    targets = node.mapping(required=("to",))["to"].texts()
    parents = {target.partition(".")[0] for target in targets}
    if len(parents) != 1 or not all("." in target for target in targets) or len(targets) != len(columns):
        entries["to"].refuse("a reference leads to columns of one table", "write `to: members.id`, one for each column")
    return DeclaredReference(
        table=table,
        columns=columns,
        parent=parents.pop(),
        parent_columns=tuple(target.partition(".")[2] for target in targets),
        at=node.where,
    )


def _attachment(node: Node) -> AttachmentRule:
    entries = node.mapping(allowed=("table", "column", "name", "type"), required=("table", "column"))
    return AttachmentRule(
        table=entries["table"].text(),
        column=entries["column"].text(),
        name_column=entries["name"].text() if "name" in entries else None,
        type_column=entries["type"].text() if "type" in entries else None,
        at=node.where,
    )


def _on_match(node: Node | None) -> dict[str, str]:
    if node is None:
        return {"": "error"}
    if isinstance(node.value, str):
        return {"": node.choice(MATCH_POLICIES)}
    found = {table: child.choice(MATCH_POLICIES) for table, child in node.mapping().items()}
    return {"": found.pop("default", "error"), **found}
