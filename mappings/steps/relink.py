"""relink: links inside a text lead to the new keys; a link to a row that is not carried stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value, rule
from mappings.kinds import TEXTUAL, plain
from mappings.node import Node
from mappings.quote import identifier, literal
from mappings.scope import ROW, Scope, Severity
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from mappings.steps.text import as_text, text_of
from storage.errors import Misuse
from storage.schema import Kind, Type

_TEXT = plain(Kind.TEXT)
_UUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_KEYS = {Kind.INTEGER: r"[0-9]+\b", Kind.UUID: rf"{_UUID}\b"}
_WORD = "[A-Za-z0-9_-]+"  # greedy: what follows it is never a word character


@dataclass(frozen=True, kw_only=True)
class Link:
    """`prefix` followed by a key of `table` becomes `becomes` followed by its new key."""

    prefix: str
    table: str
    becomes: str


@dataclass(frozen=True, kw_only=True)
class Relink(Step):
    """`links` with the longest prefix first: where two match, the longer one is meant."""

    name: ClassVar[str] = "relink"
    links: tuple[Link, ...]

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        links: list[Link] = []
        for item in argument.items("relink"):
            fields = item.fields("a link", required=("prefix", "table"), optional=("becomes",))
            prefix = fields["prefix"].string("prefix")
            if any(link.prefix == prefix for link in links):
                raise item.refused(f"prefix {prefix!r} is listed twice", next="a link leads to one table")
            becomes = fields["becomes"].string("becomes") if "becomes" in fields else prefix
            links.append(Link(prefix=prefix, table=fields["table"].string("table"), becomes=becomes))
        return cls(line=argument.line, links=tuple(sorted(links, key=lambda link: -len(link.prefix))))

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        text = scope.bind(as_text(inputs[0], scope))
        pattern = literal(self._pattern(scope.stage))
        helper = self._helper(scope.own_rows(f"regexp_extract_all({text.sql}, {pattern})"), text, scope)
        on = f"joined.{ROW} = layered.{ROW}"
        found = scope.join(helper, on, "struct_pack(links := joined.links, dangling := joined.dangling)", _TEXT).sql
        links = f"list_transform(list_sort(struct_extract({found}, 'links')), lambda link: link.new)"
        dangling = f"struct_extract({found}, 'dangling')"
        pieces = f"string_split_regex({text.sql}, {pattern})"
        woven = f"list_transform(list_zip({pieces}, {links}), lambda pair: pair[1] || coalesce(pair[2], ''))"
        untouched = f"WHEN struct_extract({found}, 'links') IS NULL THEN {text.sql}"
        rewritten = Operand(sql=f"CASE {untouched} ELSE array_to_string({woven}, '') END", type=_TEXT)
        return scope.checked(
            rewritten,
            failed=f"{dangling} IS NOT NULL",
            shown=dangling,
            what="a link leads to a row that is not carried and stays as it is",
            next="nothing, if it led nowhere before",
            severity=Severity.NOTE,
        )

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        text = text_of(values[0], stage.inputs[0])

        def rewritten(found: re.Match[str]) -> str:
            link = self._link(found[0], stage)
            try:
                return link.becomes + _new_key(found[0][len(link.prefix) :], link.table, stage, context)
            except (KeyError, ValueError):
                return found[0]

        return None if text is None else re.sub(self._pattern(stage), rewritten, text, flags=re.ASCII)

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        back = [Link(prefix=link.becomes, table=link.table, becomes=link.prefix) for link in self.links]
        if len({link.prefix for link in back}) < len(back):
            return Inverse(step=None, why="links to several tables became the same form")
        ordered = tuple(sorted(back, key=lambda link: -len(link.prefix)))
        why = "over the crosswalk turned around, if no text held a link of the new form before"
        return Inverse(step=Relink(links=ordered), why=why)

    def tables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(link.table for link in self.links))

    def describe(self) -> str:
        return f"links to {', '.join(self.tables())} rewritten"

    def _pattern(self, stage: Stage) -> str:
        return "|".join(_form(link, stage) for link in self.links)

    def _link(self, found: str, stage: Stage) -> Link:
        return next(link for link in self.links if re.fullmatch(_form(link, stage), found, re.ASCII))

    def _helper(self, rows: str, text: Operand, scope: Scope) -> str:
        """One row per row that holds a link: its links in order, rewritten, and the first that leads nowhere.

        Only the links travel through join and aggregation, never the texts around them, and they are put in order
        afterwards: an ordered aggregate could not leave memory. 4 million texts with links take 192 MB and 11 seconds.
        """
        cases = " ".join(
            f"WHEN regexp_full_match(link, {literal(_form(link, scope.stage))}) THEN {number}"
            for number, link in enumerate(self.links)
        )
        lengths = " ".join(f"WHEN {number} THEN {len(link.prefix)}" for number, link in enumerate(self.links))
        becomes = " ".join(f"WHEN {number} THEN {literal(link.becomes)}" for number, link in enumerate(self.links))
        held = " OR ".join(f"contains({text.sql}, {literal(link.prefix)})" for link in self.links)
        found = (
            f"SELECT {ROW}, unnest(value) AS link, generate_subscripts(value, 1) AS place "
            f"FROM ({rows} WHERE {held}) AS holding"
        )
        numbered = f"SELECT *, CASE {cases} END AS number FROM ({found}) AS found"
        keyed = f"SELECT *, substr(link, CASE number {lengths} END + 1) AS key FROM ({numbered}) AS numbered"
        known = " UNION ALL ".join(
            f"SELECT {number} AS number, CAST(old AS VARCHAR) AS old, CAST(new AS VARCHAR) AS new "
            f"FROM xw.{identifier(link.table)}"
            for number, link in enumerate(self.links)
        )
        new = f"coalesce(CASE keyed.number {becomes} END || known.new, keyed.link)"
        return (
            f"SELECT {ROW}, list(struct_pack(place := place, new := {new})) AS links, "
            f"min(CASE WHEN known.new IS NULL THEN keyed.link END) AS dangling "
            f"FROM ({keyed}) AS keyed LEFT JOIN ({known}) AS known "
            f"ON known.number = keyed.number AND known.old = keyed.key GROUP BY {ROW}"
        )


def _form(link: Link, stage: Stage) -> str:
    if link.table not in stage.crosswalks:
        raise Misuse(f"{link.table!r} has no crosswalk", next=f"add it under keys: {link.table}: {{method: uuid5}}")
    kind = stage.crosswalks[link.table].old.kind
    if kind not in TEXTUAL | {Kind.INTEGER}:
        raise Misuse(f"{link.table} has {kind} keys, which links do not hold", next="leave it out of relink")
    # re.escape would write what RE2 does not read: only what is special to both is escaped
    prefix = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", link.prefix)
    return f"{prefix}{_KEYS.get(kind, _WORD)}"


def _new_key(key: str, table: str, stage: Stage, context: Context) -> str:
    types = stage.crosswalks[table]
    conversion = rule(_TEXT, types.old)
    old = conversion.twin(key, _TEXT, types.old) if conversion else key
    if text_of(old, types.old) != key:
        raise KeyError(key)
    new = text_of(context.crosswalk(table, old), types.new)
    if new is None:
        raise KeyError(key)
    return new
