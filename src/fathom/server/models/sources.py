"""From a model's name to what answers: a local model, or ``MODEL@UPSTREAM``."""

from __future__ import annotations

from fathom.server.models.registry import ModelRegistry
from fathom.server.models.source import ChatSource
from fathom.server.models.upstream.service import Upstreams


class ChatSources:
    """The sources of one server. Local names come first, so that an id with an @ of its own is found."""

    def __init__(self, registry: ModelRegistry, upstreams: Upstreams) -> None:
        self._registry = registry
        self._upstreams = upstreams

    async def find(self, name: str | None) -> ChatSource:
        """The source called ``name`` (None: the served model). Raises UnknownModelError."""
        model, separator, upstream = (name or "").rpartition("@")
        if separator and model and name not in await self._registry.local_models():
            return await self._upstreams.source(model, upstream)
        return await self._registry.source(name)
