"""Reports as real runs leave them: a migration that is green with reservations, a red one, rollbacks, an empty one."""

from __future__ import annotations

from dataclasses import replace

from migrator.outcomes import (
    Admission,
    ArchivedTable,
    Change,
    Check,
    ColumnFate,
    Difference,
    Equation,
    Forecast,
    RehearsalBefore,
    RunReport,
    ScopeProof,
    SealParts,
    SlowerStep,
    SourceCost,
    StepTiming,
    TableComparison,
    Verdict,
    Verification,
)
from storage.problem import Problem

EMPTY = RunReport(
    run="20261122T011758-rehearsal-3f2a",
    kind="rehearsal",
    number=1,
    verdict=Verdict.RED,
    plan="ruche-exit",
    tenant="Société Générale des Eaux Vives",
    seal="6b1d9c2e0f7a4d53b8e21a90c4475f6e8d3b0a1c2e5f49786a7b8c9d0e1f2a3b",
    archive="file:///srv/archives/eaux-vives-20261121T220000Z-1a2b3c4d",
    archive_fingerprint="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    fence={},
    source="sqlite:///ruche.db",
    target="sqlite:///agora.db",
    tool="migrator 0.1.0",
    started_at="2026-11-22T01:17:58Z",
    finished_at="2026-11-22T01:18:31Z",
)

VERIFICATION = Verification(
    verdict=Verdict.GREEN,
    compared=5_391,
    different=0,
    not_compared=("sequences of agora.db: they only advance",),
    tables=(
        TableComparison(
            table="accounts", expected=118, actual=118, compared=118, different=0, columns=("id", "email", "created_at")
        ),
        TableComparison(
            table="profiles", expected=119, actual=119, compared=119, different=0, columns=("id", "display_name", "bio")
        ),
        TableComparison(
            table="entries",
            expected=5_154,
            actual=5_154,
            compared=5_154,
            different=0,
            columns=("id", "kind", "parent_id", "body"),
            not_compared=("search_text: filled by a trigger of the target",),
        ),
    ),
    checks=(
        Check(name="foreign keys", passed=True, detail="9 keys, no orphan"),
        Check(name="uniqueness", passed=True),
        Check(name="an ordinary INSERT finds a free key", passed=True, detail="4 tables"),
        Check(name="files", passed=None, detail="the target holds no files outside its tables"),
    ),
)

GREEN = replace(
    EMPTY,
    run="20261122T021500-migration-91c4",
    kind="migration",
    number=1,
    verdict=Verdict.GREEN,
    fence={"kind": "sqlite-read-transaction", "token": "data_version=41", "taken_at": "2026-11-21T22:00:00Z"},
    source_cost=SourceCost(
        statements=148, longest_seconds=2.25, longest_table="posts", seconds=6.5, rows=5_391, bytes=3_145_728
    ),
    scope_proof=ScopeProof(kind="full", edges=31, summed=29, walked=4_911, guests=77),
    equations=(
        Equation(source="members", target="accounts", kind="split", archive=120, loaded=117, kept=1, rejected=2),
        Equation(source="members", target="profiles", kind="split", archive=120, loaded=118, rejected=2),
        Equation(source="groups", target="spaces", kind="1:1", archive=14, loaded=14),
        Equation(source="posts", target="entries", kind="union", archive=1_204, loaded=1_198, excluded=6),
        Equation(source="comments", target="entries", kind="union", archive=3_410, loaded=3_410),
        Equation(source="messages", target="entries", kind="union", archive=546, loaded=546),
        Equation(source="tags", target="labels", kind="1:1", archive=61, loaded=38, merged=23),
        Equation(source="invitations", target="invitations", kind="1:1", archive=0),
    ),
    columns=(
        ColumnFate(table="members", column="id", fate="converted", target="accounts.id", how="remap uuid5"),
        ColumnFate(table="members", column="email", fate="converted", target="accounts.email", how="sql lower(email)"),
        ColumnFate(table="members", column="full_name", fate="carried", target="profiles.display_name"),
        ColumnFate(
            table="members",
            column="birthday",
            fate="converted",
            target="profiles.birth_year",
            how="split '-' 1",
            lossy=True,
            reason="the new product keeps the year only",
        ),
        ColumnFate(table="members", column="password_hash", fate="dropped", reason="people set a new password"),
        ColumnFate(table="posts", column="body", fate="converted", target="entries.body", how="relink"),
    ),
    scope=(
        ArchivedTable(table="countries", kind="shared", path="rows that the tenant's rows point at", rows=6),
        ArchivedTable(table="companies", kind="owned", path="companies where id = 3", rows=1),
        ArchivedTable(
            table="members",
            kind="owned",
            path="members.company_id → companies.id; members.manager_id → members.id",
            rows=120,
            parents=("companies",),
            carried=1,
            stubs=2,
        ),
        ArchivedTable(
            table="posts",
            kind="owned",
            path="posts.author_id → members.id",
            rows=1_204,
            parents=("members",),
        ),
        ArchivedTable(
            table="comments", kind="owned", path="comments.post_id → posts.id", rows=3_410, parents=("posts",)
        ),
        ArchivedTable(
            table="groups", kind="owned", path="groups.company_id → companies.id", rows=14, parents=("companies",)
        ),
    ),
    excluded_tables={"audit_log": "internal log, not exportable (contract annex 3)"},
    dropped_tables={"badges": "the new product has no badges"},
    verification=VERIFICATION,
    digests={"before": f"31:{7:032x}", "after": f"5422:{0xA1B2C3D4E5F60718293A4B5C6D7E8F90:032x}"},
    notes=(
        Problem(where="members → accounts", what="rejected: no e-mail address", count=2, examples=("id=77", "id=103")),
        Problem(
            where="accounts", what="kept: an account with this address was there", examples=("claire@example.org",)
        ),
    ),
    timings=(
        StepTiming(step="map", seconds=1.42, rows=5_475, peak_bytes=91_226_112),
        StepTiming(step="stage", seconds=0.61, rows=5_442, peak_bytes=96_468_992),
        StepTiming(step="merge", seconds=0.34, rows=5_442),
        StepTiming(step="verify", seconds=2.05, rows=5_391, peak_bytes=104_857_600),
    ),
    not_run=(
        Check(name="verification from the CSV master", passed=None, detail="not asked for (--deep)"),
        Check(name="digest over whole tables", passed=None, detail="not asked for (--whole)"),
    ),
)

DIFFERENCES = (
    Difference(table="accounts", key={"id": "8b1f"}, column="email", expected=None, actual=""),
    Difference(table="accounts", key={"id": "8b20"}, column="email", expected="", actual=" "),
    Difference(
        table="profiles", key={"id": "91aa"}, column="display_name", expected="Zoé  Lefèvre ", actual="Zoé Lefèvre"
    ),
    Difference(table="profiles", key={"id": "91ab"}, column="display_name", expected="Rene\u0301", actual="René"),
    Difference(
        table="entries",
        key={"space": "5", "id": "<script>alert(1)</script>"},
        column="body",
        expected="Bonjour à toutes et à tous, " * 30 + "rendez-vous le 12 janvier",
        actual="Bonjour à toutes et à tous, " * 30 + "rendez-vous le 1 janvier",
    ),
    Difference(table="entries", key={"id": "c0ffee"}, column="", expected=None, actual=None, kind="missing"),
    Difference(table="labels", key={}, column="", expected=None, actual=None, kind="unexpected"),
)

RED = replace(
    GREEN,
    run="20261122T023011-migration-0be7",
    number=2,
    verdict=Verdict.RED,
    equations=(
        *GREEN.equations[:3],
        Equation(source="posts", target="entries", kind="union", archive=1_204, loaded=1_190, excluded=6),
        Equation(source="comments", target="entries", kind="union", archive=3_410, loaded=3_411),
    ),
    verification=replace(
        VERIFICATION,
        verdict=Verdict.RED,
        different=7,
        differences=DIFFERENCES,
        tables=(replace(VERIFICATION.tables[0], different=2, actual=117), *VERIFICATION.tables[1:]),
        checks=(
            Check(name="foreign keys", passed=False, detail="entries.parent_id: 3 orphans"),
            *VERIFICATION.checks[1:],
        ),
    ),
    problems=(
        Problem(
            where="ruche-to-agora.yaml:41 accounts.email",
            what="a row with this e-mail address is there already",
            count=3,
            examples=("claire@example.org", "a\u202eb@example.org"),
            next="choose on_match: keep or overwrite for accounts in the plan",
        ),
    ),
)

ROLLBACK_KEPT = replace(
    EMPTY,
    run="20261123T090000-rollback-77aa",
    kind="rollback",
    verdict=Verdict.RED,
    rollback={"reversed": 5_437, "kept": 4, "failed": 1},
    digests={"before_load": f"31:{7:032x}", "after": f"35:{11:032x}"},
    notes=(
        Problem(where="entries id=c0ffee", what="kept: edited since the load"),
        Problem(where="spaces id=5", what="kept: an edited row hangs on it", count=3, examples=("5", "6", "7")),
        Problem(where="accounts id=8b1f", what="failed: notifications.account_id points at it"),
    ),
)

ROLLBACK = replace(
    ROLLBACK_KEPT,
    verdict=Verdict.GREEN,
    rollback={"reversed": 5_442, "kept": 0, "failed": 0},
    digests={"before_load": f"31:{7:032x}", "after": f"31:{7:032x}"},
    notes=(),
)

FORECAST = Forecast(
    rows=5_475, seconds=4.08, lock_seconds=0.34, rollback_seconds=0.02, basis="as rehearsal 3 measured it"
)

REHEARSAL = replace(
    GREEN,
    run="20261121T231500-rehearsal-5d0c",
    kind="rehearsal",
    number=3,
    seal_parts=SealParts(plan="1a" * 32, mapping="2b" * 32, source="3c" * 32, target="4d" * 32),
    forecast=FORECAST,
    rehearsal_before=RehearsalBefore(
        run="20261114T230000-rehearsal-0f2e",
        number=2,
        verdict=Verdict.RED,
        finished_at="2026-11-14T23:04:31Z",
        changes=(
            Change(what="verdict", before="red", now="green"),
            Change(what="posts → entries, archive", before="1198", now="1204"),
        ),
        slower=(SlowerStep(step="verify", before_seconds=1.0, seconds=2.05, before_rows=5_300, rows=5_391),),
    ),
)

WAIVED = replace(
    GREEN,
    admission=Admission(waived="the board wants it tonight", missing="rehearsal 3, the last one, is red"),
    forecast=replace(FORECAST, took_seconds=5.1, took_lock_seconds=0.3),
)

SAMPLES = {
    "rehearsal": REHEARSAL,
    "waived": WAIVED,
    "green": GREEN,
    "red": RED,
    "rollback-kept": ROLLBACK_KEPT,
    "rollback": ROLLBACK,
    "empty": EMPTY,
}
