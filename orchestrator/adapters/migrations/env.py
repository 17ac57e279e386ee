"""Run by Alembic for each migration: uses the connection it was given."""

from alembic import context

from orchestrator.adapters.migrations import tables  # noqa: F401 - every room's tables must be known
from orchestrator.core.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=False)
with context.begin_transaction():
    context.run_migrations()
