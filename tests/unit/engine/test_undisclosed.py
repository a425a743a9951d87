"""What a schema says by values, which may name other tenants, stays behind; what names nobody is archived."""

from __future__ import annotations

import pytest

from migrator.engine.undisclosed import conditions_left_out, disclosed
from storage.model import Check, Index, IndexPart, Model, TableModel, View

TELLING = {"orders": {"company_id"}}


def _model(*, views: tuple[View, ...] = (), **conditions: object) -> Model:
    return Model(platform="postgresql", tables=(TableModel(table="orders", **conditions),), views=views)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("definition", "is_kept"),
    [
        ('SELECT id, "name" FROM orders JOIN t2 USING (id)', True),
        ("select `app_1`.`t`.`id` AS `id` from `app_1`.`t` where `t`.`gone` = 0", True),
        ("SELECT * FROM orders WHERE company_id = 43", False),
        ("SELECT * FROM orders WHERE company = 'globex'", False),
    ],
)
def test_a_view_with_a_value_in_it_may_be_another_tenants(definition: str, is_kept: bool) -> None:
    model = disclosed(_model(views=(View(name="orders_of_globex", definition=definition),)), TELLING)
    assert [view.name for view in model.views] == ["orders_of_globex"] * is_kept
    assert len(model.notes) == (0 if is_kept else 1)
    assert "globex" not in "".join(model.notes)


@pytest.mark.parametrize(
    ("where", "is_kept"),
    [
        ("(company_id = 43)", False),
        ("(\"company_id\" = 'globex'::text)", False),
        ("(company_id IS NOT NULL)", True),
        ("(company_id > 0)", True),
        ("(state = 'open'::text)", True),
        ("(my_company_id_43 = 7)", True),
    ],
)
def test_an_index_of_one_tenant_stays_behind(where: str, is_kept: bool) -> None:
    before = _model(indexes=(Index(name="busy", parts=(IndexPart(column="state"),), where=where),))
    after = disclosed(before, TELLING)
    assert len(after.table("orders").indexes) == is_kept
    assert bool(conditions_left_out(before, after)) is not is_kept
    assert bool(after.table("orders").notes) is not is_kept


def test_a_check_of_one_tenant_stays_behind_and_is_told() -> None:
    checks = (
        Check(name="of_one", expression="company_id <> 43 OR amount < 100"),
        Check(name="of_all", expression="amount < 100"),
    )
    before = _model(checks=checks)
    after = disclosed(before, TELLING)
    assert [check.name for check in after.table("orders").checks] == ["of_all"]
    assert conditions_left_out(before, after) == {"orders"}
    assert "1 condition" in after.table("orders").notes[0]
