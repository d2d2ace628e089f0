"""Chunks as servers write them, to events: three forms of thinking, tool calls with and without index and id."""

from __future__ import annotations

from typing import Any

import pytest

from fathom.server.models.upstream.endpoint import UpstreamError
from fathom.server.models.upstream.reply import ReplyParser, read_usage
from fathom.text.events import ToolCallEnded, assemble_message, coalesce
from fathom.types import Message, Usage


def parse(*deltas: dict[str, Any], finish: str | None = "stop") -> tuple[Message, ReplyParser]:
    reply = ReplyParser("Up")
    events = [event for delta in deltas for event in reply.push({"choices": [{"delta": delta}]})]
    events += reply.push({"choices": [{"delta": {}, "finish_reason": finish}]})
    events += reply.end()
    return assemble_message(coalesce(events)), reply


@pytest.mark.parametrize(
    "deltas",
    [
        [{"reasoning_content": "Hm, "}, {"reasoning_content": "yes."}, {"content": "42"}],
        [{"reasoning": "Hm, yes."}, {"content": "42"}],
        [{"reasoning": "Hm, yes.", "reasoning_content": "Hm, yes."}, {"content": "42", "reasoning_content": None}],
        [{"content": "<thi"}, {"content": "nk>\nHm, yes."}, {"content": "\n</th"}, {"content": "ink>\n\n42"}],
        [{"content": "Hm, yes.\n</think>\n"}, {"content": "\n42"}],  # the template opened it
        [{"content": [{"type": "text", "text": "<think>Hm, yes.</think>"}]}, {"content": "42"}],
    ],
)
def test_every_form_of_thinking(deltas: list[dict[str, Any]]):
    message, reply = parse(*deltas)
    assert (message.reasoning, message.content) == ("Hm, yes.", "42")
    assert reply.thought
    assert reply.finish == "stop"


def test_an_answer_alone():
    message, reply = parse({"role": "assistant", "content": ""}, {"content": "  Use <b>"}, {"content": "bold</b>."})
    assert (message.reasoning, message.content.strip()) == (None, "Use <b>bold</b>.")
    assert not reply.thought


def function(name: str | None, arguments: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    "calls",
    [
        [[{"index": 0, "id": "a", **function("f", "")}], [{"index": 0, **function(None, '{"x"')}],
         [{"index": 0, **function(None, ": 1}")}], [{"index": 1, "id": "b", **function("g", "{}")}]],
        [[{"index": 0, "id": "a", **function("f", '{"x": 1}')}, {"index": 1, "id": "b", **function("g", "{}")}]],
        [[{"id": "a", **function("f", '{"x": 1}')}], [{"id": "b", **function("g", "{}")}]],
        [[{"index": 0, "id": "a", **function("f", {"x": 1})}], [{"index": 0, "id": "b", **function("g", {})}]],
        [[{"index": 0, "id": "a", **function("f", '{"x": ')}], [{"index": 0, "id": "a", **function("f", "1}")}],
         [{"index": 1, "id": "b", **function("g", "{}")}]],
    ],
)  # fmt: skip
def test_every_form_of_calls(calls: list[list[dict[str, Any]]]):
    message, reply = parse(*({"tool_calls": entries} for entries in calls))
    assert [(call.id, call.name, call.arguments) for call in message.tool_calls] == [
        ("a", "f", '{"x": 1}'),
        ("b", "g", "{}"),
    ]
    assert reply.finish == "tool_calls"


def test_a_call_without_an_id_gets_one():
    message, _ = parse({"tool_calls": [function("f", "{}")]}, finish="tool_calls")
    assert message.tool_calls[0].id.startswith("call_")


def test_a_call_that_was_cut_off_is_incomplete():
    reply = ReplyParser("Up")
    reply.push({"choices": [{"delta": {"tool_calls": [{"index": 0, **function("f", '{"x"')}]}}]})
    reply.push({"choices": [{"delta": {}, "finish_reason": "length"}]})
    assert reply.end() == [ToolCallEnded(0, complete=False)]
    assert reply.finish == "length"


@pytest.mark.parametrize("reason", ["content_filter", "insufficient_system_resource"])
def test_reasons_that_are_failures(reason: str):
    with pytest.raises(UpstreamError, match="Up stopped: it"):
        parse({"content": "Well"}, finish=reason)


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"choices": []},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": 5, "tool_calls": 7, "reasoning": []}}]},
        {"choices": [{"delta": {"tool_calls": [None, {"function": 3}, {"function": {"arguments": "x"}}]}}]},
        {"choices": [{"delta": {}, "finish_reason": 4}]},
        {"usage": 5},
    ],
)
def test_nonsense_is_no_event(chunk: dict[str, Any]):
    reply = ReplyParser("Up")
    assert (reply.push(chunk), reply.end(), reply.finish) == ([], [], None)


def test_usage():
    openai = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert read_usage(openai) == Usage(9, 4, 5, 3)
    assert read_usage({"prompt_tokens": 9, "prompt_cache_hit_tokens": 8}) == Usage(9, 8, 0, 0)
    assert read_usage({"prompt_tokens": None, "prompt_tokens_details": 5, "completion_tokens": -1}) == Usage()
