"""python -m tests.fidelity: measure, and write docs/fidelity.md."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.fidelity.databases import of_mariadb, of_postgres, of_sqlite
from tests.fidelity.document import DOCUMENT, rendered
from tests.servers import mariadb, postgres

with tempfile.TemporaryDirectory() as name:
    folders = [Path(name) / database for database in ("postgres", "mariadb", "sqlite")]
    for folder in folders:
        folder.mkdir()
    with postgres.running() as server:
        measurements = [of_postgres(server, folders[0])]
    with mariadb.running() as server:
        measurements.append(of_mariadb(server, folders[1]))
    measurements.append(of_sqlite(folders[2]))
DOCUMENT.write_text(rendered([(one.title, list(one.cases.values())) for one in measurements]), encoding="utf-8")
