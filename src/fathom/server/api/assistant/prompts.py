"""``/api/prompts``: the library of prompts, which the composer offers after a ``/``."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, StrictBody, resource_router
from fathom.server.assistant_handle import AssistantHandle


def _typeable(name: str) -> str:
    if not re.fullmatch(r"\w[\w-]*", name):
        raise ValueError("a name is typed after a slash: use letters, digits, - and _")
    return name


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_typeable)]
Text = Annotated[str, Field(min_length=1, max_length=50_000, description="{{name}} asks for a value")]


class PromptBody(StrictBody):
    name: Name
    text: Text


class PromptChange(StrictBody):
    """Only the fields that are given change."""

    name: Name = ""
    text: Text = ""


class PromptJson(TypedDict):
    """``variables`` are the names in ``{{…}}``, in the order of the text."""

    id: str
    name: str
    text: str
    created: int
    updated: int
    variables: list[str]


class PromptList(TypedDict):
    data: list[PromptJson]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.get("/prompts")
    async def list_prompts() -> PromptList:
        """All prompts, by name."""
        return {"data": [prompt.json() for prompt in await (await handle.get()).prompts.list()], "next": None}

    @routes.post("/prompts", status_code=201)
    async def create_prompt(body: PromptBody) -> PromptJson:
        """A new prompt. 409 where the name is taken."""
        return (await (await handle.get()).prompts.create(body.name, body.text)).json()

    @routes.get("/prompts/{prompt}")
    async def get_prompt(prompt: Id) -> PromptJson:
        """One prompt."""
        return (await (await handle.get()).prompts.get(prompt)).json()

    @routes.patch("/prompts/{prompt}")
    async def change_prompt(prompt: Id, body: PromptChange) -> PromptJson:
        """Rename a prompt, or change its text."""
        return (await (await handle.get()).prompts.change(prompt, **body.model_dump(exclude_unset=True))).json()

    @routes.delete("/prompts/{prompt}", status_code=204)
    async def delete_prompt(prompt: Id) -> None:
        """Delete a prompt."""
        await (await handle.get()).prompts.delete(prompt)

    return routes
