"""Generation of one turn of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from fathom.base.errors import RequestError
from fathom.engine.request import GrammarSpec, Request
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import ChoiceFinished, GenerationEvent, GenerationFinished, GenerationStarted
from fathom.server.generation.grammar import answer_grammar, call_grammar
from fathom.server.generation.jobs import ChatJob, sampling_params
from fathom.server.models.served_model import ServedModel
from fathom.text.conversation import Prompt
from fathom.text.events import ToolCallEnded


async def chat(served: ServedModel, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
    """Generate one turn. Raises RequestError or OverloadedError before the first delta."""
    if served.chat is None:
        raise RequestError("this model has no chat template: it continues text", "use /v1/completions")
    # rendering and encoding a long history takes a while: not on the event loop
    prompt = await asyncio.to_thread(served.chat.render, job.conversation)
    params = sampling_params(served.sampling, job.sampling)
    params = replace(params, stop=(*params.stop, *prompt.stop))
    if not params.ignore_eos:
        params = replace(params, stop_token_ids=tuple(prompt.stop_token_ids.union(params.stop_token_ids)))
    request = Request(prompt.ids, params, _grammar(job, prompt), job.cache_salt)
    choices = [ChoiceState(served.chat.parser(prompt), prompt.thinking) for _ in range(params.n)]
    yield GenerationStarted((prompt.ids,))
    async with aclosing(served.engine.generate(request)) as chunks:
        async for chunk in chunks:
            choice = choices[chunk.index]
            if choice.finished:
                continue
            delta = choice.push(chunk)
            yield delta
            first_call_done = any(isinstance(event, ToolCallEnded) for event in delta.events)
            if chunk.finish_reason or (first_call_done and not job.parallel_calls):
                choice.finished = True
                reason = "tool_calls" if choice.has_called else chunk.finish_reason or "stop"
                yield ChoiceFinished(chunk.index, reason)
                if not chunk.finish_reason and all(each.finished for each in choices):
                    break  # the tokens after the last call are not needed
    yield GenerationFinished(usage(request.prompt, choices))


def _grammar(job: ChatJob, prompt: Prompt) -> GrammarSpec | None:
    think = job.conversation.thinking is not False
    if job.call:
        tools = [tool for tool in job.conversation.tools if job.call in (True, tool.name)]
        return call_grammar(prompt, tools, several=job.call is True and job.parallel_calls, think=think)
    return answer_grammar(prompt, job.grammar, think=think) if job.grammar else None
