"""A text completion request to a `TextJob`, and its events to a completion, whole or as a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from fathom.engine.request import TokenLogprob
from fathom.server.api.json_io import DONE, encode, event
from fathom.server.api.openai.common import (
    FINGERPRINT,
    LOGPROB_FLOOR,
    sampling_overrides,
    token_text,
    usage_body,
    wants_usage,
)
from fathom.server.api.openai.schemas.completions import (
    Completion,
    CompletionChoice,
    CompletionLogprobs,
    CompletionRequest,
)
from fathom.server.errors import invalid
from fathom.server.generation.events import (
    ChoiceFinished,
    GenerationDelta,
    GenerationEvent,
    GenerationFinished,
    GenerationStarted,
)
from fathom.server.generation.jobs import TextJob
from fathom.server.models.served_model import ServedModel, ServedVocabulary
from fathom.text.events import AnswerText

Events = AsyncGenerator[GenerationEvent, None]
Prompt = str | tuple[int, ...]


def job_of(body: CompletionRequest) -> TextJob:
    """The job of a request. Raises ApiError for unsupported parameters."""
    if body.suffix:
        raise invalid("the served models cannot fill in the middle; leave suffix out", "suffix")
    if body.best_of not in (None, body.n or 1):
        raise invalid("choosing among hidden completions is not supported; ask for n and choose", "best_of")
    if body.echo and body.logprobs is not None:
        raise invalid("log-probabilities of the prompt are not supported; drop echo or logprobs", "echo")
    sampling = sampling_overrides(body)
    sampling.setdefault("max_tokens", 16)  # OpenAI's default for this endpoint, unlike chat
    if body.logprobs is not None:
        sampling["logprobs"] = body.logprobs
    return TextJob(_prompts(body.prompt), sampling)


def _prompts(prompt: str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]) -> tuple[Prompt, ...]:
    if isinstance(prompt, str):
        return (prompt,)
    if isinstance(prompt[0], int):
        return (tuple(prompt),)  # type: ignore[arg-type]
    return tuple(each if isinstance(each, str) else tuple(each) for each in prompt)  # type: ignore[arg-type]


async def write(events: Events, body: CompletionRequest, served: ServedModel) -> AsyncGenerator[bytes, None]:
    """The whole completion as one JSON object."""
    writer = _Writer(body, served)
    choices: list[CompletionChoice] = []
    completion = _head(served)
    async for item in events:
        if isinstance(item, GenerationStarted):
            choices = [writer.opening(index, item) for index in range(len(item.prompts) * writer.n)]
        elif isinstance(item, GenerationDelta):
            _append(choices[item.index], writer.delta(item))
        elif isinstance(item, ChoiceFinished):
            choices[item.index]["finish_reason"] = item.reason
        else:
            completion["usage"] = usage_body(item.usage)
    completion["choices"] = choices
    yield encode(completion)


async def stream(events: Events, body: CompletionRequest, served: ServedModel) -> AsyncGenerator[bytes, None]:
    """Server-sent events: the text of each choice as it comes; its finish reason; usage where requested; ``[DONE]``."""
    writer = _Writer(body, served)
    head = _head(served)
    if wants_usage(body):
        head["usage"] = None
    openings: dict[int, CompletionChoice] = {}
    async for item in events:
        if isinstance(item, GenerationStarted):
            openings = {index: writer.opening(index, item) for index in range(len(item.prompts) * writer.n)}
        elif isinstance(item, GenerationDelta):
            choice = writer.delta(item)
            if (opening := openings.pop(item.index, None)) is not None:
                _append(opening, choice)
                choice = opening
            if choice["text"] or choice.get("token_ids") or choice["logprobs"]:
                yield event({**head, "choices": [choice]})
        elif isinstance(item, ChoiceFinished):
            last: CompletionChoice = {"index": item.index, "text": "", "logprobs": None, "finish_reason": item.reason}
            yield event({**head, "choices": [last]})
        elif isinstance(item, GenerationFinished):
            if wants_usage(body):
                yield event({**head, "choices": [], "usage": usage_body(item.usage)})
            yield DONE


def _head(served: ServedModel) -> Completion:
    return {
        "id": f"cmpl-{uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": served.name,
        "system_fingerprint": FINGERPRINT,
        "choices": [],
    }


class _Writer:
    """Turns events into choices, with the fields that the request asks for."""

    def __init__(self, body: CompletionRequest, served: ServedModel) -> None:
        self.n = body.n or 1
        self._body = body
        self._vocabulary = served.tokenizer
        self._offsets: dict[int, int] = {}

    def opening(self, index: int, opened: GenerationStarted) -> CompletionChoice:
        """A choice before its first token."""
        ids = opened.prompts[index // self.n]
        choice: CompletionChoice = {"index": index, "text": "", "logprobs": None, "finish_reason": None}
        if self._body.logprobs is not None:
            choice["logprobs"] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        if self._body.return_token_ids:
            choice["token_ids"] = []
            choice["prompt_token_ids"] = list(ids)
        if self._body.echo:
            prompt = _prompts(self._body.prompt)[index // self.n]
            choice["text"] = (
                prompt if isinstance(prompt, str) else self._vocabulary.decode(list(ids), skip_special=False)
            )
        return choice

    def delta(self, item: GenerationDelta) -> CompletionChoice:
        """The text, tokens and log-probabilities that one event adds."""
        text = "".join(each.text for each in item.events if isinstance(each, AnswerText))
        choice: CompletionChoice = {"index": item.index, "text": text, "logprobs": None, "finish_reason": None}
        if self._body.logprobs is not None and item.logprobs:
            choice["logprobs"] = self._logprobs(item.index, item.logprobs)
        if self._body.return_token_ids:
            choice["token_ids"] = list(item.token_ids)
        return choice

    def _logprobs(self, index: int, entries: Sequence[TokenLogprob]) -> CompletionLogprobs:
        out: CompletionLogprobs = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        for entry in entries:
            text = token_text(self._vocabulary, entry.token_id)
            offset = self._offsets.get(index, 0)
            self._offsets[index] = offset + len(text)
            out["tokens"].append(text)
            out["token_logprobs"].append(max(entry.logprob, LOGPROB_FLOOR))
            out["top_logprobs"].append(_by_text(self._vocabulary, entry))
            out["text_offset"].append(offset)
        return out


def _by_text(vocabulary: ServedVocabulary, entry: TokenLogprob) -> dict[str, float]:
    """Alternatives by their text; of two with equal text the likelier. The chosen token is always among them."""
    alternatives: dict[str, float] = {}
    for token_id, logprob in [*entry.top, (entry.token_id, entry.logprob)]:
        alternatives.setdefault(token_text(vocabulary, token_id), max(logprob, LOGPROB_FLOOR))
    return alternatives


def _append(choice: Any, more: CompletionChoice) -> None:
    """Append ``more`` to ``choice`` in place."""
    choice["text"] += more["text"]
    if "token_ids" in more:
        choice["token_ids"] += more["token_ids"]
    if more["logprobs"]:
        for name, values in more["logprobs"].items():
            choice["logprobs"][name] += values
