"""The plan: one YAML file that names source, tenant, scope, store, mapping and target of a migration."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mappings.nearest import nearest
from mappings.node import Node, read_yaml
from storage.errors import Misuse

Scalar = str | int | float | bool | None
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")

_PASSWORD = re.compile(r"://[^/\s:@$]*:[^/\s@$][^/\s@]*@")

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
        if self.source is None:
            raise self._lacks("source")
        return self.source

    def needs_target(self) -> TargetPlan:
        if self.target is None:
            raise self._lacks("target")
        return self.target

    def needs_mapping(self) -> str:
        if self.mapping is None:
            raise self._lacks("mapping")
        return self.mapping

    def _lacks(self, part: str) -> Misuse:
        return Misuse(f"the plan names no {part}", where=self.file, next=f"add `{part}:` to the plan")


_TOP = ("source", "store", "mapping", "target")


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


def read_plan(text: str, *, file: str, variables: Mapping[str, str]) -> Plan:
    """The plan a text holds; see `load_plan`."""
    _refuse_passwords(text, file)
    reader = _Reader(variables)
    top = read_yaml(text, file=file).fields("the plan", required=("plan", "tenant"), optional=_TOP)
    return Plan(
        name=_name(top["plan"]),
        tenant=_tenant(top["tenant"]),
        file=file,
        text=text,
        source=reader.source(top["source"]) if "source" in top else None,
        store=reader.expanded(top["store"], "store") if "store" in top else None,
        mapping=reader.expanded(top["mapping"], "mapping") if "mapping" in top else None,
        target=reader.target(top["target"]) if "target" in top else None,
    )


def _refuse_passwords(text: str, file: str) -> None:
    """A plan is copied, sealed and handed over: it must not hold a secret."""
    for number, line in enumerate(text.splitlines(), start=1):
        if _PASSWORD.search(line):
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


class _Reader:
    """Nodes to values, with `${…}` expanded where addresses and values stand."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def expanded(self, node: Node, what: str) -> str:
        def value(match: re.Match[str]) -> str:
            found = self._variables.get(match[1], match[2])
            if found is None:
                raise node.refused(
                    f"the variable {match[1]} is not set",
                    next=f"export {match[1]}=…, or write ${{{match[1]}:-default}}",
                )
            return found

        return _VARIABLE.sub(value, node.string(what))

    def _value(self, node: Node, what: str) -> Scalar:
        scalar = node.scalar(what)
        return self.expanded(node, what) if isinstance(scalar, str) else scalar

    def source(self, node: Node) -> SourcePlan:
        entries = node.fields("source", required=("url", "scope"))
        return SourcePlan(url=self.expanded(entries["url"], "source.url"), scope=self.scope(entries["scope"]))

    def scope(self, node: Node) -> ScopeRules:
        named = ("excluded", "paths", "foreign", "accept")
        entries = node.fields(
            "source.scope", required=("root",), optional=("shared", "references", "attachments", *named)
        )
        lines: dict[str, str] = {}
        tables: dict[str, dict[str, Node]] = {}
        for name in named:
            tables[name] = _named(entries, name)
            lines.update({f"{name}.{key}": _at(child) for key, child in tables[name].items()})
        return ScopeRules(
            root=self.root(entries["root"]),
            shared=_shared(entries, lines),
            excluded={table: child.string("the reason") for table, child in tables["excluded"].items()},
            references=tuple(_reference(child) for child in _items(entries, "references")),
            paths={table: _texts(child, "paths") for table, child in tables["paths"].items()},
            foreign={name: _policy(child) for name, child in tables["foreign"].items()},
            attachments=tuple(_attachment(child) for child in _items(entries, "attachments")),
            accept={name: child.string("the reason") for name, child in tables["accept"].items()},
            lines=lines,
        )

    def root(self, node: Node) -> Root:
        if node.kind != "mapping":
            if node.scalar("root") != "database":
                raise node.refused(
                    f"{node.text!r} is no root",
                    next="write {table: …, where: {…}}, {column: …, value: …}, or the word database",
                )
            return DatabaseRoot(at=_at(node))
        entries = node.fields("root", optional=("table", "where", "column", "value"))
        if "column" in entries:
            return self._column_root(node, entries)
        if "table" not in entries:
            raise node.refused(
                "the root names neither a table nor a column", next="write {table: companies, where: {id: 42}}"
            )
        where = entries["where"].named("root.where") if "where" in entries else {}
        if not where:
            raise node.refused(
                f"the root has no where: this would take every row of {entries['table'].text} and all below it",
                next="add where: {column: value}; if everything here is this tenant's, say so with `root: database`",
            )
        return TableRoot(
            table=entries["table"].string("root.table"),
            where=tuple((column, self._value(child, f"root.where.{column}")) for column, child in where.items()),
            at=_at(node),
        )

    def _column_root(self, node: Node, entries: dict[str, Node]) -> ColumnRoot:
        column = self.expanded(entries["column"], "root.column")
        if "value" in entries:
            return ColumnRoot(column=column, value=self._value(entries["value"], "root.value"), at=_at(node))
        name, equals, value = column.partition("=")  # the short form: `column: tenant_id=42`
        if not equals or not value:
            raise node.refused("the root names a column but no value", next="write {column: tenant_id, value: 42}")
        return ColumnRoot(column=name, value=read_yaml(value, file=node.file).scalar("root.column"), at=_at(node))

    def target(self, node: Node) -> TargetPlan:
        entries = node.fields("target", required=("url",), optional=("on_match", "triggers", "max_lock_s"))
        if "triggers" in entries:
            _choice(entries["triggers"], "target.triggers", ("refuse",))
        return TargetPlan(
            url=self.expanded(entries["url"], "target.url"),
            on_match=_on_match(entries.get("on_match")),
            max_lock_s=entries["max_lock_s"].integer("target.max_lock_s") if "max_lock_s" in entries else None,
        )


def _at(node: Node) -> str:
    return f"{node.file}:{node.line}"


def _choice(node: Node, what: str, choices: tuple[str, ...]) -> str:
    chosen = node.string(what)
    if chosen not in choices:
        raise node.refused(f"{what} cannot be {chosen!r}", next=nearest(chosen, choices))
    return chosen


def _policy(node: Node) -> str:
    """`null` reads the same with and without quotes."""
    return "null" if node.scalar("foreign") is None else _choice(node, "foreign", FOREIGN_POLICIES)


def _texts(node: Node, what: str) -> tuple[str, ...]:
    """A list of texts; a single text stands for a list of one."""
    if node.kind == "scalar":
        return (node.string(what),)
    return tuple(item.string(what) for item in node.items(what))


def _items(entries: dict[str, Node], name: str) -> tuple[Node, ...]:
    """The items of an optional list; `name: []` and `name:` say the same as leaving it out."""
    node = entries.get(name)
    if node is None or node.value in (None, ()):
        return ()
    return node.items(f"scope.{name}")


def _named(entries: dict[str, Node], name: str) -> dict[str, Node]:
    """The entries of an optional mapping; `name: {}` and `name:` say the same as leaving it out."""
    node = entries.get(name)
    return {} if node is None or node.value is None else node.named(f"scope.{name}")


def _shared(entries: dict[str, Node], lines: dict[str, str]) -> dict[str, str]:
    """Table → referenced (also the meaning of a plain list) or whole."""
    is_list = "shared" in entries and entries["shared"].kind == "list"
    tables = (
        {item.string("a shared table"): item for item in _items(entries, "shared")}
        if is_list
        else _named(entries, "shared")
    )
    lines.update({f"shared.{table}": _at(child) for table, child in tables.items()})
    if is_list:
        return dict.fromkeys(tables, "referenced")
    return {table: _choice(child, f"shared.{table}", ("referenced", "whole")) for table, child in tables.items()}


def _reference(node: Node) -> DeclaredReference:
    entries = node.fields(
        "a reference", required=("table",), optional=("column", "columns", "to", "type_column", "types")
    )
    written = entries.get("columns") or entries.get("column")
    if written is None:
        raise node.refused("the reference names no column", next="add `column: …`")
    columns, table = _texts(written, "columns"), entries["table"].string("table")
    if "types" in entries:
        node.fields("a polymorphic reference", required=("table", "type_column", "types"), optional=tuple(entries))
        types = tuple((value, child.string("types")) for value, child in entries["types"].named("types").items())
        type_column = entries["type_column"].string("type_column")
        return DeclaredReference(table=table, columns=columns, type_column=type_column, types=types, at=_at(node))
    node.fields("a reference", required=("table", "to"), optional=tuple(entries))
    targets = _texts(entries["to"], "to")
    parents = {target.partition(".")[0] for target in targets}
    if len(parents) != 1 or not all("." in target for target in targets) or len(targets) != len(columns):
        raise entries["to"].refused(
            "a reference leads to columns of one table", next="write `to: members.id`, one for each column"
        )
    return DeclaredReference(
        table=table,
        columns=columns,
        parent=parents.pop(),
        parent_columns=tuple(target.partition(".")[2] for target in targets),
        at=_at(node),
    )


def _attachment(node: Node) -> AttachmentRule:
    entries = node.fields("an attachment", required=("table", "column"), optional=("name", "type"))
    return AttachmentRule(
        table=entries["table"].string("table"),
        column=entries["column"].string("column"),
        name_column=entries["name"].string("name") if "name" in entries else None,
        type_column=entries["type"].string("type") if "type" in entries else None,
        at=_at(node),
    )


def _on_match(node: Node | None) -> dict[str, str]:
    if node is None:
        return {"": "error"}
    if node.kind == "scalar":
        return {"": _choice(node, "target.on_match", MATCH_POLICIES)}
    found = {
        table: _choice(child, f"on_match.{table}", MATCH_POLICIES)
        for table, child in node.named("target.on_match").items()
    }
    return {"": found.pop("default", "error"), **found}
