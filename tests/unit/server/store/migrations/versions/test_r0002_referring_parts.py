"""The second revision makes what `fathom.server.store.migrations.versions.r0002_referring_parts` lists."""

from __future__ import annotations

import importlib

from fathom.server.store.revisions import REVISIONS
from fathom.server.store.schema import parts


def test_it_follows_the_first_and_makes_the_index_of_the_schema():
    module = importlib.import_module("fathom.server.store.migrations.versions.r0002_referring_parts")
    assert (module.revision, module.down_revision) == (REVISIONS[1], REVISIONS[0])
    assert [index.name for index in parts.indexes] == ["ix_parts_referring"]
