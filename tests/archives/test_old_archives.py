"""An old archive always reads: what earlier versions wrote is kept here and never written again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

from storage.archive import Archive
from storage.check import check_archive
from storage.local import LocalStore
from tests.archives.make import DOCUMENTS, EVERY_KIND, FILES, every_kind
from tests.support_archive import rows_of

STORE = LocalStore(Path(__file__).parent)
FINGERPRINT = "d3186a93f314af2fbe159fe50af3c669e7436122fdd85ef2412fd3224340859a"


def test_version_1_is_still_green() -> None:
    result = check_archive(STORE, "version-1", key=FINGERPRINT)
    assert (result.problems, result.origin_checked) == ((), True)
    script = STORE.root / "version-1" / "check-archive.sh"
    assert subprocess.run(["sh", script, "--key", FINGERPRINT], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("master", [False, True])
def test_version_1_still_has_these_rows(master: bool) -> None:
    archive = Archive.open(STORE, "version-1")
    assert archive.identity.tenant == "Société Exemple"
    for table, batch in ((EVERY_KIND, every_kind()), (DOCUMENTS, rows_of(DOCUMENTS, *FILES))):
        assert pa.Table.from_batches(archive.scan(table.name, master=master)).equals(pa.Table.from_batches([batch]))
    assert sum(batch.num_rows for batch in archive.scan("no columns", master=master)) == 2
    assert [(entry.row, entry.column, entry.name) for entry in archive.files()] == [
        ('["1"]', "content", "a.txt"),
        ('["2"]', "note", None),
    ]
    assert archive.document("schema/ddl.sql").startswith(b"CREATE TABLE documents")
