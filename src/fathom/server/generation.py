"""From what a client wants to a stream of typed events: the one place where the API meets the engine.

No dialect in here: OpenAI's routes and any other translate their bodies into a ``ChatJob`` or ``TextJob``, and these
events into their own shape. The order is always: ``Opened`` once, ``GenerationPiece`` many times, ``Closed`` once for
each choice, ``Finished`` once. Refusals come before the first ``GenerationPiece``, so that a route can still answer
with a status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from typing_extensions import TypedDict

from fathom.base.errors import RequestError
from fathom.engine.request import Chunk, GrammarSpec, Request, SamplingParams, TokenLogprob
from fathom.server.backend import Backend, ChunkStream
from fathom.server.errors import StoppingError
from fathom.server.grammar import answer_grammar, call_grammar
from fathom.server.merge import merge
from fathom.text.conversation import Prompt
from fathom.text.events import AnswerText, Event, ThinkingText, ToolCallEnded, ToolCallStarted
from fathom.text.parser import Parser
from fathom.types import Conversation, FinishReason, Usage


class Choices(TypedDict, total=False):
    """The fields of SamplingParams that a client chose; the rest is the model's own recommendation."""

    temperature: float
    top_p: float
    top_k: int
    min_p: float
    presence_penalty: float
    frequency_penalty: float
    repetition_penalty: float
    seed: int
    max_tokens: int
    stop: tuple[str, ...]
    ignore_eos: bool
    logprobs: int
    n: int


@dataclass(frozen=True, slots=True)
class ChatJob:
    """One turn of a conversation, ``choices["n"]`` times.

    ``grammar`` binds the answer, not the thinking before it. ``call`` makes the model call a tool: any (True) or the
    one of that name. ``parallel_calls`` False ends a choice after its first call.
    """

    conversation: Conversation
    choices: Choices = field(default_factory=Choices)
    grammar: GrammarSpec | None = None
    call: bool | str = False
    parallel_calls: bool = True
    cache_salt: str = ""


@dataclass(frozen=True, slots=True)
class TextJob:
    """The continuation of each prompt (text, or token ids). Choice ``i * n + j`` is prompt ``i``'s ``j``-th."""

    prompts: tuple[str | tuple[int, ...], ...]
    choices: Choices = field(default_factory=Choices)
    cache_salt: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The prompts as the model reads them."""

    prompts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class GenerationPiece:
    """A part of one choice. ``events`` may be empty while text is held back; the tokens are reported all the same."""

    index: int
    events: tuple[Event, ...]
    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...]
    thinking: bool


@dataclass(frozen=True, slots=True)
class Closed:
    index: int
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class Finished:
    usage: Usage


GenerationEvent = Opened | GenerationPiece | Closed | Finished


async def chat(backend: Backend, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
    """Generate one turn. Raises RequestError or OverloadedError before the first Piece."""
    if backend.chat is None:
        raise RequestError("this model has no chat template: it continues text", "use /v1/completions")
    # rendering and encoding a long history takes a while: not on the event loop
    prompt = await asyncio.to_thread(backend.chat.render, job.conversation)
    params = sampling(backend, job.choices)
    params = replace(params, stop=(*params.stop, *prompt.stop))
    if not params.ignore_eos:
        params = replace(params, stop_token_ids=tuple(prompt.stop_token_ids.union(params.stop_token_ids)))
    request = Request(prompt.ids, params, _grammar(job, prompt), job.cache_salt)
    tallies = [TokenTally(backend.chat.parser(prompt), prompt.thinking) for _ in range(request.sampling.n)]
    yield Opened((prompt.ids,))
    async with aclosing(_chunks(backend, [request])) as chunks:
        async for chunk in chunks:
            tally = tallies[chunk.index]
            if tally.closed:
                continue
            piece = tally.push(chunk)
            yield piece
            first_call_done = any(isinstance(event, ToolCallEnded) for event in piece.events)
            if chunk.finish_reason or (first_call_done and not job.parallel_calls):
                tally.closed = True
                yield Closed(chunk.index, "tool_calls" if tally.called else chunk.finish_reason or "stop")
                if not chunk.finish_reason and all(each.closed for each in tallies):
                    break  # nobody wants the rest
    yield Finished(_usage(request.prompt, tallies))


async def complete(backend: Backend, job: TextJob) -> AsyncGenerator[GenerationEvent, None]:
    """Continue each prompt. Raises RequestError or OverloadedError before the first Piece."""
    params = sampling(backend, job.choices)
    prompts = [
        prompt
        if isinstance(prompt, tuple)
        else tuple(await asyncio.to_thread(backend.tokenizer.encode, prompt, bos=backend.tokenizer.adds_bos))
        for prompt in job.prompts
    ]
    requests = [Request(prompt, params, None, job.cache_salt) for prompt in prompts]
    tallies = [TokenTally() for _ in range(len(prompts) * params.n)]
    yield Opened(tuple(prompts))
    async with aclosing(_chunks(backend, requests)) as chunks:
        async for chunk in chunks:
            yield tallies[chunk.index].push(chunk)
            if chunk.finish_reason:
                yield Closed(chunk.index, chunk.finish_reason)
    usages = [_usage(prompt, tallies[i * params.n : (i + 1) * params.n]) for i, prompt in enumerate(prompts)]
    yield Finished(
        Usage(
            prompt_tokens=sum(usage.prompt_tokens for usage in usages),
            cached_tokens=sum(usage.cached_tokens for usage in usages),
            completion_tokens=sum(usage.completion_tokens for usage in usages),
        )
    )


def _grammar(job: ChatJob, prompt: Prompt) -> GrammarSpec | None:
    think = job.conversation.thinking is not False
    if job.call:
        tools = [tool for tool in job.conversation.tools if job.call in (True, tool.name)]
        return call_grammar(prompt, tools, several=job.call is True and job.parallel_calls, think=think)
    return answer_grammar(prompt, job.grammar, think=think) if job.grammar else None


def sampling(backend: Backend, choices: Choices) -> SamplingParams:
    """The client's choices over the model's recommendation."""
    params = replace(backend.sampling, **choices)
    return replace(params, stop_token_ids=()) if params.ignore_eos else params


async def _chunks(backend: Backend, requests: Sequence[Request]) -> AsyncGenerator[Chunk, None]:
    """The chunks of all requests as they come, with the choice's index counted through."""
    streams = [
        _numbered(backend.engine.generate(request), i * request.sampling.n) for i, request in enumerate(requests)
    ]
    async with aclosing(merge(streams)) as chunks:
        async for chunk in chunks:
            if chunk.finish_reason == "cancelled":
                raise StoppingError("the server is going down", "try again when it is back")
            yield chunk


async def _numbered(chunks: ChunkStream, first: int) -> AsyncGenerator[Chunk, None]:
    try:
        async for chunk in chunks:
            yield replace(chunk, index=chunk.index + first) if first else chunk
    finally:
        await chunks.aclose()  # not left to the garbage collector: this is what frees the sequence


class TokenTally:
    """One choice while it grows: reads its text, and counts its tokens."""

    def __init__(self, parser: Parser | None = None, thinking: bool = False) -> None:
        self.closed = False
        self.called = False
        self.completion_tokens = 0
        self.reasoning_tokens = 0
        self.cached_tokens = 0
        self._parser = parser
        self._thinking = thinking

    def push(self, chunk: Chunk) -> GenerationPiece:
        events = self._read(chunk)
        # text lags behind tokens, so a chunk without events belongs where the last one was
        thought = any(isinstance(event, ThinkingText) for event in events) or (self._thinking and not events)
        if events:
            self._thinking = isinstance(events[-1], ThinkingText)
        self.called = self.called or any(isinstance(event, ToolCallStarted) for event in events)
        self.completion_tokens += len(chunk.token_ids)
        self.reasoning_tokens += len(chunk.token_ids) if thought else 0
        self.cached_tokens = max(self.cached_tokens, chunk.cached_tokens)
        return GenerationPiece(chunk.index, events, chunk.token_ids, chunk.logprobs, thought)

    def _read(self, chunk: Chunk) -> tuple[Event, ...]:
        if self._parser is None:
            return (AnswerText(chunk.text),) if chunk.text else ()
        events = self._parser.push(chunk.text) if chunk.text else []
        if chunk.finish_reason:
            events = [*events, *self._parser.finish()]
        return tuple(events)


def _usage(prompt: Sequence[int], tallies: Sequence[TokenTally]) -> Usage:
    """A prompt is counted once, however many completions it has."""
    return Usage(
        prompt_tokens=len(prompt),
        cached_tokens=max(tally.cached_tokens for tally in tallies),
        completion_tokens=sum(tally.completion_tokens for tally in tallies),
        reasoning_tokens=sum(tally.reasoning_tokens for tally in tallies),
    )
