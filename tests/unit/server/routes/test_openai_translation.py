"""The dialect, without a server: bodies to jobs, events to bodies, and shapes that match their declarations."""

from __future__ import annotations

import json

import pydantic_core
import pytest
from pydantic import TypeAdapter, ValidationError
from scripted import ByteTokenizer, Script, scripted_backend

from fathom.engine.request import TokenLogprob
from fathom.server import generation
from fathom.server.errors import ApiError
from fathom.server.routes.openai import chat_request, chat_response, completions_io
from fathom.server.routes.openai.common import check_model, encode, event, token_logprobs, usage_body
from fathom.server.schemas.openai.base import REFUSED, UsageBody
from fathom.server.schemas.openai.chat import ChatChunk, ChatCompletion, ChatRequest
from fathom.server.schemas.openai.completions import Completion, CompletionRequest
from fathom.types import Conversation, Message, ToolCall, Usage

ASK = {"messages": [{"role": "user", "content": "Hi"}]}
CALLS = [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]


def chat_job(**body: object) -> generation.ChatJob:
    return chat_request.job_of(ChatRequest.model_validate(ASK | body))


def test_messages():
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "name": "Ann"},
        {"role": "assistant", "content": "x", "reasoning_content": "dropped"},
        {"role": "assistant", "content": None, "reasoning_content": "kept", "tool_calls": CALLS},
        {"role": "tool", "content": "17", "tool_call_id": "c1"},
    ]
    assert chat_job(messages=messages).conversation == Conversation(
        (
            Message("system", "Be brief."),
            Message("user", "ab", name="Ann"),
            Message("assistant", "x"),
            Message("assistant", "", "kept", (ToolCall("c1", "now", "{}"),)),
            Message("tool", "17", tool_call_id="c1"),
        )
    )


@pytest.mark.parametrize(
    ("body", "thinking", "effort"),
    [
        ({}, None, None),
        ({"reasoning_effort": "minimal"}, True, "low"),
        ({"reasoning_effort": "low"}, True, "low"),
        ({"reasoning_effort": "medium"}, True, "high"),
        ({"reasoning_effort": "high"}, True, "high"),
        ({"reasoning_effort": "xhigh"}, True, "high"),
        ({"reasoning_effort": "max"}, True, "max"),
        ({"reasoning_effort": "none"}, False, None),
        ({"thinking": {"type": "disabled"}, "reasoning_effort": "max"}, False, "max"),
        ({"thinking": {"type": "enabled"}, "model": "deepseek-chat"}, True, None),
    ],
)
def test_thinking_and_effort(body, thinking, effort):
    conversation = chat_job(**body).conversation
    assert (conversation.thinking, conversation.effort) == (thinking, effort)


@pytest.mark.parametrize("name", REFUSED)
def test_fields_that_cannot_be_honored_are_refused(name):
    with pytest.raises(ValidationError, match=name):
        ChatRequest.model_validate(ASK | {name: {"a": 1}})
    ChatRequest.model_validate(ASK | {name: None})


def test_prompts_of_completions():
    def prompts(prompt: object) -> tuple[object, ...]:
        return completions_io.job_of(CompletionRequest.model_validate({"prompt": prompt})).prompts

    assert prompts("") == ("",)
    assert prompts(["a", "b"]) == ("a", "b")
    assert prompts([1, 2]) == ((1, 2),)
    assert prompts([[1], [2, 3]]) == ((1,), (2, 3))


async def test_what_is_written_has_the_declared_shapes():
    backend = scripted_backend(Script("x</think>y"))
    body = ChatRequest.model_validate(
        ASK | {"logprobs": True, "top_logprobs": 1, "return_token_ids": True, "stream_options": {"include_usage": True}}
    )
    job = chat_request.job_of(ChatRequest.model_validate(body.model_dump() | {"thinking": {"type": "enabled"}}))
    (whole,) = [piece async for piece in chat_response.write(generation.chat(backend, job), body, backend)]
    completion = TypeAdapter(ChatCompletion).validate_python(pydantic_core.from_json(whole), strict=True)
    assert completion["choices"][0]["message"]["reasoning_content"] == "x"
    assert len(completion["choices"][0]["logprobs"]["reasoning_content"]) == len("x</think>")
    *events, done = [piece async for piece in chat_response.stream(generation.chat(backend, job), body, backend)]
    assert done == b"data: [DONE]\n\n"
    for piece in events:
        TypeAdapter(ChatChunk).validate_python(json.loads(piece.removeprefix(b"data: ")), strict=True)
    text = CompletionRequest.model_validate({"prompt": "x", "logprobs": 1, "return_token_ids": True})
    started = generation.complete(backend, completions_io.job_of(text))
    (whole,) = [piece async for piece in completions_io.write(started, text, backend)]
    TypeAdapter(Completion).validate_python(json.loads(whole), strict=True)


def test_names():
    backend = scripted_backend(aliases=frozenset({"other"}))
    for name in (None, "scripted", "other", "deepseek-chat", "deepseek-reasoner"):
        check_model(name, backend)
    for name in ("", "Scripted", "gpt-4o"):
        with pytest.raises(ApiError):
            check_model(name, backend)


def test_usage():
    usage = usage_body(Usage(10, 4, 6, 2))
    assert TypeAdapter(UsageBody).validate_python(usage) == usage
    assert usage["prompt_tokens"] == usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"]
    assert (usage["total_tokens"], usage["completion_tokens_details"]["reasoning_tokens"]) == (16, 2)


def test_half_a_character_and_log_zero():
    (entry,) = token_logprobs(ByteTokenizer(), [TokenLogprob(0xC3, float("-inf"), ((97, -1.0),))])
    assert entry == {
        "token": "�",
        "logprob": -9999.0,
        "bytes": [0xC3],
        "top_logprobs": [{"token": "a", "logprob": -1.0, "bytes": [97]}],
    }


def test_what_json_cannot_carry_does_not_break_an_answer():
    assert encode({"a": "ü\ud800"}) == '{"a":"ü?"}'.encode()
    assert event({"a": "\n"}) == b'data: {"a":"\\n"}\n\n'
