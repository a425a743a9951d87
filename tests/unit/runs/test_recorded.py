"""What becomes of a run that does not come to its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.runs.catalog import Catalog
from migrator.runs.recorded import recorded
from storage.errors import Fault, MigratorError, Misuse, Red


@pytest.mark.parametrize(
    ("raised", "took_effect", "told", "state"),
    [
        (Fault("the disk is full"), False, Fault, "failed"),
        (Red("unequal"), False, Red, "done"),
        # after a commit every fault says first that the target has changed
        (Fault("the disk is full"), True, Fault, "failed"),
        # two people roll back at once: the second is refused before anything is done, whatever the first has done
        (Misuse("this target holds no such load"), True, Misuse, "failed"),
    ],
)
def test_the_error_that_is_told(
    tmp_path: Path, raised: MigratorError, took_effect: bool, told: type[MigratorError], state: str
) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    record = catalog.start(kind="rollback", plan="p", tenant="t")
    with pytest.raises(told) as error, recorded(catalog, record, took_effect=lambda: took_effect):
        raise raised
    assert ("was committed" in error.value.what) is (took_effect and told is Fault)
    assert catalog.run(record.run_id).state == state
    catalog.close()
