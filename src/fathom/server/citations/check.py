"""The citation parts of a finished answer, completed: what is used, what is quoted, and whether it is in the source."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from fathom.server.citations.citations import CitableSource, cite

SourceTexts = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]
"""The stored texts of sources by their ids; those that are gone are left out."""


class CitationCheck:
    """Checks citations of each kind (``web``, ``file``) against the texts that ``texts`` returns for it."""

    def __init__(self, texts: Mapping[str, SourceTexts]) -> None:
        self._texts = texts

    async def __call__(self, answer: str, parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The parts in their order, each with ``used`` and, where it is used, with what was checked."""
        sources = [
            CitableSource(part["number"], part["kind"], part["title"], part["source"], text, part["url"], part["place"])
            for part, text in zip(parts, await self._sources(parts), strict=True)
        ]
        uses = await asyncio.to_thread(cite, answer, sources)
        checked = {use.source.number: {**use.part(), "used": True} for use in uses}
        return [{**part, **checked.get(part["number"], {"used": False})} for part in parts]

    async def _sources(self, parts: Sequence[Mapping[str, Any]]) -> list[str]:
        """The text of each part's source; empty where it is gone."""
        stored: dict[str, str] = {}
        for kind, texts in self._texts.items():
            ids = {part["source"] for part in parts if part["kind"] == kind}
            stored |= await texts(ids) if ids else {}
        return [stored.get(part["source"], "") for part in parts]
