"""Generation of one turn: order of events, tool calls, end tokens, cancellation."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import replace

import pytest
import torch
from scripted import EOS, ByteStream, ByteTokenizer, Script, scripted_model
from tiny_models import dense_config

import fathom.server.generation.chat
from fathom.base.errors import RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.engine import Engine
from fathom.engine.request import AnswerStop, GrammarSpec, SamplingParams
from fathom.model.transformer import Transformer
from fathom.server.errors import StoppingError
from fathom.server.generation.chat import chat
from fathom.server.generation.complete import complete
from fathom.server.generation.events import ChoiceFinished, GenerationDelta
from fathom.server.generation.jobs import ChatJob, TextJob
from fathom.text.events import AnswerText, ThinkingText, ToolCallStarted, assemble_message
from fathom.types import Conversation, Message, Tool

ASK = (Message("user", "Hi"),)


async def collect(events):
    return [event async for event in events]


async def test_thinking_tokens_are_counted():
    served = scripted_model(Script("ab</think>cd"))
    events = await collect(chat(served, ChatJob(Conversation(ASK, thinking=True))))
    pieces = [event for event in events if isinstance(event, GenerationDelta)]
    texts = [event for piece in pieces for event in piece.events]
    assert "".join(event.text for event in texts if isinstance(event, ThinkingText)) == "ab"
    assert "".join(event.text for event in texts if isinstance(event, AnswerText)) == "cd"
    assert events[-1].usage.reasoning_tokens == len("ab</think>")
    assert events[-1].usage.completion_tokens == len("ab</think>cd") + 1


async def test_a_tool_call_is_the_finish_reason():
    call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    served = scripted_model(Script(call))
    events = await collect(chat(served, ChatJob(Conversation(ASK, (Tool("now"),)))))
    started = [
        e
        for piece in events
        if isinstance(piece, GenerationDelta)
        for e in piece.events
        if isinstance(e, ToolCallStarted)
    ]
    assert [event.name for event in started] == ["now"]
    assert ChoiceFinished(0, "tool_calls") in events


async def test_a_forced_call_is_constrained_to_that_tool():
    served = scripted_model()
    tools = (Tool("now"), Tool("then"))
    await collect(chat(served, ChatJob(Conversation(ASK, tools), call="then")))
    grammar = served.engine.requests[0].grammar
    assert grammar.kind == "lark"
    assert '\\"then\\"' in grammar.value
    assert '\\"now\\"' not in grammar.value


async def test_tools_with_a_response_format_leave_the_choice():
    served = scripted_model()
    job = ChatJob(Conversation(ASK, (Tool("now"),)), grammar=GrammarSpec("json_object"))
    await collect(chat(served, job))
    grammar = served.engine.requests[0].grammar
    assert set(grammar.schemas) == {"arguments_0", "answer"}
    await collect(chat(served, replace(job, call=True)))
    assert set(served.engine.requests[1].grammar.schemas) == {"arguments_0"}


async def test_end_tokens_of_template_and_model():
    served = replace(scripted_model(Script(), Script()), sampling=SamplingParams(stop_token_ids=(7,), temperature=0.5))
    await collect(chat(served, ChatJob(Conversation(ASK))))
    await collect(chat(served, ChatJob(Conversation(ASK), {"ignore_eos": True, "top_p": 0.5})))
    first, second = (request.sampling for request in served.engine.requests)
    assert set(first.stop_token_ids) == {7, EOS}
    assert second.stop_token_ids == ()
    assert (second.temperature, second.top_p) == (0.5, 0.5)


async def test_stop_strings_count_in_the_answer_only():
    served = scripted_model(Script("x</think>y"), Script("x"), Script("x"))
    for thinking in (True, None):
        await collect(chat(served, ChatJob(Conversation(ASK, thinking=thinking), {"stop": ("a", "</think>")})))
    opened, free = served.engine.requests
    assert opened.answer_stop == AnswerStop(("a",), "", "</think>")
    assert free.answer_stop == AnswerStop(("a",), "<think>", "</think>")
    assert opened.sampling.stop == free.sampling.stop == ("</think>",)  # asked for: the thinking alone


async def test_without_thinking_stop_strings_count_everywhere():
    template = "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}<|im_start|>assistant\n<think></think>"
    served = scripted_model(Script("x"), template=template)
    await collect(chat(served, ChatJob(Conversation(ASK), {"stop": ("a",)})))
    assert served.engine.requests[0].answer_stop is None
    assert served.engine.requests[0].sampling.stop == ("a",)


async def test_a_turn_is_a_text_of_its_own_and_a_continued_one_is_not():
    served = scripted_model(Script("x"), Script("x"))
    begun = Conversation((*ASK, Message("assistant", "Sure")), prefill=True)
    for conversation in (Conversation(ASK), begun):
        await collect(chat(served, ChatJob(conversation)))
    assert [request.starts_text for request in served.engine.requests] == [True, False]


async def test_closing_early_cancels_the_request():
    served = scripted_model(Script("a long answer"))
    async with aclosing(chat(served, ChatJob(Conversation(ASK)))) as events:
        async for event in events:
            if isinstance(event, GenerationDelta):
                break
    assert (served.engine.running, served.engine.cancelled) == (0, 1)


async def test_a_cancelled_chunk_raises_stopping_error():
    served = scripted_model(Script("Hey", finish="cancelled"))
    with pytest.raises(StoppingError):
        await collect(chat(served, ChatJob(Conversation(ASK))))


async def test_a_base_model_does_not_chat():
    served = replace(scripted_model(), chat=None)
    with pytest.raises(RequestError, match="no chat template"):
        await collect(chat(served, ChatJob(Conversation(ASK))))
    assert (await collect(complete(served, TextJob(("x",)))))[-1].usage.prompt_tokens == 1


async def test_a_choice_ends_after_its_first_call_without_parallel_calls():
    call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    served = scripted_model(Script(call + call + "rest"))
    events = await collect(chat(served, ChatJob(Conversation(ASK, (Tool("now"),)), parallel_calls=False)))
    assert events[-2] == ChoiceFinished(0, "tool_calls")
    assert events[-1].usage.completion_tokens == len(call.removesuffix("\n</tool_call>"))  # the object is complete
    assert (served.engine.running, served.engine.cancelled) == (0, 1)


@pytest.fixture(scope="module")
def byte_engine():
    torch.manual_seed(0)
    model = Transformer(dense_config(vocab_size=257, max_position=512)).eval().requires_grad_(False)
    with Engine(model, ByteVocabulary(), EngineConfig(page_size=4, num_pages=128)) as engine:
        yield engine


class ByteVocabulary(ByteTokenizer):
    def detokenizer(self, *, continues=False):
        return ByteStream()


def turn_of(events):
    """What the events of a generation say in the end."""
    deltas = [event for event in events if isinstance(event, GenerationDelta)]
    message = assemble_message(event for delta in deltas for event in delta.events)
    calls = tuple((call.name, call.arguments) for call in message.tool_calls)  # their ids are random
    return message.reasoning, message.content, calls, events[-2], events[-1].usage.reasoning_tokens


THOUGHT = "\n\nh€llo\n</think>\n\nan answer\n"
CALL = 'Hm\n</think>\nSo:\n<tool_call>\n{"name": "now", "arguments": {"a": "é"}}\n</tool_call>'


@pytest.mark.parametrize("text", [THOUGHT, "<thin</think", CALL])
async def test_a_turn_resumed_at_any_token_is_the_same_turn(byte_engine, monkeypatch, text):
    """Cuts are within tags, calls, held newlines and characters; a grammar makes the model write ``text``."""
    only = GrammarSpec("lark", f"start: {json.dumps(text, ensure_ascii=False)}")
    monkeypatch.setattr(fathom.server.generation.chat, "_grammar", lambda job, prompt: only)
    served = replace(scripted_model(), engine=byte_engine)
    job = ChatJob(Conversation(ASK, (Tool("now"),), thinking=True))
    whole = await collect(chat(served, job))
    tokens = tuple(token for event in whole if isinstance(event, GenerationDelta) for token in event.token_ids)
    assert len(tokens) >= len(text.encode())
    for cut in range(1, len(tokens) + 1):
        assert turn_of(await collect(chat(served, replace(job, completion=tokens[:cut])))) == turn_of(whole), cut
