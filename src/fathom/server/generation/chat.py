"""Generation of one turn of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from fathom.base.errors import RequestError
from fathom.engine.request import AnswerStop, GrammarSpec, Request
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import ChoiceFinished, GenerationEvent, GenerationFinished, GenerationStarted
from fathom.server.generation.grammar import answer_grammar, call_grammar, call_or_answer_grammar
from fathom.server.generation.jobs import ChatJob, sampling_params
from fathom.server.models.served_model import ServedModel
from fathom.text import markers

if TYPE_CHECKING:
    from fathom.text.conversation import Chat, Prompt


async def chat(served: ServedModel, job: ChatJob) -> AsyncGenerator[GenerationEvent, None]:
    """Generate one turn. Raises RequestError or OverloadedError before the first event."""
    if served.chat is None:
        raise RequestError("this model has no chat template: it continues text", "use /v1/completions")
    # rendering and encoding a long history takes a while: not on the event loop
    prompt = await asyncio.to_thread(served.chat.render, job.conversation)
    params = sampling_params(served.sampling, job.sampling)
    answer_stop = _answer_stop(params.stop, prompt)
    everywhere = (stop for stop in params.stop if answer_stop is None or stop not in answer_stop.texts)
    params = replace(params, stop=(*everywhere, *prompt.stop))
    if not params.ignore_eos:
        params = replace(params, stop_token_ids=tuple(prompt.stop_token_ids.union(params.stop_token_ids)))
    closing = await asyncio.to_thread(_closing_ids, served, served.chat, job, prompt) if job.close_thinking else ()
    request = Request(
        prompt.ids,
        params,
        _grammar(job, prompt),
        job.cache_salt,
        answer_stop=answer_stop,
        starts_text=prompt.opening.fresh and not job.conversation.prefill,
        completion=(*job.completion, *closing),
    )
    hidden = None if job.every_token else served.tokenizer.special_ids
    most_calls = None if job.parallel_calls else 1
    choices = [
        ChoiceState(served.chat.parser(prompt), prompt.thinking, hidden, most_calls=most_calls) for _ in range(params.n)
    ]
    async with aclosing(await served.engine.submit(request)) as chunks:
        yield GenerationStarted((prompt.ids,))
        async for chunk in chunks:
            choice = choices[chunk.index]
            if choice.finished:
                continue
            yield choice.push(chunk)
            if chunk.finish_reason or choice.has_called_enough:
                choice.finished = True
                reason = choice.finish_reason(chunk.finish_reason, stop_strings=bool(job.sampling.get("stop")))
                yield ChoiceFinished(chunk.index, reason)
                if not chunk.finish_reason and all(each.finished for each in choices):
                    break  # the tokens after the last call are not needed
    yield GenerationFinished(usage(request.prompt, choices))


def _closing_ids(served: ServedModel, chat: Chat, job: ChatJob, prompt: Prompt) -> tuple[int, ...]:
    """The tokens by which the thinking ends now; none where it has not begun, or the completion has ended it."""
    if not prompt.dialect.thinks:
        return ()
    thinking = prompt.thinking
    if job.completion:
        parser = chat.parser(prompt)
        parser.push(served.tokenizer.decode(list(job.completion), skip_special=False))
        thinking = parser.thinking
    return chat.closing_ids if thinking else ()


def _answer_stop(stop: tuple[str, ...], prompt: Prompt) -> AnswerStop | None:
    """The client's stop strings where the model may think before its answer. One that contains the tag which closes the
    thinking ends it."""
    texts = tuple(text for text in stop if markers.THINK_CLOSE not in text)
    if not texts or not (prompt.thinking or prompt.opening.may_think):
        return None
    return AnswerStop(texts, "" if prompt.thinking else markers.THINK_OPEN, markers.THINK_CLOSE)


def _grammar(job: ChatJob, prompt: Prompt) -> GrammarSpec | None:
    think = job.conversation.thinking is not False
    tools, several = job.callable_tools, job.parallel_calls
    if job.call:
        return call_grammar(prompt, tools, several=several and job.call is True, think=think)
    if job.grammar and tools:
        return call_or_answer_grammar(prompt, tools, job.grammar, several=several, think=think)
    return answer_grammar(prompt, job.grammar, think=think) if job.grammar else None
