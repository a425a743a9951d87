"""Alembic's entry: it runs over the connection the catalog hands it, never over one of its own."""

from alembic import context

from migrator.runs.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
