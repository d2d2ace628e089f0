"""Messages: the paths and the tree of a conversation, and new questions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, cast

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints, model_validator
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, Key, StrictBody, resource_router
from fathom.server.api.assistant.conversations import Limit
from fathom.server.api.assistant.run_options import RunOptions
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.conversations.records import NewQuestion, StoredMessage

if TYPE_CHECKING:
    from fathom.server.assistant import Assistant


class NewMessage(StrictBody):
    """A question. An edit is a question with the parent of the one that it replaces on the page."""

    parent: Id | None = Field(description="the message before it; null: it begins the conversation")
    text: Annotated[str, StringConstraints(max_length=4_000_000)] = ""
    files: Annotated[list[Id], Field(max_length=100, description="ids of uploaded files")] = Field(default_factory=list)
    run: RunOptions | None = Field(None, description="answer it: how. `{}` takes everything from the settings")

    @model_validator(mode="after")
    def _check_content(self) -> NewMessage:
        if not self.text.strip() and not self.files:
            raise ValueError("a message needs a text or a file")
        return self


class MessageBody(TypedDict):
    """``siblings`` have the same parent, oldest first; ``index`` is its own place. ``parts``: see the guide.

    While an answer is written, its parts are those so far: ``sequence`` is the number of the last event that they
    include, ``status`` what the run is doing.
    """

    id: str
    conversation: str
    parent: str | None
    role: Literal["user", "assistant"]
    model: str | None
    state: Literal["waiting", "streaming", "interrupted", "done", "stopped", "failed"]
    finish_reason: str | None
    error: dict[str, Any] | None
    usage: dict[str, Any] | None
    run: str | None
    created: int
    updated: int
    parts: list[dict[str, Any]]
    siblings: list[str]
    index: int
    sequence: NotRequired[int]
    status: NotRequired[str | None]


class MessageList(TypedDict):
    """``next``: what to give as `before` for older messages; null at the beginning."""

    data: list[MessageBody]
    next: str | None


class TreeNodeBody(TypedDict):
    """``preview``: how the text begins."""

    id: str
    parent: str | None
    role: Literal["user", "assistant"]
    created: int
    preview: str


class TreeBody(TypedDict):
    data: list[TreeNodeBody]


class SentMessage(TypedDict):
    """``answer`` and ``run`` are null where the question is only stored."""

    message: MessageBody
    answer: MessageBody | None
    run: dict[str, Any] | None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()
    endpoints = _Endpoints(handle)
    routes.add_api_route("/conversations/{conversation}/messages", endpoints.path, methods=["GET"])
    routes.add_api_route("/conversations/{conversation}/messages", endpoints.send, methods=["POST"], status_code=201)
    routes.add_api_route("/conversations/{conversation}/tree", endpoints.tree, methods=["GET"])
    routes.add_api_route("/messages/{message}", endpoints.get, methods=["GET"])
    return routes


class _Endpoints:
    def __init__(self, handle: AssistantHandle) -> None:
        self._handle = handle

    async def path(
        self,
        conversation: Id,
        limit: Limit = 50,
        before: Annotated[Id | None, Query(max_length=64, description="a message: those above it")] = None,
    ) -> MessageList:
        """The last messages of the path that ends at the conversation's head, the newest last."""
        assistant = await self._handle.get()
        page = await assistant.messages.page(conversation, limit=limit, before=before)
        return {"data": [await _body(assistant, message) for message in page.data], "next": page.next}

    async def send(self, conversation: Id, body: NewMessage, idempotency_key: Key = None) -> SentMessage:
        """Add a question below any message, make it the head, and with `run` answer it.

        The answer is written by the server: it goes on when the client is gone. 409 in the trash, below an answer that
        is still written, and where the key was used for another question.
        """
        assistant = await self._handle.get()
        if body.run is None:
            question = await assistant.messages.ask(
                conversation, parent=body.parent, text=body.text, file_ids=body.files, key=idempotency_key
            )
            return {"message": await _body(assistant, question), "answer": None, "run": None}
        new = NewQuestion(body.parent, body.text, tuple(body.files), idempotency_key)
        asked = await assistant.supervisor.ask(conversation, new, body.run.options())
        return {
            "message": await _body(assistant, asked.question),
            "answer": await _body(assistant, asked.answer) if asked.answer is not None else None,
            "run": dict(asked.run) if asked.run is not None else None,
        }

    async def tree(self, conversation: Id) -> TreeBody:
        """All messages of all branches, oldest first, without their texts."""
        nodes = await (await self._handle.get()).messages.tree(conversation)
        return {"data": [TreeNodeBody(**asdict(node)) for node in nodes]}  # type: ignore[typeddict-item]

    async def get(self, message: Id) -> MessageBody:
        """One message. While it is written, its parts are those so far."""
        assistant = await self._handle.get()
        return await _body(assistant, await assistant.messages.get(message))


async def _body(assistant: Assistant, message: StoredMessage) -> MessageBody:
    body: Any = await assistant.supervisor.message_json(message)
    return cast(MessageBody, body)
