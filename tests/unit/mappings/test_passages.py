"""One passage of a mapping is changed; remarks, order and spelling of all the others stay as somebody wrote them."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.flow import as_flow, flow, flow_scalar
from mappings.load import load_mapping
from mappings.node import read_yaml
from mappings.passages import Passages
from storage.errors import Misuse

SHIPPED = ("ruche-to-agora.yaml", "sakila-mariadb-to-postgresql.yaml", "shop-to-boutique.yaml")
TEXT = """\
mapping: m  # its name
version: 1
tables:
  # people first
  persons:
    edges:
      - from: people
        columns:
          id: id  # as it was
          name:
            from: name  # how they call themselves
            steps:
              - cast: text
          mood: {from: mood, steps: [{lookup: {values: {calm: quiet}}}]}

  # and what they say
  remarks:
    edges:
      - {from: notes, columns: {id: id, text: text}}
"""
EDGE = ("tables", "persons", "edges", 0)


def put(path: tuple[str | int, ...], value: str, text: str = TEXT) -> str:
    return Passages.of(text).put(path, value)


def test_a_column_is_rewritten_and_the_rest_stays() -> None:
    assert put((*EDGE, "columns", "id"), "{const: 1}") == TEXT.replace("id: id  #", "id: {const: 1}  #")
    assert put((*EDGE, "columns", "name"), "other") == TEXT.replace(
        "name:\n            from: name  # how they call themselves\n            steps:\n              - cast: text\n",
        "name: other\n",
    )
    nested = ("tables", "remarks", "edges", 0, "columns", "text")
    assert put(nested, "{sql: lower(text)}") == TEXT.replace("text: text}}", "text: {sql: lower(text)}}}")


def test_what_was_not_there_is_added_after_what_is() -> None:
    added = put((*EDGE, "columns", "age"), "{from: age, steps: [{cast: integer}]}")
    line = "          mood: {from: mood, steps: [{lookup: {values: {calm: quiet}}}]}\n"
    assert added == TEXT.replace(line, f"{line}          age: {{from: age, steps: [{{cast: integer}}]}}\n")
    dropped = put((*EDGE, "dropped", "a b: c"), '"of no use"')
    (drop,) = load_mapping(dropped, file="m").edges[0].dropped
    assert (drop.name, drop.because) == ("a b: c", "of no use")
    again = put((*EDGE, "dropped", "d"), "no", dropped)
    assert [drop.name for drop in load_mapping(again, file="m").edges[0].dropped] == ["a b: c", "d"]
    table = put(("tables", "more"), "edges:\n  - from: x\n    columns:\n      a: b")
    assert load_mapping(table, file="m").table("more").edges[0].source == "x"
    assert "  # and what they say\n  remarks:" in table
    remark = put((*EDGE, "columns", "z"), "z", TEXT.split("          name:")[0])
    assert remark.endswith("id: id  # as it was\n          z: z\n")


def test_an_edge_is_taken_out_and_put_back_as_lines_of_its_own() -> None:
    written = Passages.of(TEXT).written(EDGE)
    assert written is not None and written.startswith(
        "from: people\ncolumns:\n  id: id  # as it was\n  name:\n    from"
    )
    assert put(EDGE, written) == TEXT
    changed = put(EDGE, written.replace("id: id", "id: number"))
    assert changed == TEXT.replace("id: id  #", "id: number  #")
    flowing = ("tables", "remarks", "edges", 0)
    assert Passages.of(TEXT).written(flowing) == "{from: notes, columns: {id: id, text: text}}"


def test_what_is_taken_leaves_nothing_empty_behind() -> None:
    with_drop = put((*EDGE, "dropped", "x"), "y")
    assert "dropped" not in Passages.of(with_drop).taken((*EDGE, "dropped", "x"))
    columns = ("tables", "remarks", "edges", 0, "columns")
    assert "columns: {text: text}" in Passages.of(TEXT).taken((*columns, "id"))
    assert "columns: {id: id}" in Passages.of(TEXT).taken((*columns, "text"))
    assert Passages.of(TEXT).taken((*columns, "none")) == TEXT
    assert "mood" not in Passages.of(TEXT).taken((*EDGE, "columns", "mood"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_column_of_a_real_mapping_can_be_changed_alone(name: str) -> None:
    text = files("mappings").joinpath("catalog", name).read_text(encoding="utf-8")
    passages, mapping = Passages.of(text), load_mapping(text, file=name)
    for table in mapping.tables:
        for number, edge in enumerate(table.edges):
            path = ("tables", table.name, "edges", number)
            written = passages.written(path)
            assert written is not None and passages.put(path, written) == text
            for column in edge.columns:
                changed = load_mapping(passages.put((*path, "columns", column.target), "{const: x}"), file=name)
                differing = [
                    new.target
                    for old_edge, new_edge in zip(mapping.edges, changed.edges, strict=True)
                    for old, new in zip(old_edge.columns, new_edge.columns, strict=True)
                    if (old.inputs, old.describe()) != (new.inputs, new.describe())
                ]
                assert differing == [column.target]


def test_what_others_repeat_is_spelled_out_for_them() -> None:
    text = """\
mapping: m
version: 1
tables:
  a:
    edges:
      - from: x
        columns:
          one: {from: one, steps: &clean [{cast: text}, {split: {by: "/", part: 1}}]}
          two:
            from: two
            steps: &linked
              - relink:
                  - {prefix: "/x/", table: x}  # ours
          three: {from: three, steps: *linked}
          four: {from: four, steps: *clean}
"""
    place = ("tables", "a", "edges", 0, "columns")
    changed = put((*place, "two"), "two", text)
    assert 'three: {from: three, steps: [{relink: [{prefix: "/x/", table: x}]}]}' in changed
    assert "four: {from: four, steps: *clean}" in changed
    assert load_mapping(put((*place, "one"), "one", text), file="m").edges[0].columns[3].describe()
    assert '"/"' in Passages.of(text).taken((*place, "one"))


def test_an_item_is_added_to_a_list() -> None:
    item = "from: others\ncolumns:\n  id: id"
    found = load_mapping(Passages.of(TEXT).append(("tables", "persons", "edges"), item), file="m")
    assert [edge.source for edge in found.table("persons").edges] == ["people", "others"]
    flowing = TEXT.replace(
        "edges:\n      - {from: notes, columns: {id: id, text: text}}", "edges: [{from: n, columns: {id: id}}]"
    )
    found = load_mapping(
        Passages.of(flowing).append(("tables", "remarks", "edges"), "{from: m, columns: {a: b}}"), file="m"
    )
    assert [edge.source for edge in found.table("remarks").edges] == ["n", "m"]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12))
def test_any_name_and_reason_can_be_written(text: str) -> None:
    name, reason = f"n{text}", f"r{text}"
    changed = put((*EDGE, "dropped", name), flow_scalar(reason))
    (drop,) = load_mapping(changed, file="m").edges[0].dropped
    assert (drop.name, drop.because) == (name, reason)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_mapping_on_one_line_says_the_same(name: str) -> None:
    text = files("mappings").joinpath("catalog", name).read_text(encoding="utf-8")
    node = read_yaml(text, file=name)
    assert read_yaml(flow(node), file=name).plain() == node.plain()


def test_what_somebody_types_for_a_value() -> None:
    assert as_flow("decimal(10,2)", what="cast") == '"decimal(10,2)"'
    assert as_flow('" "', what="join") == '" "'
    assert as_flow("{by: '/', part: -1}", what="split") == '{by: "/", part: -1}'
    assert as_flow("to be, or not", what="const") == '"to be, or not"'
    with pytest.raises(Misuse):
        as_flow("{by: ", what="split")
