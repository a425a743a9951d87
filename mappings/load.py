"""From YAML text to a `Mapping`: structure only. Whether tables and columns exist is `check`'s question."""

from __future__ import annotations

from collections import Counter

from mappings.model import ColumnMapping, Drop, Edge, KeyRemap, Mapping, Reject, TargetTable
from mappings.nearest import nearest
from mappings.node import Node, read_yaml
from mappings.steps import STEPS, Const, Rename, Sql, Step

_VERSION = 1
_METHODS = ("uuid5", "offset", "keep")
_EDGE_KINDS = ("1:1", "split", "union")
_WRITTEN_IN_STEPS = {step.name: step for step in STEPS if step not in (Rename, Const, Sql)}


def load_mapping(text: str, *, file: str) -> Mapping:
    """The mapping in `text`; `file` is how messages name it. Misuse, at file:line, for whatever is not the language."""
    fields = read_yaml(text, file=file).fields(
        "the mapping", required=("mapping", "version", "tables"), optional=("description", "keys", "dropped_tables")
    )
    if fields["version"].integer("version") != _VERSION:
        raise fields["version"].refused(f"version {fields['version'].text} is not known", next=f"write {_VERSION}")
    return Mapping(
        name=fields["mapping"].string("the mapping's name"),
        description=fields["description"].string("description") if "description" in fields else "",
        file=file,
        text=text,
        keys=_keys(fields["keys"]) if "keys" in fields else (),
        dropped_tables=_drops(fields["dropped_tables"], "dropped_tables") if "dropped_tables" in fields else (),
        tables=_tables(fields["tables"]),
    )


def _tables(node: Node) -> tuple[TargetTable, ...]:
    tables = tuple(_table(name, table) for name, table in node.named("tables").items())
    if not tables:
        raise node.refused("tables is empty", next="name at least one target table")
    return tables


def _keys(node: Node) -> tuple[KeyRemap, ...]:
    return tuple(_key(table, remap) for table, remap in node.named("keys").items())


def _key(table: str, node: Node) -> KeyRemap:
    fields = node.fields(f"keys of {table}", required=("method",), optional=("by", "column", "target"))
    method = fields["method"].string("method")
    if method not in _METHODS:
        raise fields["method"].refused(f"unknown method {method!r}", next=nearest(method, _METHODS))
    if (method == "offset") != ("by" in fields):
        raise node.refused("`by` belongs to method offset, and offset needs it", next="{method: offset, by: 100000}")
    return KeyRemap(
        table=table,
        method=method,
        by=fields["by"].integer("by") if "by" in fields else 0,
        column=fields["column"].string("column") if "column" in fields else None,
        target=fields["target"].string("target") if "target" in fields else None,
        line=node.line,
    )


def _drops(node: Node, what: str) -> tuple[Drop, ...]:
    return tuple(
        Drop(name=name, because=reason.string(f"the reason for dropping {name}"), line=reason.line)
        for name, reason in node.named(what).items()
    )


def _table(name: str, node: Node) -> TargetTable:
    fields = node.fields(f"table {name}", required=("edges",), optional=("match",))
    match = _names(fields["match"], "match") if "match" in fields else ()
    edges = tuple(_edge(name, edge) for edge in fields["edges"].items("edges"))
    return TargetTable(name=name, match=match, edges=edges, line=node.line)


def _names(node: Node, what: str) -> tuple[str, ...]:
    names = tuple(item.string(f"a name in {what}") for item in node.items(what))
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise node.refused(f"{what} names {twice[0]!r} twice")
    return names


def _edge(target: str, node: Node) -> Edge:
    optional = ("kind", "where", "because", "reject", "dropped")
    fields = node.fields(f"an edge of {target}", required=("from", "columns"), optional=optional)
    kind = fields["kind"].string("kind") if "kind" in fields else "1:1"
    if kind not in _EDGE_KINDS:
        raise fields["kind"].refused(f"unknown kind {kind!r}", next=nearest(kind, _EDGE_KINDS))
    if ("where" in fields) != ("because" in fields):
        raise node.refused("where and because belong together", next="say which rows, and why the others stay out")
    return Edge(
        source=fields["from"].string("from"),
        target=target,
        kind=kind,
        columns=_columns(fields["columns"]),
        dropped=_drops(fields["dropped"], "dropped") if "dropped" in fields else (),
        where=fields["where"].string("where") if "where" in fields else None,
        where_line=fields["where"].line if "where" in fields else 0,
        because=fields["because"].string("because") if "because" in fields else None,
        rejects=tuple(_reject(item) for item in fields["reject"].items("reject")) if "reject" in fields else (),
        line=node.line,
    )


def _reject(node: Node) -> Reject:
    fields = node.fields("reject", required=("when", "because"))
    return Reject(when=fields["when"].string("when"), because=fields["because"].string("because"), line=node.line)


def _columns(node: Node) -> tuple[ColumnMapping, ...]:
    columns = tuple(_column(target, column) for target, column in node.named("columns").items())
    if not columns:
        raise node.refused("columns is empty", next="fill at least one target column")
    return columns


def _column(target: str, node: Node) -> ColumnMapping:
    if node.kind == "scalar":
        source = node.string(f"the source column of {target}")
        return ColumnMapping(target=target, inputs=(source,), steps=(Rename(line=node.line),), line=node.line)
    for whole in (Const, Sql):
        if any(key.text == whole.name for key, _ in node.pairs(target)):
            argument = node.fields(target, required=(whole.name,))[whole.name]
            return ColumnMapping(target=target, inputs=(), steps=(whole.parse(argument, ()),), line=node.line)
    fields = node.fields(target, required=("from",), optional=("steps",))
    source_node = fields["from"]
    inputs = _names(source_node, "from") if source_node.kind == "list" else (source_node.string("from"),)
    steps = tuple(_step(item, inputs) for item in fields["steps"].items("steps")) if "steps" in fields else ()
    _check_chain(steps, inputs, node)
    return ColumnMapping(target=target, inputs=inputs, steps=steps or (Rename(line=node.line),), line=node.line)


def _step(node: Node, inputs: tuple[str, ...]) -> Step:
    pairs = node.pairs("a step")
    if len(pairs) != 1:
        raise node.refused("a step is one name and its argument", next="write - name: argument, one step an item")
    name, argument = pairs[0]
    if name.text not in _WRITTEN_IN_STEPS:
        raise name.refused(f"unknown step {name.text!r}", next=nearest(name.text, _WRITTEN_IN_STEPS))
    return _WRITTEN_IN_STEPS[name.text].parse(argument, inputs)


def _check_chain(steps: tuple[Step, ...], inputs: tuple[str, ...], node: Node) -> None:
    if len(inputs) > 1 and not (steps and steps[0].many):
        raise node.refused("several columns need join or concat as the first step", next='add steps: [{join: " "}]')
