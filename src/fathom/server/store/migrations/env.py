"""Alembic's environment: run the revisions on the connection that `fathom.server.store.migrate` gives."""

from __future__ import annotations

from alembic import context

from fathom.server.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
