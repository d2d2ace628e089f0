"""The body of a chat completion for an upstream server, from a `ChatJob`."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from fathom.base.errors import RequestError
from fathom.server.generation.jobs import ChatJob
from fathom.types import Conversation, Message, Picture

STANDARD = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "max_tokens", "stop")
"""Sampling parameters of OpenAI's API. The others are the local engine's own, and left out."""


def request_body(job: ChatJob, model: str, *, plain: bool = False) -> dict[str, Any]:
    """A streamed request for one choice. ``plain``: without the fields that OpenAI's oldest API does not have.

    Raises RequestError for what an upstream cannot do: continue an answer, or hold to a grammar.
    """
    conversation = job.conversation
    if conversation.prefill or job.completion or job.close_thinking:
        raise RequestError(
            "an answer of another server cannot be continued", "regenerate it, or continue it with a local model"
        )
    if job.grammar is not None:
        raise RequestError("a grammar needs a local model", "choose one, or ask without the grammar")
    body: dict[str, Any] = {"model": model, "messages": _messages(conversation), "stream": True}
    for name in STANDARD:
        value = job.sampling.get(name)
        if value is not None and value != ():
            body[name] = list(value) if isinstance(value, tuple) else value
    if conversation.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
            }
            for tool in conversation.tools
        ]
        if job.call:
            named = {"type": "function", "function": {"name": job.call}}
            body["tool_choice"] = "required" if job.call is True else named
    return body if plain else body | _additions(conversation)


def _additions(conversation: Conversation) -> dict[str, Any]:
    """Fields that most servers know, each by its own name, and that a strict one refuses."""
    more: dict[str, Any] = {"stream_options": {"include_usage": True}}
    if conversation.thinking is not None:
        more["thinking"] = {"type": "enabled" if conversation.thinking else "disabled"}
        more["chat_template_kwargs"] = {"enable_thinking": conversation.thinking}
    if conversation.effort is not None and conversation.thinking is not False:
        more["reasoning_effort"] = "low" if conversation.effort == "low" else "high"
    return more


def _messages(conversation: Conversation) -> list[dict[str, Any]]:
    return [_message(message) for message in conversation.messages]


def _message(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.pictures:
        data["content"] = [{"type": "text", "text": message.content}, *map(_picture, message.pictures)]
    if message.tool_calls:
        data["content"] = message.content or None
        data["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
        if message.reasoning is not None:
            data["reasoning_content"] = message.reasoning
    if message.tool_call_id is not None:
        data["tool_call_id"] = message.tool_call_id
    return data


def _picture(picture: Picture) -> dict[str, Any]:
    url = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
