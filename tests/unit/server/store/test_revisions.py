"""The list of revisions is that of the migrations."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from fathom.server.store.migrate import configuration
from fathom.server.store.revisions import LATEST, REVISIONS


def test_the_list_is_that_of_the_migrations():
    script = ScriptDirectory.from_config(configuration())
    assert tuple(revision.revision for revision in script.walk_revisions())[::-1] == REVISIONS
    assert script.get_heads() == [LATEST]
