"""What a server keeps: who may do what, what they did, and tenants, platforms, plans and mappings."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0005"

_MOMENT, _HASH, _ID, _NAME = sa.String(40), sa.String(64), sa.String(32), sa.String(64)
_TENANT = sa.String(200).with_variant(sa.Text(), "postgresql")
_TABLES = (
    "deliveries",
    "subscriptions",
    "documents",
    "platform_tenants",
    "platforms",
    "tenants",
    "idempotency_keys",
    "audit",
    "approvals",
    "failed_logins",
    "invitations",
    "token_grants",
    "tokens",
    "sessions",
    "account_grants",
    "accounts",
    "run_changes",
)


def upgrade() -> None:
    op.add_column("runs", sa.Column("asked_by", sa.String(254)))
    op.add_column("runs", sa.Column("answer", sa.JSON(none_as_null=True)))
    _changes()
    _accounts()
    _tokens()
    _doing()
    _registry()
    _notices()


def _changes() -> None:
    op.create_table(
        "run_changes",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("run_id", sa.String(80), sa.ForeignKey("runs.run_id", ondelete="CASCADE"), nullable=False),
        sa.Column("tenant", _TENANT, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("plan", _NAME, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("verdict", sa.String(10)),
        sa.Column("at", _MOMENT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_changes_run_id", "run_changes", ["run_id"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", _ID, primary_key=True),
        sa.Column("login", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("issuer", sa.String(400)),
        sa.Column("subject", sa.String(255)),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("disabled_at", _MOMENT),
        sa.UniqueConstraint("issuer", "subject", name="uq_accounts_issuer_subject"),
    )
    op.create_table(
        "account_grants",
        sa.Column("account_id", _ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tenant", _TENANT, primary_key=True),
        sa.Column("role", sa.String(10), primary_key=True),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", _HASH, primary_key=True),
        sa.Column(
            "account_id", _ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("hash", _HASH, primary_key=True),
        sa.Column("account_id", _ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE")),
        sa.Column("grants", sa.JSON, nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
    )
    op.create_table(
        "failed_logins",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("login", _HASH, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
    )
    op.create_index("ix_failed_logins_login_at", "failed_logins", ["login", "at"])
    op.create_index("ix_failed_logins_address_at", "failed_logins", ["address", "at"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("token_id", _ID, primary_key=True),
        sa.Column("hash", _HASH, nullable=False, unique=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("made_by", sa.String(254), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT),
        sa.Column("used_at", _MOMENT),
    )
    op.create_table(
        "token_grants",
        sa.Column("token_id", _ID, sa.ForeignKey("tokens.token_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tenant", _TENANT, primary_key=True),
        sa.Column("role", sa.String(10), primary_key=True),
    )


def _doing() -> None:
    op.create_table(
        "approvals",
        sa.Column("approval_id", _ID, primary_key=True),
        sa.Column("tenant", _TENANT, nullable=False, index=True),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("plan", _NAME, nullable=False),
        sa.Column("seal", _HASH),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(32), nullable=False),
        sa.Column("asked_by_name", sa.String(254), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("is_granted", sa.Boolean),
        sa.Column("decided_by", sa.String(32)),
        sa.Column("decided_by_name", sa.String(254)),
        sa.Column("decided_at", _MOMENT),
        sa.Column("words", sa.Text),
        sa.Column("tried_at", _MOMENT),
        sa.Column("begun_at", _MOMENT),
        sa.Column("failure", sa.JSON(none_as_null=True)),
        sa.Column("run_id", sa.String(80)),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("hash", _HASH, nullable=False),
        sa.Column("tenant", _TENANT, nullable=False, index=True),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("digest", _HASH, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False, index=True),
    )


def _registry() -> None:
    op.create_table(
        "tenants",
        sa.Column("tenant", _TENANT, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
    )
    op.create_table(
        "platforms",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("changed_by", sa.String(254), nullable=False),
    )
    op.create_table(
        "platform_tenants",
        sa.Column("name", _NAME, sa.ForeignKey("platforms.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("tenant", _TENANT, primary_key=True),
    )
    op.create_table(
        "documents",
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("tenant", _TENANT, primary_key=True),
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("written_at", _MOMENT, nullable=False),
        sa.Column("written_by", sa.String(254), nullable=False),
    )


def _notices() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("tenant", _TENANT, nullable=False),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.String(254), nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("subscription", _NAME, sa.ForeignKey("subscriptions.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("notice", sa.String(80), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("said", sa.Text, nullable=False),
    )
    op.create_index("ix_deliveries_state_due_at", "deliveries", ["state", "due_at"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)
    op.drop_column("runs", "answer")
    op.drop_column("runs", "asked_by")
