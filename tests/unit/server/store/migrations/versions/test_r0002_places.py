"""What the second revision adds to rows of the first."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from fathom.server.store.migrate import upgrade
from fathom.server.store.migrations.versions import r0002_places

PAGE = """INSERT INTO web_pages (id, url, final_url, title, text, sha256, fetched)
    VALUES ('a', 'u', 'u', 't', 'x', 's', 1)"""


def test_a_page_that_was_stored_before_has_no_places():
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection, r0002_places.down_revision)
        connection.execute(text(PAGE))
        upgrade(connection, r0002_places.revision)
        assert connection.execute(text("SELECT id, text, places FROM web_pages")).all() == [("a", "x", "[]")]
