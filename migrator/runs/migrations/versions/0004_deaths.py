"""How often in a row a run took its process along, and after which step: nobody performs such a run for ever."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("deaths", sa.Integer, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("last_step", sa.Text))


def downgrade() -> None:
    for column in ("last_step", "deaths"):
        op.drop_column("runs", column)
