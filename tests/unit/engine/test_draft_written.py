"""A draft as a plan file: whatever names and values a source holds, the plan reads back as it was proposed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migrator.engine.draft import Draft, written
from migrator.engine.draft.proposal import (
    ProposedPolymorphic,
    ProposedReference,
    ProposedRoot,
    ProposedShared,
    ProposedType,
    Share,
    TenantTable,
    Undecided,
)
from migrator.plan import ColumnRoot, Plan, TableRoot, read_plan

SHARE = Share(found=2, values=3, whole=False)
# `${` is a variable wherever values stand, and what looks like an address with a password is refused in every plan
NAMES = st.text(min_size=1).filter(lambda text: text.strip() and "$" not in text and "://" not in text)


def read(draft: Draft) -> Plan:
    return read_plan(written(draft), file="plan.yaml", variables={"SOURCE_URL": "sqlite:///a.db"})


def draft_of(name: str, value: str | int) -> Draft:
    """One of everything, all of it called so."""
    return Draft(
        platform="sqlite",
        tables=3,
        tenant=name,
        root=ProposedRoot(table=name, column=name, value=value, guessed=name),
        tenant_tables=(TenantTable(table=name, column=name, reached=1, of=2, rows="1", examples=(name, name)),),
        references=(
            ProposedReference(
                table=name,
                columns=(name, "b"),
                parent=name,
                parent_columns=("a", "b"),
                why=name,
                share=SHARE,
                others=(name,),
            ),
        ),
        polymorphic=(
            ProposedPolymorphic(
                table=name,
                column=name,
                type_column=name,
                types=(ProposedType(value=name, parent=name, share=SHARE),),
                unknown=(name,),
            ),
        ),
        shared=(ProposedShared(table=name, rows=name, pointing=(name,)),),
        owned={name: name},
        unclassified=(Undecided(table=name, seen=name),),
        notes=(name,),
    )


@given(NAMES, st.one_of(NAMES, st.integers(-(1 << 63), (1 << 63) - 1)))
def test_any_name_and_any_value_read_back(name: str, value: str | int) -> None:
    plan = read(draft_of(name, value))
    scope = plan.needs_source().scope
    assert plan.tenant == name.strip()
    assert isinstance(scope.root, TableRoot)
    assert (scope.root.table, scope.root.where) == (name, ((name, value),))
    several, typed = scope.references
    assert (several.table, several.columns, several.parent_columns) == (name, (name, "b"), ("a", "b"))
    assert several.parent == name
    assert (typed.columns, typed.type_column, typed.types) == ((name,), name, ((name, name),))
    assert scope.shared == {name: "referenced"}
    assert len(scope.guesses) == 4 and scope.guesses[0].why == name


def test_a_column_root_reads_back() -> None:
    draft = Draft(platform="sqlite", tables=1, tenant="t", root=ProposedRoot(table=None, column="tenant_id", value="7"))
    root = read(draft).needs_source().scope.root
    assert isinstance(root, ColumnRoot) and (root.column, root.value) == ("tenant_id", "7")


def test_a_plan_is_named_after_its_tenant() -> None:
    named = {tenant: read(draft_of(tenant, 1)).name for tenant in ("Mécanique & Fils", "دار", "x" * 80)}
    assert named == {"Mécanique & Fils": "mecanique-fils-exit", "دار": "draft", "x" * 80: f"{'x' * 50}-exit"}
