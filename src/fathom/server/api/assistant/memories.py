"""``/api/memories``: what the assistant knows of its user, for the user to read, edit and delete."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, NotBlank, StrictBody, resource_router
from fathom.server.assistant_handle import AssistantHandle


class MemoryBody(StrictBody):
    text: Annotated[str, Field(min_length=1, max_length=2_000), NotBlank]


class MemoryJson(TypedDict):
    id: str
    text: str
    created: int
    updated: int


class MemoryList(TypedDict):
    data: list[MemoryJson]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.get("/memories")
    async def list_memories() -> MemoryList:
        """All memories, the one changed last first."""
        return {"data": [memory.json() for memory in await (await handle.get()).memories.list()], "next": None}

    @routes.post("/memories", status_code=201)
    async def add_memory(body: MemoryBody) -> MemoryJson:
        """Keep a memory. The same words twice are one memory."""
        return (await (await handle.get()).memories.add(body.text)).json()

    @routes.patch("/memories/{memory}")
    async def change_memory(memory: Id, body: MemoryBody) -> MemoryJson:
        """Change the text of a memory."""
        return (await (await handle.get()).memories.change(memory, body.text)).json()

    @routes.delete("/memories/{memory}", status_code=204)
    async def delete_memory(memory: Id) -> None:
        """Forget one."""
        await (await handle.get()).memories.delete(memory)

    @routes.delete("/memories", status_code=204)
    async def delete_memories() -> None:
        """Forget all."""
        await (await handle.get()).memories.clear()

    return routes
