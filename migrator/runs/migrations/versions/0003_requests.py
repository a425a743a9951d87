"""What a run was asked for, so that it can be resumed anywhere, and how far it is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("runs", sa.Column("request", sa.JSON))
    op.add_column("runs", sa.Column("attempt", sa.Integer, nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("worker", sa.Text))
    op.add_column("runs", sa.Column("heartbeat_at", sa.String(40)))
    op.add_column("runs", sa.Column("progress", sa.JSON))
    op.add_column("runs", sa.Column("waived", sa.Text))


def downgrade() -> None:
    for column in ("waived", "progress", "heartbeat_at", "worker", "attempt", "request"):
        op.drop_column("runs", column)
