"""A snapshot's rows on their last way into the archive: masked, counted, and held to what keys promise."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from migrator.engine.classify import OWNED, SHARED
from migrator.engine.masks.key import MaskKey
from migrator.engine.masks.masking import Masking, Place, label, masking
from migrator.engine.masks.methods import Values
from migrator.engine.masks.promises import Promises
from migrator.engine.masks.sorting import in_order
from migrator.engine.scope import Resolved, Scope, TableScope
from migrator.engine.workbench import Workbench
from migrator.plan import ColumnRoot, Plan, ScopeRules, root_rows
from migrator.plan.masking import MaskRules
from storage.archive import Archive
from storage.identity import Masked as Statement
from storage.model import Model, TableModel
from storage.problem import Problem
from storage.schema import Kind, Schema, Table, Type
from storage.types import Variant, arrow_schema, to_text

REPORT = "reports/masking.json"
"""Where a masked archive says what was done; others have none."""

_NAMING = frozenset({Kind.TEXT, Kind.VARIANT, Kind.LITERAL, Kind.UUID, Kind.INTEGER, Kind.DECIMAL})
"""Kinds of values by which a plan may call its tenant."""


@dataclass(frozen=True, kw_only=True)
class MaskedColumn:
    """One column: by which method, with which other column's rule, and how many of its values are others now."""

    table: str
    column: str
    method: str
    rule: str  # table.column the rule names
    changed: int


@dataclass(frozen=True, kw_only=True)
class MaskingReport:
    """What was masked, as the archive and answers say it; `kept` and `unmasked` are columns as `table.column`."""

    rules_sha256: str
    key_fingerprint: str
    columns: tuple[MaskedColumn, ...]
    kept: tuple[str, ...]
    unmasked: tuple[str, ...]  # they may hold words, and no rule names them
    named: tuple[str, ...]  # a value of them is how the plan calls the tenant or itself: it stands in the archive

    @property
    def content(self) -> bytes:
        """REPORT."""
        return (json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n").encode()


def masked_columns(archive: Archive) -> dict[str, str]:
    """The method of each masked column, by `table.column`."""
    if archive.identity.masked is None:
        return {}
    report = json.loads(archive.document(REPORT))
    return {f"{column['table']}.{column['column']}": column["method"] for column in report["columns"]}


@dataclass(frozen=True, kw_only=True)
class Masker:
    """What masks a snapshot: the rules, and the key."""

    rules: MaskRules
    key: MaskKey


def masked_by(masker: Masker | None, bench: Workbench, schema: Schema, resolved: Resolved, plan: Plan) -> Masked:
    """The masking of one snapshot. Misuse, with file:line, where the rules do not fit what leaves."""
    if masker is None:
        found, statement = Masking(), None
    else:
        found = masking(masker.rules, masker.key, schema, resolved.classified, resolved.rules)
        statement = Statement(
            rules_sha256=masker.rules.sha256, key_fingerprint=masker.key.fingerprint, columns=len(found.masks)
        )
    classes = resolved.classified.classes
    held = [table for table in schema.tables if classes[table.name] in (OWNED, SHARED)]
    return Masked(found, Promises(bench, found, resolved.classified, held), resolved.rules, plan, statement)


class Masked:
    """Masks what passes; a snapshot without rules passes as it is, and `statement` is None."""

    def __init__(
        self, masking: Masking, promises: Promises, rules: ScopeRules, plan: Plan, statement: Statement | None
    ) -> None:
        self._masking = masking
        self._promises = promises
        self._rules = rules
        words = (plan.tenant.lower(), plan.name.lower())
        self._words = pa.array([tag + word for tag in ("", Variant.TEXT, Variant.INTEGER) for word in words])
        self.statement = statement
        self._changed: dict[Place, int] = {}
        self._named: set[Place] = set()

    def attachments(self, rules: ScopeRules) -> ScopeRules:
        """The scope without the files that do not leave. Misuse as `Masking.attachments`."""
        return self._masking.attachments(rules)

    def columns(self, table: str) -> set[str]:
        """Those of the table that are masked."""
        return set(self._masking.of(table))

    # ── rows ────────────────────────────────────────────────────────────────────────────────────────────────
    def described(self, table: Table) -> Table:
        """The table as the archive describes it."""
        return self._masking.described(table)

    def passing(self, table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches of one reading of the table, masked; what an earlier reading of it counted is forgotten.

        Misuse or Red where a column, as its values type it, is not what its method masks.
        """
        masks = {name: mask.of(table, table.column(name)) for name, mask in self._masking.of(table.name).items()}
        self._promises.forget(table)
        self._changed.update({(table.name, name): 0 for name in masks})
        yield from in_order(table, masks, self._masked(table, masks, batches))

    def _masked(
        self, table: Table, masks: dict[str, Values], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            masked = self._batch(table, masks, batch) if masks else batch
            self._promises.watch(table, masked)
            yield masked

    def _batch(self, table: Table, masks: dict[str, Values], batch: pa.RecordBatch) -> pa.RecordBatch:
        arrays = []
        for name, values in zip(table.column_names, batch.columns, strict=True):
            made = masks[name](values) if name in masks else values
            if name in masks:
                self._count((table.name, name), table.column(name).type, values, made)
            arrays.append(made)
        return pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(table))

    def _count(self, place: Place, type_: Type, values: pa.Array, made: pa.Array) -> None:
        equal = pc.fill_null(pc.equal(made, values), False)
        self._changed[place] += len(values) - values.null_count - pc.sum(equal, min_count=0).as_py()
        if type_.kind in _NAMING and pc.any(pc.is_in(pc.utf8_lower(to_text(values, type_)), self._words)).as_py():
            self._named.add(place)

    def broken(self, scope: Scope) -> tuple[Problem, ...]:
        """Keys that are not unique any more, and references that lead nowhere since: nothing else is archived."""
        return tuple(self._promises.broken(scope))

    # ── what is said beside the rows ────────────────────────────────────────────────────────────────────────
    def scope(self, scope: Scope) -> Scope:
        """The scope without the values by which the plan names the tenant, where these are masked."""
        return replace(scope, tables=tuple(replace(table, path=self._path(table)) for table in scope.tables))

    def _path(self, table: TableScope) -> str:
        root, path = self._rules.root, table.path
        named = [said for one in root_rows(root) if one.table == table.name for said in one.where]
        if isinstance(root, ColumnRoot):
            named.append((root.column, root.value))
        masked = {
            f"{column} = {value}": column for column, value in named if (table.name, column) in self._masking.masks
        }
        for said in sorted(masked, key=len, reverse=True):  # one may begin as another does
            path = path.replace(said, f"{masked[said]} = (masked)")
        return path

    def model(self, model: Model) -> Model:
        """The model without the expressions of columns that hold masked values instead, and without views' texts."""
        if self.statement is None:
            return model
        return replace(model, tables=tuple(map(self._table_model, model.tables)), views=())

    def _table_model(self, table: TableModel) -> TableModel:
        computed = tuple(one for one in table.generated if (table.table, one.column) not in self._masking.masks)
        return replace(table, generated=computed)

    @property
    def report(self) -> MaskingReport | None:
        """What was done; None where nothing is masked."""
        if self.statement is None:
            return None
        return MaskingReport(
            rules_sha256=self.statement.rules_sha256,
            key_fingerprint=self.statement.key_fingerprint,
            columns=tuple(self._columns()),
            kept=tuple(map(label, self._masking.kept)),
            unmasked=tuple(map(label, self._masking.unmasked)),
            named=tuple(sorted(map(label, self._named))),
        )

    def _columns(self) -> Iterator[MaskedColumn]:
        for (table, column), mask in self._masking.masks.items():
            rule, changed = mask.rule, self._changed.get((table, column), 0)
            yield MaskedColumn(table=table, column=column, method=rule.method, rule=rule.label, changed=changed)
