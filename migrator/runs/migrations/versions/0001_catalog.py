"""Archives, runs and their reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "archives",
        sa.Column("archive_id", sa.String(200), primary_key=True),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("fence", sa.JSON, nullable=False),
    )
    op.create_index("ix_archives_tenant", "archives", ["tenant"])
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(80), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("verdict", sa.String(10)),
        sa.Column("source", sa.Text),
        sa.Column("archive", sa.Text),
        sa.Column("target", sa.Text),
        sa.Column("seal", sa.String(64)),
        sa.Column("of_run", sa.String(80), sa.ForeignKey("runs.run_id")),
        sa.Column("plan_file", sa.Text),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("finished_at", sa.String(40)),
        sa.Column("error", sa.JSON),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("process", sa.Integer, nullable=False),
        sa.UniqueConstraint("plan", "kind", "number", name="uq_runs_plan_kind_number"),
    )
    op.create_index("ix_runs_plan", "runs", ["plan"])
    op.create_table(
        "reports",
        sa.Column("run_id", sa.String(80), sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("format", sa.String(10), primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for table in ("reports", "runs", "archives"):
        op.drop_table(table)
