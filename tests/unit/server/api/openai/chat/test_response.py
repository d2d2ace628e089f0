"""Generation events to chat completions: whole and streamed, against the declared schemas."""

from __future__ import annotations

import json

import pydantic_core
import pytest
from pydantic import TypeAdapter
from scripted import Script, scripted_model

from fathom.server.api.live_response import Milestone
from fathom.server.api.openai.chat.request import job_of
from fathom.server.api.openai.chat.response import stream, write
from fathom.server.api.openai.schemas.chat import ChatChunk, ChatCompletion, ChatRequest
from fathom.server.generation.chat import chat

ASK = {"messages": [{"role": "user", "content": "Hi"}]}


async def test_responses_match_the_declared_schemas():
    served = scripted_model(Script("x</think>y"))
    body = ChatRequest.model_validate(
        ASK | {"logprobs": True, "top_logprobs": 1, "return_token_ids": True, "stream_options": {"include_usage": True}}
    )
    job = job_of(ChatRequest.model_validate(body.model_dump() | {"thinking": {"type": "enabled"}}))
    *_, whole = [part async for part in write(chat(served, job), body, served)]
    completion = TypeAdapter(ChatCompletion).validate_python(pydantic_core.from_json(whole), strict=True)
    assert completion["choices"][0]["message"]["reasoning_content"] == "x"
    assert len(completion["choices"][0]["logprobs"]["reasoning_content"]) == len("x</think>")
    accepted, *events, done = [part async for part in stream(chat(served, job), body, served)]
    assert accepted is Milestone.ACCEPTED
    assert done == b"data: [DONE]\n\n"
    for part in events:
        TypeAdapter(ChatChunk).validate_python(json.loads(part.removeprefix(b"data: ")), strict=True)


async def test_a_tool_call_is_streamed_by_name_then_arguments():
    call = '<tool_call>\n{"name": "now", "arguments": {"a": 1}}\n</tool_call>'
    served = scripted_model(Script(call))
    body = ChatRequest.model_validate(ASK | {"tools": [{"type": "function", "function": {"name": "now"}}]})
    _, *events, _ = [part async for part in stream(chat(served, job_of(body)), body, served)]
    choices = [json.loads(part.removeprefix(b"data: "))["choices"][0] for part in events]
    calls = [part for choice in choices for part in choice["delta"].get("tool_calls", ())]
    assert calls[0]["function"] == {"name": "now", "arguments": ""}
    assert json.loads("".join(part["function"]["arguments"] for part in calls)) == {"a": 1}
    assert choices[-1]["finish_reason"] == "tool_calls"
    *_, whole = [part async for part in write(chat(served, job_of(body)), body, served)]
    message = json.loads(whole)["choices"][0]["message"]
    assert message["content"] is None
    assert json.loads(message["tool_calls"][0]["function"]["arguments"]) == {"a": 1}


@pytest.mark.parametrize("step", [1, 3, 100])
async def test_thinking_without_an_opening_tag(step):
    served = scripted_model(Script("Hm.\n</think>\n\nYes", step=step))
    body = ChatRequest.model_validate(ASK | {"logprobs": True})
    *_, whole = [part async for part in write(chat(served, job_of(body)), body, served)]
    choice = json.loads(whole)["choices"][0]
    assert (choice["message"]["reasoning_content"], choice["message"]["content"]) == ("Hm.", "Yes")
    assert "".join(entry["token"] for entry in choice["logprobs"]["reasoning_content"]) == "Hm."
    assert "".join(entry["token"] for entry in choice["logprobs"]["content"]) == "Yes"


@pytest.mark.parametrize("step", [1, 7, 100])
async def test_a_call_inside_a_thinking_that_is_never_closed(step):
    call = '<tool_call>{"name": "now"}</tool_call>'
    served = scripted_model(Script(f"Hm, {call} or not", step=step))
    tools = [{"type": "function", "function": {"name": "now"}}]
    body = ChatRequest.model_validate(ASK | {"logprobs": True, "thinking": {"type": "enabled"}, "tools": tools})
    *_, whole = [part async for part in write(chat(served, job_of(body)), body, served)]
    choice = json.loads(whole)["choices"][0]
    assert (choice["message"]["reasoning_content"], choice["message"]["content"]) == ("Hm, ", " or not")
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "now", "arguments": "{}"}
    assert choice["finish_reason"] == "tool_calls"
    assert "".join(entry["token"] for entry in choice["logprobs"]["reasoning_content"]) == "Hm, "
    assert "".join(entry["token"] for entry in choice["logprobs"]["content"]) == " or not"
