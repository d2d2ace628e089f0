"""The schema of a new database, of a migrated one, and of one from a later version."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from fathom.base.errors import StorageError
from fathom.server.store.migrate import bring_up_to_date, create, revision_of, upgrade
from fathom.server.store.revisions import LATEST


def description(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that a migration could get wrong."""
    inspector = inspect(connection)
    names = [name for name in inspector.get_table_names() if not name.startswith("search_index_")]
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)},
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(map(str, inspector.get_indexes(name))),
        }
        for name in names
        if name != "alembic_version"
    }


def others(connection: Connection) -> list[str]:
    """What SQLite has beside tables and indexes."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' OR sql LIKE 'CREATE VIRTUAL%' ORDER BY name"
    return list(connection.execute(text(query)).scalars())


def test_the_migrations_make_the_schema():
    with create_engine("sqlite://").begin() as new, create_engine("sqlite://").begin() as migrated:
        create(new)
        upgrade(migrated)
        assert description(migrated) == description(new)
        assert others(migrated) == others(new)
        assert len(others(new)) == 2
        assert revision_of(migrated) == revision_of(new) == LATEST


def test_a_database_from_the_future_is_refused():
    with create_engine("sqlite://").begin() as connection:
        create(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StorageError, match=r"later version of Fathom \(schema 9999.*; update Fathom"):
            bring_up_to_date(connection)
