"""How Alembic reaches the store: on the connection it is handed, or as SQL text."""

from __future__ import annotations

from alembic import context

import orchestration.operations.database  # noqa: F401  loads every table
from orchestration.operations.base import Base

connection = context.config.attributes.get("connection")
if connection is not None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
else:
    context.configure(
        url=context.config.get_main_option("sqlalchemy.url"),
        target_metadata=Base.metadata,
        literal_binds=True,
    )
with context.begin_transaction():
    context.run_migrations()
