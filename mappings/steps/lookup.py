"""lookup: another value for each value, from a list in the mapping or from an archived table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mappings.conversions import Value, implicit, rule
from mappings.kinds import plain
from mappings.node import Node, Scalar
from mappings.quote import identifier, literal
from mappings.scope import Audit, Scope, shown
from mappings.steps.const import constant, type_of
from mappings.steps.step import Context, Inverse, Operand, Stage, Step
from storage.errors import Misuse
from storage.schema import Kind, Type


@dataclass(frozen=True, kw_only=True)
class Otherwise:
    """What an unlisted value becomes; a lookup without it calls unlisted values a problem."""

    value: Scalar


@dataclass(frozen=True, kw_only=True)
class Lookup(Step):
    """`values` pairs the text of each old value with the new one; else `table`, `key` and `value` name columns."""

    name: ClassVar[str] = "lookup"
    values: tuple[tuple[str, Scalar], ...] = ()
    table: str = ""
    key: str = ""
    value: str = ""
    otherwise: Otherwise | None = None

    @classmethod
    def parse(cls, argument: Node, inputs: tuple[str, ...]) -> Self:
        kinds = ("values",) if any(key.text == "values" for key, _ in argument.pairs("lookup")) else ()
        fields = argument.fields("lookup", required=kinds or ("table", "key", "value"), optional=("otherwise",))
        otherwise = Otherwise(value=constant(fields["otherwise"], "otherwise")) if "otherwise" in fields else None
        if not kinds:
            table, key, value = (fields[name].string(name) for name in ("table", "key", "value"))
            return cls(line=argument.line, table=table, key=key, value=value, otherwise=otherwise)
        pairs = fields["values"].pairs("values")
        if not pairs:
            raise fields["values"].refused("values is empty", next="write old: new")
        listed = tuple((key.text, constant(value, "a value")) for key, value in pairs)
        step = cls(line=argument.line, values=listed, otherwise=otherwise)
        _common_type(step, argument)
        return step

    def compile(self, inputs: tuple[Operand, ...], scope: Scope) -> Operand:
        return self._from_values(inputs[0], scope) if self.values else self._from_table(inputs[0], scope)

    def twin(self, values: tuple[Value, ...], stage: Stage, context: Context) -> Value:
        if values[0] is None:
            return None
        try:
            return self._found(values[0], stage, context)
        except KeyError:
            if self.otherwise is None:
                raise
            return self.otherwise.value

    def inverse(self, inputs: tuple[Type, ...]) -> Inverse:
        if self.otherwise is not None:
            return Inverse(step=None, why="several values may have become `otherwise`")
        if self.table:
            turned = Lookup(table=self.table, key=self.value, value=self.key)
            return Inverse(step=turned, why=f"if {self.table}.{self.value} is never twice the same")
        texts = [value for _, value in self.values]
        if len(set(texts)) < len(texts) or None in texts or not all(isinstance(text, str) for text in texts):
            return Inverse(step=None, why="several values become the same, or one that is not text")
        back = tuple((str(new), _typed(old, inputs[0].kind)) for old, new in self.values)
        return Inverse(step=Lookup(values=back))

    def looked_up(self) -> tuple[tuple[str, str], ...]:
        return ((self.table, self.key), (self.table, self.value)) if self.table else ()

    def describe(self) -> str:
        return f"lookup in {self.table}" if self.table else f"lookup of {len(self.values)} values"

    def _from_values(self, operand: Operand, scope: Scope) -> Operand:
        old = scope.bind(operand)
        keys = [literal(_key(text, operand.type.kind)) for text, _ in self.values]
        cases = " ".join(f"WHEN {key} THEN {literal(value)}" for key, (_, value) in zip(keys, self.values, strict=True))
        otherwise = f"WHEN {old.sql} IS NOT NULL THEN {literal(self.otherwise.value)}" if self.otherwise else ""
        type_ = _common_type(self, None)
        simple = f"CASE {old.sql} {cases} END"
        listed = f"{old.sql} IN ({', '.join(keys)})"
        value = f"CASE WHEN {listed} THEN {simple} {otherwise} END" if otherwise else simple
        return self._checked(Operand(sql=value, type=type_), old, listed, scope)

    def _from_table(self, operand: Operand, scope: Scope) -> Operand:
        key_type, value_type = (self._column(name, scope.stage) for name in (self.key, self.value))
        old = scope.bind(scope.convert(operand, key_type))
        key, value = identifier(self.key), identifier(self.value)
        table = f"src.{identifier(self.table)}"
        # one row per key whatever the table holds: the audit says when it holds more
        rows = f"SELECT {key} AS key, [first({value})] AS found FROM {table} WHERE {key} IS NOT NULL GROUP BY {key}"
        scope.audits.append(
            Audit(
                sql=f"SELECT CAST({key} AS VARCHAR) AS shown FROM {table} WHERE {key} IS NOT NULL "
                f"GROUP BY {key} HAVING count(*) > 1",
                what=f"{self.table}.{self.key} holds a value twice: which row is meant is not decided",
                next="look up by a column that is unique",
            )
        )
        # a list of one tells a row that is not there (NULL) from one whose value is NULL ([NULL])
        found = scope.join(rows, f"joined.key = {old.sql}", "joined.found", value_type)
        new = Operand(sql=f"{found.sql}[1]", type=value_type)
        if self.otherwise:
            other = Operand(sql=literal(self.otherwise.value), type=type_of(self.otherwise.value))
            fallback = other if self.otherwise.value is None else scope.convert(other, value_type)
            case = f"CASE WHEN {old.sql} IS NOT NULL AND {found.sql} IS NULL THEN {fallback.sql} ELSE {new.sql} END"
            return Operand(sql=case, type=value_type)
        return self._checked(new, old, f"{found.sql} IS NOT NULL", scope)

    def _checked(self, new: Operand, old: Operand, found: str, scope: Scope) -> Operand:
        if self.otherwise:
            return new
        return scope.checked(
            scope.bind(new),
            failed=f"{old.sql} IS NOT NULL AND NOT ({found})",
            shown=shown(old),
            what="unmapped value",
            next="add it to the lookup, or say what becomes of the others with otherwise",
        )

    def _column(self, name: str, stage: Stage) -> Type:
        if (self.table, name) not in stage.columns:
            raise Misuse(
                f"lookup names an unknown column {self.table}.{name}", next="use a table and columns of the archive"
            )
        return stage.columns[self.table, name]

    def _found(self, value: Value, stage: Stage, context: Context) -> Value:
        if self.table:
            key_type = self._column(self.key, stage)
            conversion = implicit(stage.inputs[0], key_type)
            converted = conversion.twin(value, stage.inputs[0], key_type) if conversion else None
            return context.lookup(self.table, self.key, self.value, converted)
        kind = stage.inputs[0].kind
        listed = {_key(text, kind): new for text, new in self.values}
        return listed[value]  # type: ignore[index]


def _key(text: str, kind: Kind) -> Scalar:
    """A listed old value as a value of the input's kind; Misuse if it never could be one."""
    value = _typed(text, kind)
    if value is None:
        raise Misuse(
            f"the lookup lists {text!r}, which is never equal to a {kind}",
            next=f"write a value a {kind} column holds, or cast to text before the lookup",
        )
    return value


def _typed(text: str, kind: Kind) -> Scalar:
    conversion = rule(plain(Kind.TEXT), plain(kind))
    if kind not in (Kind.INTEGER, Kind.BOOLEAN):
        return text if kind in (Kind.TEXT, Kind.LITERAL, Kind.UUID, Kind.JSON) else None
    try:
        return conversion.twin(text, plain(Kind.TEXT), plain(kind)) if conversion else None  # type: ignore[return-value]
    except ValueError:
        return None


def _common_type(step: Lookup, argument: Node | None) -> Type:
    values = [value for _, value in step.values] + ([step.otherwise.value] if step.otherwise else [])
    kinds = {type_of(value).kind for value in values if value is not None}
    if kinds == {Kind.INTEGER, Kind.FLOAT}:
        return plain(Kind.FLOAT)
    if len(kinds) > 1:
        what = f"the new values are of several kinds: {', '.join(sorted(kinds))}"
        raise argument.refused(what, next="quote all of them") if argument else Misuse(what)
    return plain(kinds.pop() if kinds else Kind.TEXT)
