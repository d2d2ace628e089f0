"""Everything that a person can choose from: local models, recommended ones to fetch, models of upstream servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from fathom.base.errors import FathomError, StorageError
from fathom.base.memory import Memory, detect
from fathom.checkpoint.hub.registry import EMBEDDED, RECOMMENDED, Recommended
from fathom.checkpoint.resolve import received_bytes
from fathom.server.models.downloads import Download, Downloads
from fathom.server.models.local import LocalModel, Origin
from fathom.server.models.registry import USABLE, ModelRegistry
from fathom.server.models.runtime import Absent, Failed, Loading, Ready, State
from fathom.server.models.speed import SpeedFile
from fathom.server.models.upstream.service import Upstreams

Kind = Literal["local", "recommended", "upstream"]
ModelPhase = Literal["ready", "loading", "available", "downloadable", "downloading", "failed"]


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model on offer; what is unknown is None. ``progress`` in 0…1 and ``stage`` in words, of a load or a download.

    ``served``: the one that the server was started with. ``removable``: its files were fetched by Fathom.
    ``received``: bytes that an interrupted download has left, which the next one need not fetch.
    """

    id: str
    kind: Kind
    state: ModelPhase
    stage: str | None = None
    progress: float | None = None
    error: FathomError | None = None
    licence: str | None = None
    parameters: int | None = None
    bytes: int | None = None
    memory_bytes: int | None = None
    fits: bool = True
    tokens_per_second: float | None = None
    thinking: bool = False
    tools: bool = True
    vision: bool = False
    context: int | None = None
    purpose: str = ""
    languages: str = ""
    origin: Origin | None = None
    served: bool = False
    received: int = 0

    @property
    def removable(self) -> bool:
        return self.origin == "pulled" or self.received > 0


class Catalog:
    """Lists what there is, from the parts that know it."""

    def __init__(
        self,
        registry: ModelRegistry,
        downloads: Downloads,
        upstreams: Upstreams,
        speeds: SpeedFile,
        memory: Callable[[], Memory] = detect,
    ) -> None:
        self.registry = registry
        self.downloads = downloads
        self.upstreams = upstreams
        self.speeds = speeds
        self._memory = memory

    def announce(self, publish: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Publish a ``download`` event whenever a download goes on or a model is loaded or unloaded."""

        def notify(name: str) -> None:
            download = self.downloads.all.get(name)
            publish(
                "download",
                {
                    "id": name,
                    "running": download is not None and download.running,
                    "progress": download.fraction if download is not None else None,
                },
            )

        self.downloads.on_change = self.registry.on_change = notify

    async def entries(self) -> list[CatalogEntry]:
        """The served model first, then the other local ones, those to fetch by their size, and upstream ones."""
        to_fetch = await asyncio.to_thread(self._to_fetch, set())  # first: one that ends meanwhile is local then
        local = await self.registry.local_models()
        served = [] if isinstance(self.registry.served.state, Absent) else [self._served_entry()]
        rows = [*served, *(self._local_entry(model) for model in local.values())]
        known = {row.id for row in rows}
        rows += [row for row in to_fetch if row.id not in known]
        speeds, total = await asyncio.to_thread(self.speeds.all), self._memory().total
        rows = [self._with_machine(row, speeds.get(row.id), total) for row in rows]
        return rows + await self._upstream_entries()

    async def find(self, name: str) -> CatalogEntry | None:
        return next((entry for entry in await self.entries() if entry.id == name), None)

    def _served_entry(self) -> CatalogEntry:
        state = self.registry.served.state
        served = state.model if isinstance(state, Ready) else None
        name = served.name if served is not None else self.registry.served_name
        facts = RECOMMENDED.get(name.lower())
        row = CatalogEntry(name, "local", "available", origin="embedded" if name == EMBEDDED else None, served=True)
        if facts is not None:
            row = _with_description(row, facts)
        if served is not None:
            thinking = served.thinking_switch
            row = replace(row, context=served.max_context, thinking=thinking, tools=served.chat is not None)
        return _in_state(row, state)

    def _local_entry(self, model: LocalModel) -> CatalogEntry:
        facts = model.facts
        known = RECOMMENDED.get(model.id)
        row = CatalogEntry(model.id, "local", "available", origin=model.origin)
        if known is not None:
            row = _with_description(row, known)
        row = replace(
            row,
            licence=facts.license or row.licence,
            parameters=facts.parameters,
            bytes=facts.bytes,
            memory_bytes=model.memory_bytes,
            thinking=facts.thinking,
            tools=facts.chats,
            context=facts.context,
        )
        return _in_state(row, self.registry.state_of(model.id))

    def _to_fetch(self, known: set[str]) -> list[CatalogEntry]:
        recommended = [
            _with_description(CatalogEntry(model.name, "recommended", "downloadable"), model)
            for model in sorted(RECOMMENDED.values(), key=lambda model: model.download_bytes)
            if model.name not in known and model.name != EMBEDDED
        ]
        names = known | {row.id for row in recommended}
        others = [CatalogEntry(name, "recommended", "downloadable") for name in self.downloads.all if name not in names]
        return [
            _with_download(row, self.downloads.all.get(row.id), received_bytes(row.id))
            for row in (*recommended, *others)
        ]

    async def _upstream_entries(self) -> list[CatalogEntry]:
        try:
            upstreams = await self.upstreams.repository.all()
        except StorageError:  # the local models answer without a database
            return []
        return [
            CatalogEntry(
                upstream.model_id(model),
                "upstream",
                "ready",
                thinking=model.thinking,
                vision=model.vision,
                context=model.context,
            )
            for upstream in upstreams
            for model in upstream.models
        ]

    def _with_machine(self, row: CatalogEntry, speed: float | None, total: int) -> CatalogEntry:
        fits = not total or row.memory_bytes is None or row.memory_bytes <= USABLE * total
        return replace(row, tokens_per_second=speed, fits=fits)


def _with_description(row: CatalogEntry, model: Recommended) -> CatalogEntry:
    return replace(
        row,
        licence=model.license,
        parameters=model.parameters,
        bytes=model.download_bytes or None,
        memory_bytes=model.memory_bytes,
        thinking=model.thinks,
        context=model.context,
        purpose=model.purpose,
        languages=model.languages,
    )


def _in_state(row: CatalogEntry, state: State | None) -> CatalogEntry:
    if isinstance(state, Ready):
        return replace(row, state="ready")
    if isinstance(state, Loading):
        return replace(row, state="loading", stage=state.text, progress=state.fraction)
    if isinstance(state, Failed):
        return replace(row, state="failed", error=state.error)
    return row


def _with_download(row: CatalogEntry, download: Download | None, received: int) -> CatalogEntry:
    row = replace(row, received=received)
    if download is None:
        return replace(row, progress=min(received / row.bytes, 1.0) if received and row.bytes else None)
    if download.error is not None:
        return replace(row, state="failed", error=download.error)
    return replace(row, state="downloading", stage=download.text, progress=download.fraction)
