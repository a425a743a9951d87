"""What a plan names must be in the source, and be what the plan takes it for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from mappings.nearest import nearest
from migrator.contracts import Scalar
from migrator.engine.roots import is_of_others, is_whole, require_schemas
from migrator.plan import ColumnRoot, DeclaredReference, SchemaRoot, ScopeRules, SubjectRules, root_rows
from storage.errors import Misuse
from storage.schema import Column, Kind, Schema, Table

_AS = {"excluded": "excluded", "members": "among the members", "paths": "led by paths of its own"}
_CONTRARY = (*combinations(("shared", "excluded", "members"), 2), ("shared", "paths"), ("excluded", "paths"))
"""What no two say of one table: only one of them would be heeded, and the rows the other means stay or leave."""


def require_known(schema: Schema, rules: ScopeRules) -> None:
    """Misuse, with the plan's line and the nearest names there are, where a schema, a table or a column is not."""
    _require_root(schema, rules)
    _require_tables(schema, rules)
    for declared in rules.references:
        _require_reference(schema, declared)
    for name in rules.foreign:
        table, label = _labelled(schema, name, rules.lines[f"foreign.{name}"])
        for column in (label,) if label in table.column_names else label.split("+"):
            _column(table, column, rules.lines[f"foreign.{name}"])
    for name in rules.accept:
        named_column(schema, name, rules.lines[f"accept.{name}"])
    for rule in rules.attachments:
        table = _table(schema, rule.table, rule.at)
        for column in rule.columns:
            _column(table, column, rule.at)
    for name, said in rules.subjects.items():
        _table(schema, name, rules.lines[f"subjects.{name}"])
        _require_subject(schema, said)


def _require_subject(schema: Schema, said: SubjectRules) -> None:
    """What is left out of a person's export by a name that nothing has would leave with it."""
    for kind, tables in (("paths", said.paths), ("shared", said.shared), ("excluded", said.excluded)):
        for name in tables:
            _table(schema, name, said.lines[f"{kind}.{name}"])
    for kind, columns in (("withheld", said.withheld), ("disclosed", said.disclosed)):
        for name in columns:
            named_column(schema, name, said.lines[f"{kind}.{name}"])


def _require_root(schema: Schema, rules: ScopeRules) -> None:
    if isinstance(rules.root, SchemaRoot):
        require_schemas(rules.root, schema)
    for root in root_rows(rules.root):
        table = _table(schema, root.table, root.at)
        for name, value in root.where:
            _require_text(_column(table, name, root.at), value, f"{table.name}.{name}", root.at)
    if isinstance(rules.root, ColumnRoot):
        for table in schema.tables:
            if (name := rules.root.column) in table.column_names:
                _require_text(table.column(name), rules.root.value, f"{table.name}.{name}", rules.root.at)


def _require_tables(schema: Schema, rules: ScopeRules) -> None:
    named: dict[str, Iterable[str]] = {
        "shared": rules.shared,
        "excluded": rules.excluded,
        "paths": rules.paths,
        "members": rules.members,
    }
    elsewhere = {key.parent for table in schema.tables for key in table.foreign_keys}
    for kind, tables in named.items():
        for name in tables:
            if kind != "excluded" or name not in elsewhere:
                _table(schema, name, rules.lines[f"{kind}.{name}"])
    for one, other in _CONTRARY:
        for name in sorted(set(named[one]) & set(named[other])):
            raise Misuse(
                f"{name} is both {one} and {_AS[other]}",
                where=rules.lines[f"{other}.{name}"],
                next="keep one of the two",
            )
    for kind in ("paths", "members"):
        for name in named[kind]:
            if is_whole(rules.root, schema.table(name), schema):
                raise Misuse(
                    f"all of {name} is the tenant's, for where it lies: scope.{kind} takes nothing away from it",
                    where=rules.lines[f"{kind}.{name}"],
                    next=f"leave scope.{kind} out; if rows of it are others', root names a row or a column instead",
                )
            if is_of_others(rules.root, schema.table(name), schema):
                raise Misuse(
                    f"{name} lies in a schema of another tenant, and none of its rows is this one's",
                    where=rules.lines[f"{kind}.{name}"],
                    next=f"name the schemas under `others` of the root without this one, or leave scope.{kind} out",
                )


def _require_reference(schema: Schema, declared: DeclaredReference) -> None:
    table = _table(schema, declared.table, declared.at)
    for column in declared.columns + ((declared.type_column,) if declared.type_column else ()):
        _column(table, column, declared.at)
    if declared.parent:
        parent = _table(schema, declared.parent, declared.at)
        for column in declared.parent_columns:
            _column(parent, column, declared.at)
    for _, name in declared.types:
        parent = _table(schema, name, declared.at)
        if len(parent.primary_key) != len(declared.columns):
            raise Misuse(
                f"{name} has no primary key of {len(declared.columns)} column(s) to point at",
                where=declared.at,
                next="declare one reference a table with `to:`",
            )


def named_column(schema: Schema, name: str, where: str) -> tuple[Table, Column]:
    """The column that the plan names as `table.column` at `where`. Misuse, with the nearest names, where it is not."""
    table, column = _labelled(schema, name, where)
    return table, _column(table, column, where)


def _labelled(schema: Schema, name: str, where: str) -> tuple[Table, str]:
    """The table of `table.column` and what follows it; a table may lie in a schema, and any name may hold a dot."""
    known = [table for table in schema.table_names if name.startswith(f"{table}.")]
    table = _table(schema, max(known, key=len, default=name.partition(".")[0]), where)
    return table, name.removeprefix(f"{table.name}.")


def _table(schema: Schema, name: str, where: str) -> Table:
    if name not in schema.table_names:
        is_view = any(view.name == name for view in schema.views)
        next_ = "it is a view: ask for its rows under scope.views" if is_view else nearest(name, schema.table_names)
        raise Misuse(f"the source has no table {name!r}", where=where, next=next_)
    return schema.table(name)


def _column(table: Table, name: str, where: str) -> Column:
    if name not in table.column_names:
        raise Misuse(f"{table.name} has no column {name!r}", where=where, next=nearest(name, table.column_names))
    return table.column(name)


def _require_text(column: Column, value: Scalar, name: str, where: str) -> None:
    """What YAML reads as a truth or a fraction was written otherwise than any text it could be made."""
    if column.type.kind is Kind.TEXT and isinstance(value, bool | float):
        raise Misuse(
            f"{name} is text, and the plan's value is none: {value!r}",
            where=where,
            next="write the value in quotes, as the source shows it",
        )
