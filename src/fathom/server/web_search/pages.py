"""Pages as they were when an answer was made from them: what a citation is checked against, also years later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Row

from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import REFERRING, parts, web_pages
from fathom.server.store.text import storable
from fathom.server.web_search.reading import ReadPage
from fathom.server.web_search.sections import Section, sections_of

FRESH = 3_600_000
"""Milliseconds for which a page is not fetched again."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A row of ``web_pages``. ``fetched`` is in milliseconds; ``places`` say where pages, slides and the like begin."""

    id: str
    url: str
    final_url: str
    title: str
    text: str
    places: list[Any]
    fetched: int

    @property
    def sections(self) -> list[Section]:
        return sections_of(self.text, self.places)


class WebPages:
    """The pages of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, page: ReadPage) -> StoredPage:
        """Store a page. One with the same text that is stored already is as good, and now as fresh."""
        text = storable(page.text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        async with self._database.write() as connection:
            same = select(web_pages).where(web_pages.c.url == page.url, web_pages.c.sha256 == digest)
            row = (await connection.execute(same.limit(1))).first()
            if row is not None:
                fresh = update(web_pages).where(web_pages.c.id == row.id).values(fetched=milliseconds())
                await connection.execute(fresh)
                return _page(row)
            places = [[start, dict(place)] for start, place in page.places]
            stored = StoredPage(new_id(), page.url, page.final_url, storable(page.title), text, places, milliseconds())
            values = {name: getattr(stored, name) for name in StoredPage.__slots__}
            await connection.execute(insert(web_pages).values(**values, sha256=digest))
        return stored

    async def recent(self, url: str) -> StoredPage | None:
        """The page at ``url`` as it was within the last hour."""
        newest = (
            select(web_pages)
            .where(web_pages.c.url == url, web_pages.c.fetched > milliseconds() - FRESH)
            .order_by(web_pages.c.fetched.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(newest)).first()
        return None if row is None else _page(row)

    async def get(self, ids: Iterable[str]) -> Mapping[str, StoredPage]:
        """The stored pages among ``ids``."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(web_pages).where(web_pages.c.id.in_(list(ids))))).all()
        return {row.id: _page(row) for row in rows}

    async def remove_unused(self, before: int) -> int:
        """Delete the pages that were read before this time (in milliseconds) and that no answer cites; how many."""
        cited = select(parts.c.data["source"].as_string()).where(REFERRING, parts.c.type == "citation")
        async with self._database.read() as connection:
            held = set((await connection.execute(cited)).scalars())
            old = (await connection.execute(select(web_pages.c.id).where(web_pages.c.fetched < before))).scalars()
            unused = [id_ for id_ in old if id_ not in held]
        for start in range(0, len(unused), _BATCH):
            still = web_pages.c.id.in_(unused[start : start + _BATCH]), web_pages.c.fetched < before
            async with self._database.write() as connection:
                await connection.execute(delete(web_pages).where(*still))
        return len(unused)


def _page(row: Row[tuple[object, ...]]) -> StoredPage:
    return StoredPage(*(getattr(row, name) for name in StoredPage.__slots__))
