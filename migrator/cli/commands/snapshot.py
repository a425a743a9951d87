"""migrator snapshot PLAN"""

from __future__ import annotations

from dataclasses import asdict

from migrator.cli.options import Json, PlanFile
from migrator.cli.output import print_json, stderr, stdout
from migrator.cli.progress import shown


def command(plan: PlanFile, json: Json = False) -> None:
    """Read the tenant's data at one point in time into a sealed, proven archive; prints its location."""
    from migrator.wiring import service

    with shown() as progress:
        served = service(progress)
        run, taken = served.snapshot(served.plan(plan))
    sealed = taken.sealed
    if json:
        print_json(
            {
                "run": run.run_id,
                "archive": sealed.location,
                "tenant": taken.identity.tenant,
                "fence": taken.identity.fence,
                "rows": sealed.rows,
                "bytes": sealed.bytes,
                "fingerprint": sealed.fingerprint,
                "tables": [{"name": part.table.name, "rows": part.rows} for part in sealed.tables],
                "proof": asdict(taken.proof),
            }
        )
        return
    stdout.print(sealed.location, markup=False)
    stderr.print(f"{sealed.rows} rows, {sealed.bytes} bytes; proven complete along {len(taken.proof.edges)} edges")
    stderr.print(f"write down the signing key's fingerprint: {sealed.fingerprint}")
