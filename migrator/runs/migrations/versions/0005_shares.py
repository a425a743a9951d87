"""Steps of a run that several workers share, and the workers that have nothing else to do."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "shares",
        sa.Column("run_id", sa.String(80), sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("beat_at", sa.String(40)),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("handed", sa.JSON, nullable=False),
    )
    op.create_table(
        "idle_workers",
        sa.Column("worker", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.String(40), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("idle_workers")
    op.drop_table("shares")
