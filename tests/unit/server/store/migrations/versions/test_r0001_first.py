"""The first revision makes what `fathom.server.store.migrations.versions.r0001_first` lists, in both databases."""

from __future__ import annotations

import importlib

from fathom.server.store.revisions import REVISIONS


def test_it_is_the_first_and_knows_both_databases():
    module = importlib.import_module("fathom.server.store.migrations.versions.r0001_first")
    assert (module.revision, module.down_revision) == (REVISIONS[0], None)
    assert set(module.SEARCH_INDEX) == {"sqlite", "postgresql"}
