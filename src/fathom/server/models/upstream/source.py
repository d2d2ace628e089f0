"""A model of an upstream server as the source of a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from fathom.base.errors import OverloadedError
from fathom.server.generation.events import (
    ChoiceFinished,
    GenerationDelta,
    GenerationEvent,
    GenerationFinished,
    GenerationStarted,
)
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import Abilities
from fathom.server.models.upstream.endpoint import FieldRefusedError, NoSuchPathError, UpstreamEndpoint
from fathom.server.models.upstream.reply import ReplyParser
from fathom.server.models.upstream.request import request_body
from fathom.types import Usage


class UpstreamSource:
    """The model that an upstream calls ``model``. ``on_thought`` is called when it turns out to think."""

    def __init__(
        self,
        name: str,
        model: str,
        endpoint: UpstreamEndpoint,
        known: Abilities,
        on_thought: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._model = model
        self._endpoint = endpoint
        self._known = known
        self._on_thought = on_thought

    async def abilities(self) -> Abilities:
        return self._known

    async def check(self) -> None:
        """As of `ChatSource`: a server that lists no models, or is busy, is there."""
        with suppress(NoSuchPathError, FieldRefusedError, OverloadedError):
            await self._endpoint.models()

    async def chat(self, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
        """Several choices are as many requests at the same time, since few servers take ``n``."""
        count = job.sampling.get("n", 1)
        if count == 1:
            async with aclosing(self._choice(job, 0)) as events:
                async for event in events:
                    yield event
            return
        started, usages = False, []
        async with aclosing(_merge([self._choice(_nth(job, index), index) for index in range(count)])) as events:
            async for event in events:
                if isinstance(event, GenerationFinished):
                    usages.append(event.usage)
                elif not isinstance(event, GenerationStarted) or not started:
                    started = started or isinstance(event, GenerationStarted)
                    yield event
        yield GenerationFinished(_total(usages))

    async def _choice(self, job: ChatJob, index: int) -> AsyncGenerator[GenerationEvent, None]:
        reply, started = ReplyParser(self._endpoint.name), False
        async with aclosing(self._chunks(job)) as chunks:
            async for chunk in chunks:
                if not started:
                    started = True
                    yield GenerationStarted(())
                if events := reply.push(chunk):
                    yield GenerationDelta(index, tuple(events), (), ())
        if events := reply.end():
            yield GenerationDelta(index, tuple(events), (), ())
        if reply.thought and self._on_thought is not None:
            self._on_thought()
        yield ChoiceFinished(index, reply.finish or "stop")
        yield GenerationFinished(reply.usage)

    async def _chunks(self, job: ChatJob) -> AsyncGenerator[dict[str, object], None]:
        """The upstream's chunks; a strict one that refuses our fields is asked again without them."""
        for plain in (False, True):
            body = request_body(job, self._model, plain=plain)
            try:
                async for chunk in self._endpoint.chunks(body):
                    yield chunk
                return
            except FieldRefusedError as error:
                if plain and any(message.pictures for message in job.conversation.messages):
                    remedy = f"if {self._model} does not see pictures, switch that off in the list of models"
                    raise FieldRefusedError(error.message, remedy) from None
                if plain:
                    raise


def _nth(job: ChatJob, index: int) -> ChatJob:
    """The job of choice ``index`` alone: another seed, so that it is another answer."""
    sampling = job.sampling.copy()
    sampling["n"] = 1
    if "seed" in sampling:
        sampling["seed"] += index
    return replace(job, sampling=sampling)


def _total(usages: list[Usage]) -> Usage:
    """The prompt counts once, as in `fathom.server.generation.choice.usage`."""
    return Usage(
        prompt_tokens=max((usage.prompt_tokens for usage in usages), default=0),
        cached_tokens=max((usage.cached_tokens for usage in usages), default=0),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
    )


async def _merge(
    streams: list[AsyncGenerator[GenerationEvent, None]],
) -> AsyncGenerator[GenerationEvent, None]:
    """The events of all streams as they come; the first failure ends all."""
    queue: asyncio.Queue[GenerationEvent | BaseException | None] = asyncio.Queue(maxsize=64)

    async def pump(stream: AsyncGenerator[GenerationEvent, None]) -> None:
        try:
            async with aclosing(stream):
                async for event in stream:
                    await queue.put(event)
            await queue.put(None)
        except Exception as error:
            await queue.put(error)

    tasks = [asyncio.create_task(pump(stream)) for stream in streams]
    try:
        running = len(tasks)
        while running:
            item = await queue.get()
            if item is None:
                running -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
