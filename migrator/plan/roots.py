"""Reading the root of a scope: by what a row is known to be the tenant's, before any reference is followed."""

from __future__ import annotations

from mappings.node import Node, read_yaml
from migrator.plan.nouns import ColumnRoot, DatabaseRoot, Root, Scalar, SchemaRoot, SeveralRoots, TableRoot
from migrator.plan.variables import Variables
from migrator.plan.written import at, texts

_WRITE = "write {table: …, where: {…}}, a list of these, {column: …, value: …}, {schema: …}, or the word database"


def read_root(node: Node, variables: Variables) -> Root:
    """The node under `source.scope.root`; Misuse with file:line."""
    if node.kind == "scalar":
        if node.scalar("root") != "database":
            raise node.refused(f"{node.text!r} is no root", next=_WRITE)
        return DatabaseRoot(at=at(node))
    if node.kind == "list":
        return _several(node, variables)
    entries = node.fields("root", optional=("table", "where", "column", "value", "schema", "others", "guessed"))
    if "column" in entries:
        return _column_root(node, variables)
    if "schema" in entries:
        return _schema_root(node, variables)
    return _table_root(node, variables)


def root_nodes(node: Node) -> tuple[Node, ...]:
    """The node of each root that is written there."""
    return node.items("root") if node.kind == "list" else (node,)


def _several(node: Node, variables: Variables) -> Root:
    roots = tuple(_table_root(child, variables) for child in node.items("root"))
    return SeveralRoots(roots=roots, at=at(node)) if len(roots) > 1 else roots[0]


def _table_root(node: Node, variables: Variables) -> TableRoot:
    entries = node.fields("root", optional=("table", "where", "guessed"))
    if "table" not in entries:
        raise node.refused(
            "the root names neither a table nor a column nor a schema", next="write {table: companies, where: {id: 42}}"
        )
    where = entries["where"].named("root.where") if "where" in entries else {}
    if not where:
        raise node.refused(
            f"the root has no where: this would take every row of {entries['table'].text} and all below it",
            next="add where: {column: value}; if everything here is this tenant's, say so with `root: database`",
        )
    return TableRoot(
        table=entries["table"].string("root.table"),
        where=tuple((column, _said(child, f"root.where.{column}", variables)) for column, child in where.items()),
        at=at(node),
    )


def _column_root(node: Node, variables: Variables) -> ColumnRoot:
    entries = node.fields("root", optional=("column", "value", "guessed"))
    column = variables.expanded(entries["column"], "root.column")
    if "value" in entries:
        return ColumnRoot(column=column, value=_said(entries["value"], "root.value", variables), at=at(node))
    name, equals, value = column.partition("=")  # the short form: `column: tenant_id=42`
    if not equals or not value:
        raise node.refused("the root names a column but no value", next="write {column: tenant_id, value: 42}")
    return ColumnRoot(column=name, value=_said(read_yaml(value, file=node.file), "root.column", variables), at=at(node))


def _schema_root(node: Node, variables: Variables) -> SchemaRoot:
    entries = node.fields("root", required=("schema",), optional=("others", "guessed"))
    others = texts(entries["others"], "root.others") if "others" in entries else ()
    return SchemaRoot(schema=variables.expanded(entries["schema"], "root.schema"), others=others, at=at(node))


def _said(node: Node, what: str, variables: Variables) -> Scalar:
    """A tenant is named by a value: what is empty would be everybody's who has none."""
    value = variables.value(node, what)
    if value in (None, ""):  # a variable may be empty, too
        raise node.refused("the root's value is empty", next="name the value that says whose the rows are")
    return value
