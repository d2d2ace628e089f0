"""The body of a request to an upstream."""

from __future__ import annotations

import pytest

from fathom.base.errors import RequestError
from fathom.engine.request import GrammarSpec
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.upstream.request import request_body
from fathom.types import Conversation, Message, Picture, Tool, ToolCall

HI = (Message("system", "Be brief."), Message("user", "Hi"))


def test_a_question():
    job = ChatJob(Conversation(HI), {"temperature": 0.5, "top_k": 20, "max_tokens": None, "stop": ("x",), "n": 1})
    assert request_body(job, "m", plain=True) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "stream": True,
        "temperature": 0.5,
        "stop": ["x"],
    }


def test_a_question_with_pictures():
    pictures = (Picture("image/png", b"abc"), Picture("image/webp", b"def"))
    job = ChatJob(Conversation((Message("user", "What is this?", pictures=pictures),)))
    assert request_body(job, "m", plain=True)["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}},
        {"type": "image_url", "image_url": {"url": "data:image/webp;base64,ZGVm"}},
    ]


def test_thinking_by_each_name_that_servers_have_for_it():
    more = request_body(ChatJob(Conversation(HI, thinking=True, effort="low")), "m")
    assert more["thinking"] == {"type": "enabled"}
    assert more["chat_template_kwargs"] == {"enable_thinking": True}
    assert more["reasoning_effort"] == "low"
    assert more["stream_options"] == {"include_usage": True}
    off = request_body(ChatJob(Conversation(HI, thinking=False, effort="high")), "m")
    assert off["thinking"] == {"type": "disabled"}
    assert "reasoning_effort" not in off
    assert "thinking" not in request_body(ChatJob(Conversation(HI)), "m")


def test_tools_and_a_turn_that_called_one():
    call = ToolCall("call_1", "clock", "{}")
    turn = (Message("assistant", "", "Let me see.", (call,)), Message("tool", "noon", tool_call_id="call_1"))
    tool = Tool("clock", "tells the time", {"type": "object"})
    body = request_body(ChatJob(Conversation((*HI, *turn), (tool,)), call="clock"), "m", plain=True)
    assert body["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}],
            "reasoning_content": "Let me see.",
        },
        {"role": "tool", "content": "noon", "tool_call_id": "call_1"},
    ]
    function = {"name": "clock", "description": "tells the time", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "clock"}}
    assert request_body(ChatJob(Conversation(HI, (tool,)), call=True), "m")["tool_choice"] == "required"


@pytest.mark.parametrize(
    "job",
    [
        ChatJob(Conversation((*HI, Message("assistant", "He")), prefill=True)),
        ChatJob(Conversation(HI), completion=(1,)),
        ChatJob(Conversation(HI), grammar=GrammarSpec("json_object")),
    ],
)
def test_what_only_a_local_model_can(job: ChatJob):
    with pytest.raises(RequestError, match="local model"):
        request_body(job, "m")
