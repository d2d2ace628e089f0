"""Alembic revisions of the schema, packaged with the server: `fathom.server.store.migrate` runs them."""
