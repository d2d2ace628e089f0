"""``/api/conversations``: lists, rows and their changes, trash."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.responses import Response
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, Key, StrictBody, resource_router
from fathom.server.api.assistant.run_options import RunOptions
from fathom.server.assistant_handle import AssistantHandle

Title = Annotated[str, StringConstraints(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=200, description="most entries of the answer")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next` of the answer before")]


class NewConversation(StrictBody):
    """Without a title, the first question gives one."""

    title: Title = ""
    project: Id | None = None
    settings: RunOptions = RunOptions()
    temporary: bool = Field(False, description="in no list, not found by search, and deleted soon")


class ConversationChanges(StrictBody):
    """Only the fields that are given change."""

    title: Title = Field("", description="empty: the next question gives one")
    pinned: bool = False
    project: Id | None = Field(None, description="null takes it out of its project")
    settings: RunOptions = Field(RunOptions(), description="replaces all settings")
    head: Id = Field("", description="the message to be shown last")


class ConversationBody(TypedDict):
    """``head``: the message that is shown last. ``deleted``: since when it is in the trash. Times: ms since 1970."""

    id: str
    title: str
    title_source: Literal["question", "model", "user", "import"]
    project: str | None
    pinned: bool
    temporary: bool
    settings: dict[str, Any]
    head: str | None
    created: int
    updated: int
    deleted: int | None
    running: bool


class ConversationList(TypedDict):
    """``next``: what to give as `after` for the entries that follow; null at the end."""

    data: list[ConversationBody]
    next: str | None


class ConversationCounts(TypedDict):
    """``projects``: by the project's id. Temporary conversations are in none of the numbers."""

    conversations: int
    pinned: int
    deleted: int
    projects: dict[str, int]


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()
    endpoints = _Endpoints(handle)
    one = "/conversations/{conversation}"
    for method, path, endpoint, status in (
        ("GET", "/conversations", endpoints.list_conversations, 200),
        ("POST", "/conversations", endpoints.create, 201),
        ("GET", "/conversation-counts", endpoints.counts, 200),
        ("GET", one, endpoints.get, 200),
        ("PATCH", one, endpoints.change, 200),
        ("DELETE", one, endpoints.delete, 204),
        ("POST", f"{one}/restore", endpoints.restore, 200),
    ):
        options: dict[str, Any] = {"response_class": Response, "response_model": None} if status == 204 else {}
        routes.add_api_route(path, endpoint, methods=[method], status_code=status, **options)
    return routes


class _Endpoints:
    def __init__(self, handle: AssistantHandle) -> None:
        self._handle = handle

    async def list_conversations(
        self,
        limit: Limit = 50,
        after: Cursor = None,
        project: Id | None = None,
        pinned: bool | None = None,
        deleted: Annotated[bool, Query(description="list the trash")] = False,
    ) -> ConversationList:
        """Conversations, those last written to first. Temporary ones are not listed."""
        assistant = await self._handle.get()
        page = await assistant.conversations.list_page(
            limit=limit, after=after, project=project, pinned=pinned, deleted=deleted
        )
        return {"data": [_body(row) for row in page.data], "next": page.next}

    async def create(self, body: NewConversation, idempotency_key: Key = None) -> ConversationBody:
        """A conversation without messages."""
        assistant = await self._handle.get()
        row = await assistant.conversations.create(
            title=body.title,
            project=body.project,
            settings=body.settings.options(),
            temporary=body.temporary,
            key=idempotency_key,
        )
        return _body(row)

    async def counts(self) -> ConversationCounts:
        """How many conversations there are: in the lists, pinned, in the trash, in each project."""
        counts = await (await self._handle.get()).conversations.counts()
        return {
            "conversations": counts.conversations,
            "pinned": counts.pinned,
            "deleted": counts.deleted,
            "projects": dict(counts.projects),
        }

    async def get(self, conversation: Id) -> ConversationBody:
        """One conversation, also from the trash, without its messages."""
        return _body(await (await self._handle.get()).conversations.get(conversation))

    async def change(self, conversation: Id, body: ConversationChanges) -> ConversationBody:
        """Change the fields that are given. The order of the lists stays."""
        assistant = await self._handle.get()
        values = {name: getattr(body, name) for name in body.model_fields_set}
        if "settings" in values:
            values["settings"] = body.settings.options()
        return _body(await assistant.conversations.change(conversation, values))

    async def delete(
        self,
        conversation: Id,
        permanently: Annotated[bool, Query(description="for good, with everything that belongs to it")] = False,
    ) -> Response:
        """Move a conversation to the trash, or delete it for good."""
        assistant = await self._handle.get()
        if permanently:
            attached = await assistant.files.of_conversations([conversation])
            await assistant.conversations.delete(conversation)
            await assistant.files.remove_unused(attached)
        else:
            await assistant.conversations.trash(conversation)
        return Response(status_code=204)

    async def restore(self, conversation: Id) -> ConversationBody:
        """Take a conversation out of the trash."""
        return _body(await (await self._handle.get()).conversations.restore(conversation))


def _body(row: Any) -> ConversationBody:
    body: ConversationBody = row.json()
    return body
