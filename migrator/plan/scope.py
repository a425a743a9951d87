"""Reading the scope of a plan: which rows are the tenant's, and what is said about everything else."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.node import Node
from migrator.plan.choice import choice
from migrator.plan.nouns import (
    AttachmentRule,
    DeclaredReference,
    Guess,
    ScopeRules,
)
from migrator.plan.roots import read_root, root_nodes
from migrator.plan.subjects import read_subjects
from migrator.plan.variables import Variables
from migrator.plan.written import at, named, policy, texts


def read_scope(node: Node, variables: Variables) -> ScopeRules:
    """The node under `source.scope`; Misuse with file:line."""
    by_name = ("excluded", "paths", "members", "foreign", "accept")
    entries = node.fields(
        "source.scope",
        required=("root",),
        optional=("shared", "views", "references", "attachments", "subjects", *by_name),
    )
    lines = {f"views.{child.string('a view')}": at(child) for child in _items(entries, "views")}
    tables: dict[str, dict[str, Node]] = {}
    for name in (*by_name, "subjects"):
        tables[name] = named(entries, name)
        lines.update({f"{name}.{key}": at(child) for key, child in tables[name].items()})
    return ScopeRules(
        root=read_root(entries["root"], variables),
        shared=_shared(entries, lines),
        views=tuple(dict.fromkeys(child.string("a view") for child in _items(entries, "views"))),
        excluded={table: child.string("the reason") for table, child in tables["excluded"].items()},
        references=tuple(_reference(child) for child in _items(entries, "references")),
        paths={table: () if child.value == () else texts(child, "paths") for table, child in tables["paths"].items()},
        members={table: texts(child, "members") for table, child in tables["members"].items()},
        foreign={name: policy(child) for name, child in tables["foreign"].items()},
        attachments=_attachments(entries, variables),
        accept={name: child.string("the reason") for name, child in tables["accept"].items()},
        guesses=tuple(_guesses(entries)),
        subjects=read_subjects(entries),
        lines=lines,
    )


def _items(entries: dict[str, Node], name: str) -> tuple[Node, ...]:
    """The items of an optional list; `name: []` and `name:` say the same as leaving it out."""
    node = entries.get(name)
    if node is None or node.value in (None, ()):
        return ()
    return node.items(f"scope.{name}")


def _shared(entries: dict[str, Node], lines: dict[str, str]) -> dict[str, str]:
    """Table → referenced (also the meaning of a plain list) or whole."""
    is_list = "shared" in entries and entries["shared"].kind == "list"
    tables = (
        {item.string("a shared table"): item for item in _items(entries, "shared")}
        if is_list
        else named(entries, "shared")
    )
    lines.update({f"shared.{table}": at(child) for table, child in tables.items()})
    if is_list:
        return dict.fromkeys(tables, "referenced")
    return {table: _share(child, f"shared.{table}") for table, child in tables.items()}


def _share(node: Node, what: str) -> str:
    """`referenced`, `whole`, or `{rows: …}` where more is said about the table."""
    if node.kind == "mapping":
        node = node.fields(what, required=("rows",), optional=("guessed",))["rows"]
    return choice(node, what, ("referenced", "whole"))


def _reference(node: Node) -> DeclaredReference:
    entries = node.fields(
        "a reference", required=("table",), optional=("column", "columns", "to", "type_column", "types", "guessed")
    )
    written = entries.get("columns") or entries.get("column")
    if written is None:
        raise node.refused("the reference names no column", next="add `column: …`")
    columns, table = texts(written, "columns"), entries["table"].string("table")
    if "types" in entries:
        node.fields("a polymorphic reference", required=("table", "type_column", "types"), optional=tuple(entries))
        types = tuple((value, child.string("types")) for value, child in entries["types"].named("types").items())
        type_column = entries["type_column"].string("type_column")
        return DeclaredReference(table=table, columns=columns, type_column=type_column, types=types, at=at(node))
    node.fields("a reference", required=("table", "to"), optional=tuple(entries))
    targets = texts(entries["to"], "to")
    parents = {target.rpartition(".")[0] for target in targets}  # sales.orders.id: a table may lie in a schema
    if len(parents) != 1 or not all("." in target for target in targets) or len(targets) != len(columns):
        raise entries["to"].refused(
            "a reference leads to columns of one table", next="write `to: members.id`, one for each column"
        )
    return DeclaredReference(
        table=table,
        columns=columns,
        parent=parents.pop(),
        parent_columns=tuple(target.rpartition(".")[2] for target in targets),
        at=at(node),
    )


def _guesses(entries: dict[str, Node]) -> Iterator[Guess]:
    """Each entry that still says `guessed`, at its line."""
    shared = entries.get("shared")
    said = [("root", child) for child in root_nodes(entries["root"])]
    said += [("reference", child) for child in _items(entries, "references")]
    if shared is not None and shared.kind == "mapping":
        said += [(f"{table} is shared", child) for table, child in shared.named("scope.shared").items()]
    for entry, node in said:
        if node.kind == "mapping" and "guessed" in (fields := node.named(entry)):
            why = fields.pop("guessed")
            yield Guess(entry=_entry(entry, fields), why=why.string("guessed"), at=at(why))


def _entry(entry: str, fields: dict[str, Node]) -> str:
    """An entry as messages name it: a reference by its columns and where they lead."""
    if entry != "reference":
        return entry
    columns = "+".join(texts(fields.get("columns") or fields["column"], "columns"))
    to = fields["to"] if "to" in fields else fields["type_column"]
    return f"{fields['table'].text}.{columns} → {'+'.join(texts(to, 'to'))}"


def _attachments(entries: dict[str, Node], variables: Variables) -> tuple[AttachmentRule, ...]:
    rules: dict[str, AttachmentRule] = {}
    for child in _items(entries, "attachments"):
        rule = _attachment(child, variables)
        if known := rules.get(rule.label):
            raise child.refused(f"{rule.label} is declared twice", next=f"keep one; the first is at {known.at}")
        rules[rule.label] = rule
    return tuple(rules.values())


def _attachment(node: Node, variables: Variables) -> AttachmentRule:
    entries = node.fields(
        "an attachment", required=("table", "column"), optional=("name", "type", "size", "hash", "base", "max_bytes")
    )
    if "max_bytes" in entries and "base" not in entries:
        raise entries["max_bytes"].refused("max_bytes bounds what is fetched, and nothing is", next="add `base: …`")

    def column(name: str) -> str | None:
        return entries[name].string(name) if name in entries else None

    return AttachmentRule(
        table=entries["table"].string("table"),
        column=entries["column"].string("column"),
        name_column=column("name"),
        type_column=column("type"),
        size_column=column("size"),
        hash_column=column("hash"),
        base=variables.address(entries["base"], "base", may_lead_below=True) if "base" in entries else None,
        most=_most(entries["max_bytes"]) if "max_bytes" in entries else AttachmentRule.most,
        at=at(node),
    )


def _most(node: Node) -> int:
    bytes_ = node.integer("max_bytes")
    if bytes_ < 1:
        raise node.refused(f"max_bytes is {bytes_}", next="write how many bytes a file may have")
    return bytes_
