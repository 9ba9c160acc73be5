"""How Alembic reaches the database: always through the connection it is handed."""

from __future__ import annotations

from alembic import context
from sqlalchemy import inspect

from db import fulltext, guards
from db.tables import metadata
from db.tables.base import for_postgresql

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations with `steadyhand db upgrade`, which knows the database.")

for_postgresql()
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=True,
    include_name=lambda name, kind, parents: not fulltext.is_ours(name),
)
with context.begin_transaction():
    context.run_migrations()
if inspect(connection).has_table("entry"):  # a way back to nothing leaves nothing to guard
    guards.install(connection)
