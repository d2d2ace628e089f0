"""Generation of the continuations of one or more prompts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from fathom.engine.request import Chunk, Request
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import ChoiceFinished, GenerationEvent, GenerationFinished, GenerationStarted
from fathom.server.generation.jobs import TextJob, sampling_params
from fathom.server.models.served_model import EngineClient, ServedModel
from fathom.types import Usage

T = TypeVar("T")


async def complete(served: ServedModel, job: TextJob) -> AsyncGenerator[GenerationEvent, None]:
    """Continue each prompt. Raises RequestError or OverloadedError before the first delta."""
    params = sampling_params(served.sampling, job.sampling)
    prompts = [
        prompt
        if isinstance(prompt, tuple)
        else tuple(await asyncio.to_thread(served.tokenizer.encode, prompt, bos=served.tokenizer.adds_bos))
        for prompt in job.prompts
    ]
    choices = [ChoiceState() for _ in range(len(prompts) * params.n)]
    requests = [Request(prompt, params, None, job.cache_salt) for prompt in prompts]
    yield GenerationStarted(tuple(prompts))
    async with aclosing(_chunks(served.engine, requests)) as chunks:
        async for chunk in chunks:
            yield choices[chunk.index].push(chunk)
            if chunk.finish_reason:
                yield ChoiceFinished(chunk.index, chunk.finish_reason)
    usages = [usage(prompt, choices[i * params.n : (i + 1) * params.n]) for i, prompt in enumerate(prompts)]
    yield GenerationFinished(
        Usage(
            prompt_tokens=sum(each.prompt_tokens for each in usages),
            cached_tokens=sum(each.cached_tokens for each in usages),
            completion_tokens=sum(each.completion_tokens for each in usages),
        )
    )


def _chunks(engine: EngineClient, requests: Sequence[Request]) -> AsyncGenerator[Chunk, None]:
    """The chunks of all requests as they arrive, with the choice's index counted through."""
    streams = [engine.generate(request) for request in requests]
    if len(streams) == 1:
        return streams[0]
    return merge([_with_index_offset(stream, i * requests[i].sampling.n) for i, stream in enumerate(streams)])


async def _with_index_offset(chunks: AsyncGenerator[Chunk, None], offset: int) -> AsyncGenerator[Chunk, None]:
    """The chunks of one prompt, with the choice's index counted through all prompts."""
    async with aclosing(chunks):
        async for chunk in chunks:
            yield replace(chunk, index=chunk.index + offset)


async def merge(streams: Sequence[AsyncGenerator[T, None]]) -> AsyncGenerator[T, None]:
    """Items of all ``streams`` in order of arrival. The first error ends all; closing this closes all.

    At most one item of each stream is buffered here, so a slow reader slows them all.
    """
    waiting: dict[asyncio.Task[T], AsyncGenerator[T, None]] = {}
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


async def _next(stream: AsyncGenerator[T, None]) -> T:
    return await anext(stream)
