"""The way from the routes to the assistant, which is made in the background when the server starts.

The modules that an assistant is made of are imported in a thread: a server shows its page within a second, and routes
that come early wait a moment. Nothing here may import them.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING

from fathom.base.errors import StorageError
from fathom.server.errors import StoppingError
from fathom.server.models.registry import ModelRegistry
from fathom.server.settings import Settings

if TYPE_CHECKING:
    from fathom.server.assistant import Assistant

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
MODULE = "fathom.server.assistant"


class AssistantHandle:
    """Makes the assistant of one application once; `get` awaits it. ``made`` is None until then.

    What fails to be made (no memory, a module that an update replaces at that moment) is made again at the next `get`.
    """

    def __init__(self, settings: Settings, models: ModelRegistry) -> None:
        self.made: Assistant | None = None
        self._settings = settings
        self._models = models
        self._making: asyncio.Task[Assistant] | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closed = False

    def start(self) -> None:
        """Begin to make and open the assistant. Must be called on the event loop that will serve."""
        self._opening = asyncio.create_task(self._open())

    async def get(self) -> Assistant:
        """The assistant. What it stores may be unavailable: its parts then raise StorageError themselves."""
        if self._closed:
            raise StoppingError
        if self._making is None or _has_failed(self._making):
            self._making = asyncio.create_task(self._make())
        return await asyncio.shield(self._making)

    def end_streams(self) -> None:
        """End the open streams of events, for which a server that stops would wait."""
        if self.made is not None:
            self.made.feed.close()

    async def close(self) -> None:
        """Close the assistant, if it was made."""
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._making is not None:
            await asyncio.wait([self._making])
        if self.made is not None:
            await self.made.close()

    async def _make(self) -> Assistant:
        module = await asyncio.to_thread(importlib.import_module, MODULE)
        assistant: Assistant = module.assemble(self._settings, self._models)
        self.made = assistant
        return assistant

    async def _open(self) -> None:
        """Open the assistant, as often as it takes: meanwhile the page and the model work, and routes say why."""
        reported = ""
        while True:
            try:
                assistant = await self.get()
            except Exception as error:
                if repr(error) != reported:
                    logger.exception("the assistant cannot be made, and is tried again")
                reported = repr(error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                await assistant.open()
                return
            except StorageError as error:
                if str(error) != reported:
                    logger.error("stored conversations are unavailable: %s", error)
                reported = str(error)
            except Exception:
                logger.exception("the assistant could not be opened, and is not tried again")
                return
            await asyncio.sleep(RETRY_SECONDS)


def _has_failed(task: asyncio.Task[Assistant]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
