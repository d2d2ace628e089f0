"""A text completion request to a `TextJob`, and its events to a completion, whole or as a stream."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Any

from fathom.engine.request import TokenLogprob
from fathom.server.api.json_io import DONE, encode, event
from fathom.server.api.live_response import Milestone, Part
from fathom.server.api.openai.common import (
    FINGERPRINT,
    LOGPROB_FLOOR,
    check_min_tokens,
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
    PromptScored,
)
from fathom.server.generation.jobs import TextJob
from fathom.server.generation.shown_tokens import ShownToken
from fathom.server.models.served_model import ServedModel, ServedVocabulary
from fathom.text.events import AnswerText

Events = AsyncGenerator[GenerationEvent, None]
Prompt = str | tuple[int, ...]


def job_of(body: CompletionRequest) -> TextJob:
    """The job of a request. Raises ApiError for unsupported parameters."""
    if body.suffix and body.echo:
        raise invalid("a text before a suffix is not echoed; leave echo out", "echo")
    sampling = sampling_overrides(body)
    sampling.setdefault("max_tokens", 16)  # OpenAI's default for this endpoint, unlike chat
    check_min_tokens(sampling)
    if body.logprobs is not None:
        sampling["logprobs"] = body.logprobs
    if body.best_of is not None:
        _check_best_of(body)
        sampling["n"] = body.best_of
        sampling.setdefault("logprobs", 0)
    scores = bool(body.echo) and body.logprobs is not None
    return TextJob(
        _prompts(body.prompt),
        sampling,
        body.suffix or "",
        score_prompts=scores,
        every_token=scores or bool(body.return_token_ids),
        add_special_tokens=body.add_special_tokens is not False,
        cache_salt=body.cache_salt or "",
    )


def _check_best_of(body: CompletionRequest) -> None:
    if body.best_of is None or body.best_of == (body.n or 1):
        return
    if body.best_of < (body.n or 1):
        raise invalid(f"best_of {body.best_of} is less than n {body.n}; send at least n", "best_of")
    if body.stream:
        raise invalid("which completions are best is not known before their ends; leave stream out", "best_of")


def _prompts(prompt: str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]) -> tuple[Prompt, ...]:
    if isinstance(prompt, str):
        return (prompt,)
    if isinstance(prompt[0], int):
        return (tuple(prompt),)  # type: ignore[arg-type]
    return tuple(each if isinstance(each, str) else tuple(each) for each in prompt)  # type: ignore[arg-type]


async def write(events: Events, body: CompletionRequest, served: ServedModel) -> AsyncGenerator[Part, None]:
    """The whole completion as one JSON object."""
    writer = _Writer(body, served)
    choices: list[CompletionChoice] = []
    logprobs: list[float] = []
    completion = _head(served)
    async for item in events:
        if isinstance(item, GenerationStarted):
            choices = [writer.opening(index, item) for index in range(len(item.prompts) * writer.n)]
            logprobs = [0.0] * len(choices)
            yield Milestone.ACCEPTED
        elif isinstance(item, PromptScored):
            for index in writer.choices_of(item):
                _append(choices[index], writer.scores(index, item))
        elif isinstance(item, GenerationDelta):
            _append(choices[item.index], writer.delta(item))
            yield Milestone.STARTED
        elif isinstance(item, ChoiceFinished):
            choices[item.index]["finish_reason"] = item.reason
            logprobs[item.index] = item.mean_logprob
        else:
            completion["usage"] = usage_body(item.usage)
    completion["choices"] = _best(choices, logprobs, writer.n, body.n or 1)
    yield encode(completion)


def _best(choices: list[CompletionChoice], logprobs: Sequence[float], of: int, n: int) -> list[CompletionChoice]:
    """For each prompt the ``n`` of its ``of`` choices with the highest log-probability per token."""
    if of == n:
        return choices
    best: list[CompletionChoice] = []
    for start in range(0, len(choices), of):
        ranked = sorted(range(start, start + of), key=lambda index: -logprobs[index])
        best += [choices[index] for index in ranked[:n]]
    for index, choice in enumerate(best):
        choice["index"] = index
    return best


async def stream(events: Events, body: CompletionRequest, served: ServedModel) -> AsyncGenerator[Part, None]:
    """Server-sent events: the text of each choice as it comes; its finish reason; usage where requested; ``[DONE]``."""
    writer = _Writer(body, served)
    head = _head(served)
    if wants_usage(body):
        head["usage"] = None
    openings: dict[int, CompletionChoice] = {}
    async for item in events:
        if isinstance(item, GenerationStarted):
            openings = {index: writer.opening(index, item) for index in range(len(item.prompts) * writer.n)}
            yield Milestone.ACCEPTED
        elif isinstance(item, PromptScored):
            for index in writer.choices_of(item):
                _append(openings[index], writer.scores(index, item))
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
    """Turns events into choices, with the fields that the request asks for. ``n``: choices of each prompt."""

    def __init__(self, body: CompletionRequest, served: ServedModel) -> None:
        self.n = body.best_of or body.n or 1
        self._body = body
        self._vocabulary = served.tokenizer
        self._prompts = _prompts(body.prompt)
        self._prompt_ids: tuple[tuple[int, ...], ...] = ()
        self._lengths: dict[int, int] = {}  # characters of the prompt in each choice's text

    def choices_of(self, scored: PromptScored) -> range:
        """The choices of a prompt."""
        return range(scored.index * self.n, (scored.index + 1) * self.n)

    def opening(self, index: int, opened: GenerationStarted) -> CompletionChoice:
        """A choice before its first token."""
        self._prompt_ids = opened.prompts
        ids = opened.prompts[index // self.n]
        choice: CompletionChoice = {"index": index, "text": "", "logprobs": None, "finish_reason": None}
        if self._body.logprobs is not None:
            choice["logprobs"] = _no_logprobs()
        if self._body.return_token_ids:
            choice["token_ids"] = []
            choice["prompt_token_ids"] = list(ids)
        if self._body.echo:
            prompt = self._prompts[index // self.n]
            choice["text"] = (
                prompt if isinstance(prompt, str) else self._vocabulary.decode(list(ids), skip_special=False)
            )
        self._lengths[index] = len(choice["text"])
        return choice

    def scores(self, index: int, scored: PromptScored) -> CompletionChoice:
        """What the log-probabilities of its prompt add to a choice."""
        ids = self._prompt_ids[scored.index]
        logprobs = _no_logprobs()
        for token_id, entry, offset in zip(ids, (None, *scored.logprobs), self._offsets(index), strict=True):
            logprobs["tokens"].append(token_text(self._vocabulary, token_id))
            logprobs["token_logprobs"].append(None if entry is None else max(entry.logprob, LOGPROB_FLOOR))
            logprobs["top_logprobs"].append(None if entry is None else _by_text(self._vocabulary, entry))
            logprobs["text_offset"].append(offset)
        return {"index": index, "text": "", "logprobs": logprobs, "finish_reason": None}

    def _offsets(self, index: int) -> Iterator[int]:
        """Where each token of its prompt begins in a choice's text, which lacks the bos that encoding adds."""
        prompt, ids = self._prompts[index // self.n], self._prompt_ids[index // self.n]
        detokenizer = self._vocabulary.detokenizer(skip_special=False)
        length = 0
        if isinstance(prompt, str) and self._vocabulary.adds_bos and self._body.add_special_tokens is not False:
            yield 0
            ids = ids[1:]
        for token_id in ids:
            yield min(length, self._lengths[index])  # some tokenizers normalize the text that they encode
            length += len(detokenizer.push(token_id))

    def delta(self, item: GenerationDelta) -> CompletionChoice:
        """The text, tokens and log-probabilities that one event adds."""
        text = "".join(each.text for each in item.events if isinstance(each, AnswerText))
        choice: CompletionChoice = {"index": item.index, "text": text, "logprobs": None, "finish_reason": None}
        if self._body.logprobs is not None and item.logprobs:
            choice["logprobs"] = self._logprobs(self._lengths[item.index], item.logprobs)
        if self._body.return_token_ids:
            choice["token_ids"] = list(item.token_ids)
        return choice

    def _logprobs(self, start: int, tokens: Sequence[ShownToken]) -> CompletionLogprobs:
        out = _no_logprobs()
        for entry, offset, _ in tokens:
            out["tokens"].append(token_text(self._vocabulary, entry.token_id))
            out["token_logprobs"].append(max(entry.logprob, LOGPROB_FLOOR))
            out["top_logprobs"].append(_by_text(self._vocabulary, entry))
            out["text_offset"].append(start + offset)
        return out


def _no_logprobs() -> CompletionLogprobs:
    return {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}


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
