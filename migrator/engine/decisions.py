"""What a load decided, kept beside its run: which live rows it matched, and the crosswalks it really used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from mappings.model import Mapping
from mappings.quote import identifier as quoted
from migrator.contracts import Staged
from migrator.engine.prepare import Prepared, decided_exists, materialise, prepare
from migrator.engine.workbench import Workbench
from migrator.outcomes import Progress, silent
from storage.archive import Archive
from storage.described import built
from storage.problem import Problem
from storage.schema import Schema
from storage.system import translated

_NOTES = "notes.json"


def save_decisions(prepared: Prepared, folder: Path, notes: Sequence[Problem] = ()) -> None:
    """Write the decisions and the crosswalks beside the run, for a verification that cannot look them up any more.

    `notes` is what was told of them. What an earlier attempt decided is forgotten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.iterdir():
        earlier.unlink()
    (folder / _NOTES).write_text(json.dumps([asdict(note) for note in notes]), encoding="utf-8")
    for staged in prepared.tables:
        if decided_exists(prepared.workbench, staged):
            _write(
                prepared,
                f"SELECT * FROM decided.{quoted(staged.table.name)}",
                folder / f"decided-{_file(prepared, staged)}",
                {"table": staged.table.name},
            )
    for i, crosswalk in enumerate(prepared.compiled.crosswalks):
        about = {name: getattr(crosswalk, name) for name in ("table", "column", "target", "target_column")}
        _write(prepared, f"SELECT * FROM xw.{quoted(crosswalk.table)}", folder / f"crosswalk-{i}.parquet", about)


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


def as_decided(
    workbench: Workbench,
    archive: Archive,
    mapping: Mapping,
    target: Schema,
    folder: Path,
    *,
    master: bool = False,
    progress: Progress = silent,
) -> Prepared:
    """What the load of that folder prepared, materialised: nothing is looked up in a target that may hold it by now."""
    prepared = prepare(workbench, archive, mapping, target, master=master, progress=progress)
    with translated(folder):
        restore_decisions(prepared, folder)
    materialise(prepared, progress=progress)
    return prepared


def decided_notes(folder: Path) -> tuple[Problem, ...]:
    """What was told of the decisions that lie there."""
    told = json.loads((folder / _NOTES).read_text(encoding="utf-8"))
    return tuple(built(Problem, note, _NOTES) for note in told)


def _file(prepared: Prepared, staged: Staged) -> str:
    return f"{prepared.tables.index(staged)}.parquet"


def _write(prepared: Prepared, query: str, path: Path, about: dict[str, str]) -> None:
    """`about` says what it is: whoever only reads it has no mapping that is compiled."""
    schema = prepared.workbench.arrow_schema(query).with_metadata(about)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in prepared.workbench.batches(query):
            writer.write_batch(batch)
