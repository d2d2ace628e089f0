"""Pages of shared conversations, kept by what they are made of.

A link may be opened by many at once, and the page of a long conversation takes a second of a processor to make.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from fathom import __version__

MOST_BYTES = 16 * 2**20
Render = Callable[[Mapping[str, Any], str, str | None], bytes]
"""Makes the page of a record, the last message to show, and a language."""


class PageCache:
    """The pages that were asked for last, ``most`` bytes at most. Of two that want the same one, one makes it."""

    def __init__(self, render: Render, most: int = MOST_BYTES) -> None:
        self._render = render
        self._most = most
        self._pages: OrderedDict[str, bytes] = OrderedDict()
        self._making: dict[str, asyncio.Task[bytes]] = {}

    async def get(self, key: str, record: Mapping[str, Any], head: str, language: str | None) -> bytes:
        """The page, which is known by ``key`` (of `page_key`)."""
        page = self._pages.get(key)
        if page is None:
            if key not in self._making:
                task = asyncio.create_task(asyncio.to_thread(self._render, record, head, language))
                task.add_done_callback(lambda done: self._finish(key, done))
                self._making[key] = task
            return await asyncio.shield(self._making[key])
        self._pages.move_to_end(key)
        return page

    def _finish(self, key: str, task: asyncio.Task[bytes]) -> None:
        del self._making[key]
        if task.cancelled() or task.exception() is not None:
            return
        self._pages[key] = task.result()
        while sum(map(len, self._pages.values())) > self._most:
            self._pages.popitem(last=False)


def page_key(record: Mapping[str, Any], head: str, language: str | None) -> str:
    """The same for the same page: a hash of all that it is made of, and of the version that makes it."""
    made_of = json.dumps([__version__, head, language, record], ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(made_of.encode()).hexdigest()[:32]
