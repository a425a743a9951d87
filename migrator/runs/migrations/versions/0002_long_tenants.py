"""A tenant's name has no longest length: SQLite never kept to one, PostgreSQL would."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _hold(sa.Text(), before=sa.String(200))


def downgrade() -> None:
    _hold(sa.String(200), before=sa.Text())


def _hold(type_: sa.types.TypeEngine[str], *, before: sa.types.TypeEngine[str]) -> None:
    if op.get_bind().dialect.name != "sqlite":
        for table in ("archives", "runs"):
            op.alter_column(table, "tenant", type_=type_, existing_type=before, existing_nullable=False)
