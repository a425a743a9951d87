"""What a form of the workbench changes in a mapping's text: one passage, and nothing around it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from api.pages.workbench_desk import Desk
from mappings.flow import as_flow, flow, flow_scalar
from mappings.load import load_mapping
from mappings.node import Node, read_yaml
from mappings.passages import Passages, Path
from migrator.engine.draft.mapping import key_of, proposed_edges
from storage.errors import Misuse

STEPS = {
    "cast": "decimal(10,2)",
    "lookup": "{values: {FR: fr, GB: en}, otherwise: en}",
    "remap": "members",
    "split": '{by: " ", part: 1}',
    "join": '" "',
    "concat": '["{code}", " – ", "{name}"]',
    "relink": "[{prefix: /members/, table: members, becomes: /people/}]",
    "hash": "{keep: domain}",
}
"""What a column's chain is made of, each with an example of what it is given."""
MOST_STEPS = 5
Form = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """The text that a form makes of a version, and which passage it is about."""

    path: Path
    text: str
    what: str  # how the history calls it, where its writer says nothing


class Unsound(Misuse):
    """What a form makes of a text is no mapping; `text` is what its lines are counted in."""

    def __init__(self, error: Misuse, text: str) -> None:
        super().__init__(error.what, where=error.where, next=error.next)
        self.text = text


@dataclass(frozen=True, kw_only=True)
class ColumnForm:
    """How a target column is filled, as a form shows it: `how` is columns, const, sql, or nothing at all."""

    column: str
    how: str
    inputs: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    value: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Its steps, and room for more."""
        return (*self.steps, *((("", ""),) * max(1, 2 - len(self.steps))))[:MOST_STEPS]


def edited(desk: Desk, number: int, form: Form) -> Edit:
    """The text with what the form says of the edge of that number. Misuse where that is no mapping any more."""
    path = desk.path_of(number)
    passages = Passages.of(desk.written.text)
    edge = desk.mapping.edges[number]
    match form.get("do"):
        case "column":
            place, text = _column(passages, path, _given(form), column_form(desk, number, form.get("column", "")))
            return _sound(desk, place, text, f"{edge.target}.{form.get('column', '')}")
        case "drop":
            name = form.get("leaving", "")
            place = (*path, "dropped", name)
            return _sound(desk, place, passages.put(place, _reason(form, name)), f"{edge.source}.{name} dropped")
        case "undrop":
            name = form.get("leaving", "")
            place = (*path, "dropped", name)
            return _sound(desk, place, passages.taken(place), f"{edge.source}.{name} not dropped")
        case "edge":
            text = form.get("text", "").replace("\r\n", "\n").strip("\n")
            return _sound(desk, path, passages.put(path, text), f"{edge.source} → {edge.target}")
    raise Misuse(f"no such change: {form.get('do')!r}", where="do", next="use the page's own forms")


def edited_whole(desk: Desk, form: Form) -> Edit:
    """The same of what is about no edge: a table that goes nowhere, and an edge that is suggested for one."""
    passages, table = Passages.of(desk.written.text), form.get("table", "")
    if form.get("do") == "drop table":
        path: Path = ("dropped_tables", table)
        return _sound(desk, path, passages.put(path, _reason(form, table)), f"{table} dropped")
    return _with_suggested(desk, passages, table)


def _reason(form: Form, name: str) -> str:
    because = form.get("because", "").strip()
    if not because:
        raise Misuse("no reason is given", where=name, next="say why nobody will miss it")
    return flow_scalar(because)


def column_form(desk: Desk, number: int, column: str, form: Form | None = None) -> ColumnForm:
    """How the column is filled as it stands, or as a form that was sent says."""
    if form is not None and form.get("do") == "column":
        return replace(_given(form), column=column)
    path = (*desk.path_of(number), "columns", column)
    node = _node(read_yaml(desk.written.text, file=desk.written.file), path)
    return _form_of(column, node) if node is not None else ColumnForm(column=column, how="none")


def _form_of(column: str, node: Node) -> ColumnForm:
    if node.kind == "scalar":
        return ColumnForm(column=column, how="columns", inputs=_listed([node.text]))
    parts = {key.text: value for key, value in node.pairs(column)}
    for how in ("const", "sql"):
        if how in parts:
            value = parts[how]
            return ColumnForm(column=column, how=how, value=value.text if how == "sql" else flow(value))
    given = parts["from"]
    names = [item.text for item in given.items("from")] if given.kind == "list" else [given.text]
    steps = [step.pairs("a step")[0] for step in (parts["steps"].items("steps") if "steps" in parts else ())]
    return ColumnForm(
        column=column,
        how="columns",
        inputs=_listed(names),
        steps=tuple((name.text, flow(argument)) for name, argument in steps),
    )


# ── one column ──────────────────────────────────────────────────────────────────────────────────────────────
def _column(passages: Passages, path: Path, given: ColumnForm, before: ColumnForm) -> tuple[Path, str]:
    place = (*path, "columns", given.column)
    if given == before:  # spelled as it was, with its remarks
        return place, passages.text
    return place, passages.taken(place) if given.how == "none" else passages.put(place, written(given))


def _given(form: Form) -> ColumnForm:
    steps = ((form.get(f"step{place}", ""), form.get(f"argument{place}", "")) for place in range(MOST_STEPS))
    return ColumnForm(
        column=form.get("column", ""),
        how=form.get("how", ""),
        inputs=form.get("from", ""),
        steps=tuple(step for step in steps if step[0]),
        value=form.get("value", "").replace("\r\n", "\n").strip(),
    )


def written(given: ColumnForm) -> str:
    """As the mapping says it, on one line. Misuse where an argument is no value."""
    if given.how == "sql":
        return f"{{sql: {json.dumps(given.value, ensure_ascii=False)}}}"
    if given.how == "const":
        return f"{{const: {_constant(given.value)}}}"
    names = [flow_scalar(name) for name in _names(given.inputs)]
    if not names:
        raise Misuse("no source column is named", where=given.column, next="name one, or several with commas between")
    inputs = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    if not given.steps:
        return inputs if len(names) == 1 else f"{{from: {inputs}}}"
    steps = ", ".join(f"{{{name}: {_argument(name, argument)}}}" for name, argument in given.steps)
    return f"{{from: {inputs}, steps: [{steps}]}}"


def _argument(step: str, argument: str) -> str:
    if not argument.strip():
        return "{}"
    return as_flow(argument if step == "join" else argument.strip(), what=step)


def _constant(value: str) -> str:
    found = as_flow(value, what="const") if value else '""'
    return flow_scalar(value) if found[:1] in "{[" else found


def _names(inputs: str) -> list[str]:
    """Names with commas between; one that has a comma itself stands in quotes."""
    return [name.strip() for row in csv.reader([inputs], skipinitialspace=True) for name in row if name.strip()]


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' if "," in name or '"' in name else name for name in names)


# ── a table that goes nowhere ───────────────────────────────────────────────────────────────────────────────
def _with_suggested(desk: Desk, passages: Passages, table: str) -> Edit:
    """The edge that is suggested for a table, and how its key changes."""
    suggested = proposed_edges(desk.mapping, desk.source_tables, desk.target_tables)
    edge = next((one for one in suggested if one.source == table), None)
    if edge is None:
        raise Misuse(f"nothing is suggested for {table!r}", where="table", next="write its edge as text")
    path: Path = ("tables", edge.target, "edges")
    text = (
        passages.append(path, edge.written)
        if passages.find(path)
        else passages.put(path[:-1], "edges:\n" + _item(edge.written))
    )
    if edge.method and any(one.remap == table for one in edge.columns):
        text = Passages.of(text).put(("keys", table), key_of(edge))
    return _sound(desk, path, _with_kinds(text), f"{edge.source} → {edge.target}, as suggested")


def _item(lines: str) -> str:
    first, *rest = lines.splitlines()
    return "\n".join([f"  - {first}", *(f"    {line}" for line in rest)])


def _with_kinds(text: str) -> str:
    """Every edge of the kind that it is now."""
    mapping = load_mapping(text, file="mapping")
    for table in mapping.tables:
        for place, edge in enumerate(table.edges):
            path = ("tables", table.name, "edges", place, "kind")
            kind = "split" if len(mapping.edges_from(edge.source)) > 1 else "1:1"
            kind = "union" if len(table.edges) > 1 else kind
            if kind != edge.kind:
                text = Passages.of(text).put(path, kind) if kind != "1:1" else Passages.of(text).taken(path)
    return text


# ── what it becomes ─────────────────────────────────────────────────────────────────────────────────────────
def _sound(desk: Desk, path: Path, text: str, what: str) -> Edit:
    """Unsound where that is no mapping any more."""
    try:
        load_mapping(text, file=desk.written.file)
    except Misuse as error:
        raise Unsound(error, text) from error
    return Edit(path=path, text=text, what=what)


def _node(root: Node, path: Path) -> Node | None:
    found: Node | None = root
    for name in path:
        found = next(_under(found, name), None) if found is not None else None
    return found


def _under(node: Node, name: str | int) -> Iterator[Node]:
    if isinstance(name, int):
        yield node.items("a list")[name]
    else:
        yield from (value for key, value in node.pairs("a part") if key.text == name)
