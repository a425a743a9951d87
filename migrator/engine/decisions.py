"""What a load decided, kept beside its run: which live rows it matched, and the crosswalks it really used."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from mappings.quote import identifier as quoted
from migrator.contracts import Staged
from migrator.engine.prepare import Prepared, decided_exists


def save_decisions(prepared: Prepared, folder: Path) -> None:
    """Write the decisions and the crosswalks beside the run, for a verification that cannot look them up any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for staged in prepared.tables:
        if decided_exists(prepared.workbench, staged):
            _write(
                prepared,
                f"SELECT * FROM decided.{quoted(staged.table.name)}",
                folder / f"decided-{_file(prepared, staged)}",
            )
    for i, crosswalk in enumerate(prepared.compiled.crosswalks):
        _write(prepared, f"SELECT * FROM xw.{quoted(crosswalk.table)}", folder / f"crosswalk-{i}.parquet")


def restore_decisions(prepared: Prepared, folder: Path) -> None:
    """Put back what `save_decisions` wrote: the crosswalk a load really used."""
    bench = prepared.workbench
    bench.schema("decided")
    for staged in prepared.tables:
        path = folder / f"decided-{_file(prepared, staged)}"
        if path.exists():
            file = pq.ParquetFile(path)
            bench.ingest("decided", staged.table.name, file.iter_batches(), file.schema_arrow)
    for i, crosswalk in enumerate(prepared.compiled.crosswalks):
        file = pq.ParquetFile(folder / f"crosswalk-{i}.parquet")
        bench.ingest("xw", crosswalk.table, file.iter_batches(), file.schema_arrow)


def _file(prepared: Prepared, staged: Staged) -> str:
    return f"{prepared.tables.index(staged)}.parquet"


def _write(prepared: Prepared, query: str, path: Path) -> None:
    with pq.ParquetWriter(path, prepared.workbench.arrow_schema(query), compression="zstd") as writer:
        for batch in prepared.workbench.batches(query):
            writer.write_batch(batch)
