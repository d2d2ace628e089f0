"""Generation events to a chat completion, whole or as a stream of chunks."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from fathom.server.api.json_io import DONE, encode, event
from fathom.server.api.live_response import Milestone, Part
from fathom.server.api.openai.common import (
    FINGERPRINT,
    token_logprobs,
    usage_body,
    wants_usage,
)
from fathom.server.api.openai.schemas.chat import (
    AssistantOut,
    ChatChoice,
    ChatChunk,
    ChatChunkChoice,
    ChatCompletion,
    ChatRequest,
    ChoiceLogprobs,
    DeltaOut,
    ToolCallOut,
)
from fathom.server.generation.events import (
    ChoiceFinished,
    GenerationDelta,
    GenerationEvent,
    GenerationFinished,
    GenerationStarted,
)
from fathom.server.generation.shown_tokens import ShownToken
from fathom.server.models.served_model import ServedModel
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallStarted,
)

Events = AsyncGenerator[GenerationEvent, None]


async def write(events: Events, body: ChatRequest, served: ServedModel) -> AsyncGenerator[Part, None]:
    """The whole completion as one JSON object."""
    choices = [_Choice(index, served) for index in range(body.n or 1)]
    completion: dict[str, Any] = {**_head(served), "object": "chat.completion"}
    async for item in events:
        if isinstance(item, GenerationDelta):
            choices[item.index].push(item)
            yield Milestone.STARTED
        elif isinstance(item, ChoiceFinished):
            choices[item.index].finish_reason = item.reason
        elif isinstance(item, GenerationFinished):
            completion["choices"] = [choice.body(body) for choice in choices]
            completion["usage"] = usage_body(item.usage)
        elif isinstance(item, GenerationStarted):
            if body.return_token_ids:
                completion["prompt_token_ids"] = list(item.prompts[0])
            yield Milestone.ACCEPTED
    answer: ChatCompletion = completion  # type: ignore[assignment]
    yield encode(answer)


async def stream(events: Events, body: ChatRequest, served: ServedModel) -> AsyncGenerator[Part, None]:
    """Server-sent events: for each choice role, deltas, finish reason; then usage where requested; then ``[DONE]``."""
    head = {**_head(served), "object": "chat.completion.chunk"}
    if wants_usage(body):
        head["usage"] = None
    opened: set[int] = set()
    async for item in events:
        if isinstance(item, GenerationStarted):
            if body.return_token_ids:
                head["prompt_token_ids"] = list(item.prompts[0])  # on the first chunk only
            yield Milestone.ACCEPTED
        elif isinstance(item, GenerationFinished):
            if wants_usage(body):
                yield event({**head, "choices": [], "usage": usage_body(item.usage)})
            yield DONE
        elif isinstance(item, GenerationDelta | ChoiceFinished):
            if item.index not in opened:
                opened.add(item.index)
                yield event(_chunk(head, {"index": item.index, **_delta({"role": "assistant", "content": ""})}))
                head.pop("prompt_token_ids", None)
            for choice in _chunk_choices(item, body, served):
                yield event(_chunk(head, choice))


def _head(served: ServedModel) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": served.name,
        "system_fingerprint": FINGERPRINT,
    }


def _chunk(head: dict[str, Any], choice: Any) -> ChatChunk:
    return {**head, "choices": [choice]}  # type: ignore[typeddict-item]


def _delta(delta: DeltaOut) -> dict[str, Any]:
    return {"delta": delta, "logprobs": None, "finish_reason": None}


def _chunk_choices(
    item: GenerationDelta | ChoiceFinished, body: ChatRequest, served: ServedModel
) -> list[ChatChunkChoice]:
    """One chunk for each event; the tokens of a delta travel on its first."""
    if isinstance(item, ChoiceFinished):
        return [{"index": item.index, "delta": {}, "logprobs": None, "finish_reason": item.reason}]
    deltas = [delta for each in item.events if (delta := _event_delta(each)) is not None]
    if not deltas and ((body.logprobs and item.logprobs) or (body.return_token_ids and item.token_ids)):
        deltas = [{}]
    choices: list[ChatChunkChoice] = [
        {"index": item.index, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas
    ]
    if choices and body.logprobs:
        choices[0]["logprobs"] = _logprobs(served, item.logprobs)
    if choices and body.return_token_ids:
        choices[0]["token_ids"] = list(item.token_ids)
    return choices


def _event_delta(item: Event) -> DeltaOut | None:
    if isinstance(item, ThinkingText):
        return {"content": None, "reasoning_content": item.text}
    if isinstance(item, AnswerText):
        return {"content": item.text}
    if isinstance(item, ToolCallStarted):
        call: ToolCallOut = {
            "index": item.index,
            "id": item.id,
            "type": "function",
            "function": {"name": item.name, "arguments": ""},
        }
        return {"tool_calls": [call]}
    if isinstance(item, ToolCallArguments):
        return {"tool_calls": [{"index": item.index, "function": {"arguments": item.text}}]}
    return None


def _logprobs(served: ServedModel, tokens: Sequence[ShownToken]) -> ChoiceLogprobs:
    answer = (token.logprob for token in tokens if not token.thinking)
    thinking = (token.logprob for token in tokens if token.thinking)
    return {
        "content": token_logprobs(served.tokenizer, answer),
        "reasoning_content": token_logprobs(served.tokenizer, thinking),
    }


class _Choice:
    """Collects one choice of a completion that is returned whole."""

    def __init__(self, index: int, served: ServedModel) -> None:
        self.index = index
        self.finish_reason = "stop"
        self._served = served
        self._thinking: list[str] = []
        self._answer: list[str] = []
        self._calls: list[ToolCallStarted] = []
        self._arguments: list[list[str]] = []
        self._logprobs: ChoiceLogprobs = {"content": [], "reasoning_content": []}
        self._token_ids: list[int] = []

    def push(self, delta: GenerationDelta) -> None:
        for item in delta.events:
            if isinstance(item, ThinkingText):
                self._thinking.append(item.text)
            elif isinstance(item, AnswerText):
                self._answer.append(item.text)
            elif isinstance(item, AnswerWasThinking):
                self._move_answer_to_thinking()
            elif isinstance(item, ToolCallStarted):
                self._calls.append(item)
                self._arguments.append([])
            elif isinstance(item, ToolCallArguments):
                self._arguments[-1].append(item.text)
        if delta.logprobs:
            entries = _logprobs(self._served, delta.logprobs)
            self._logprobs["content"] += entries["content"]
            self._logprobs["reasoning_content"] += entries["reasoning_content"]
        self._token_ids += delta.token_ids

    def _move_answer_to_thinking(self) -> None:
        self._thinking += self._answer
        self._answer.clear()
        self._logprobs["reasoning_content"] += self._logprobs["content"]
        self._logprobs["content"] = []

    def body(self, request: ChatRequest) -> ChatChoice:
        choice: ChatChoice = {
            "index": self.index,
            "message": self._message(),
            "logprobs": self._logprobs if request.logprobs else None,
            "finish_reason": self.finish_reason,
        }
        if request.return_token_ids:
            choice["token_ids"] = self._token_ids
        return choice

    def _message(self) -> AssistantOut:
        content = "".join(self._answer)
        message: AssistantOut = {"role": "assistant", "content": content if content or not self._calls else None}
        if self._thinking:
            message["reasoning_content"] = "".join(self._thinking)
        if self._calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": "".join(arguments)},
                }
                for call, arguments in zip(self._calls, self._arguments, strict=True)
            ]
        return message
