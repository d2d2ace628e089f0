"""Generation of the continuations of one or more prompts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import TypeVar

from fathom.engine.request import Chunk, Request
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import (
    ChoiceFinished,
    GenerationEvent,
    GenerationFinished,
    GenerationStarted,
    PromptScored,
)
from fathom.server.generation.jobs import TextJob, sampling_params
from fathom.server.models.served_model import ClosableStream, ServedModel
from fathom.text.fill_in_the_middle import fim_prompt
from fathom.types import Usage

T = TypeVar("T")


async def complete(served: ServedModel, job: TextJob) -> AsyncGenerator[GenerationEvent, None]:
    """Continue each prompt. Raises RequestError or OverloadedError before the first event."""
    params = sampling_params(served.sampling, job.sampling)
    prompts = [await _encode(served, prompt, job) for prompt in job.prompts]
    hidden = None if job.every_token else served.tokenizer.special_ids
    choices = [ChoiceState(hidden=hidden) for _ in range(len(prompts) * params.n)]
    requests = [Request(prompt, params, None, job.cache_salt, job.score_prompts) for prompt in prompts]
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(aclosing(await served.engine.submit(request))) for request in requests
        ]
        yield GenerationStarted(tuple(prompts))
        chunks = await stack.enter_async_context(aclosing(_merge_chunks(streams, params.n)))
        scored: set[int] = set()
        async for chunk in chunks:
            choice, prompt_index = choices[chunk.index], chunk.index // params.n
            delta = choice.push(chunk)
            if job.score_prompts and prompt_index not in scored:
                scored.add(prompt_index)
                yield PromptScored(prompt_index, chunk.prompt_logprobs)
            yield delta
            if chunk.finish_reason:
                yield ChoiceFinished(chunk.index, chunk.finish_reason, choice.mean_logprob)
    usages = [usage(prompt, choices[i * params.n : (i + 1) * params.n]) for i, prompt in enumerate(prompts)]
    yield GenerationFinished(
        Usage(
            prompt_tokens=sum(each.prompt_tokens for each in usages),
            cached_tokens=sum(each.cached_tokens for each in usages),
            completion_tokens=sum(each.completion_tokens for each in usages),
        )
    )


async def _encode(served: ServedModel, prompt: str | tuple[int, ...], job: TextJob) -> tuple[int, ...]:
    bos = job.add_special_tokens and served.tokenizer.adds_bos
    if job.suffix:
        return tuple(await asyncio.to_thread(fim_prompt, served.tokenizer, prompt, job.suffix, bos=bos))
    if isinstance(prompt, tuple):
        return prompt
    return tuple(await asyncio.to_thread(served.tokenizer.encode, prompt, bos=bos))


def _merge_chunks(streams: Sequence[ClosableStream[Chunk]], n: int) -> ClosableStream[Chunk]:
    """The chunks of all prompts as they arrive, with the choice's index counted through."""
    if len(streams) == 1:
        return streams[0]
    return merge([_with_index_offset(stream, i * n) for i, stream in enumerate(streams)])


async def _with_index_offset(chunks: ClosableStream[Chunk], offset: int) -> AsyncGenerator[Chunk, None]:
    """The chunks of one prompt, with the choice's index counted through all prompts."""
    async for chunk in chunks:
        yield replace(chunk, index=chunk.index + offset)


async def merge(streams: Sequence[ClosableStream[T]]) -> AsyncGenerator[T, None]:
    """Items of all ``streams`` in order of arrival. The first error ends all; closing this closes all.

    At most one item of each stream is buffered here, so a slow reader slows them all.
    """
    waiting: dict[asyncio.Task[T], ClosableStream[T]] = {}
    try:
        for stream in streams:
            waiting[asyncio.create_task(_next(stream))] = stream
        while waiting:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                stream = waiting.pop(task)
                try:
                    item = task.result()
                except StopAsyncIteration:
                    continue
                yield item
                waiting[asyncio.create_task(_next(stream))] = stream
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for stream in streams:
            await stream.aclose()


async def _next(stream: ClosableStream[T]) -> T:
    return await anext(stream)
