"""Conversations in the formats of datasets, and records that are refused."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import DataError
from fathom.data.samples.conversations import chat_samples, parse_conversation
from fathom.data.sources.source import GeneratedSource, Skips
from fathom.text.conversation import Chat
from fathom.types import Conversation, Message, Tool, ToolCall

HI, HO = Message("user", "hi"), Message("assistant", "ho")
THOUGHT = Message("assistant", "ho", reasoning="hm")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}, (HI, HO)),
        ({"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]}, (HI, HO)),
        ({"question": "hi", "answer": "ho"}, (HI, HO)),
        ({"prompt": "hi", "completion": "ho", "system": "S"}, (Message("system", "S"), HI, HO)),
        ({"instruction": "hi", "input": "you", "output": "ho"}, (Message("user", "hi\n\nyou"), HO)),
        ({"question": "hi", "answer": "ho", "think": "hm"}, (HI, THOUGHT)),
        ({"question": "hi", "answer": "<think>\nhm\n</think>\n\nho"}, (HI, THOUGHT)),
        ({"messages": [{"role": "assistant", "content": "ho", "reasoning_content": "hm"}]}, (THOUGHT,)),
    ],
)
def test_formats(record: dict[str, Any], expected: tuple[Message, ...]) -> None:
    assert parse_conversation(record) == Conversation(expected)


def test_tools() -> None:
    record = {
        "tools": [
            {"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}
        ],
        "messages": [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "a", "function": {"name": "add", "arguments": {"x": 1}}}],
            },
            {"role": "tool", "content": "2", "tool_call_id": "a"},
        ],
    }
    assert parse_conversation(record) == Conversation(
        (Message("assistant", tool_calls=(ToolCall("a", "add", '{"x": 1}'),)), Message("tool", "2", tool_call_id="a")),
        tools=(Tool("add", "adds", {"type": "object"}),),
    )


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "it has no question (one of question, prompt, instruction, problem, input)"),
        ({"question": "hi", "answer": " "}, "it has no answer (one of response, answer, output, completion, solution)"),
        ({"messages": []}, "its messages are not a list of messages"),
        ({"messages": "hi"}, "its messages are not a list of messages"),
        ({"messages": ["hi"]}, "one of its messages is not an object"),
        ({"messages": [{"role": "narrator", "content": ""}]}, "a message has the role 'narrator'"),
        ({"messages": [{"role": "user", "content": ["hi"]}]}, "the content of a user message is not text"),
        ({"messages": [{"role": "assistant", "content": " "}]}, "an answer is empty"),
        ({"messages": [{"role": "assistant", "content": "", "tool_calls": [{}]}]}, "a tool call has no name"),
        ({"messages": [{"role": "user", "content": "hi"}], "tools": [{}]}, "a tool has no name"),
    ],
)
def test_records_without_a_conversation(record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_conversation(record)
    assert caught.value.message == message


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "tool_calls", "function", "name", "user"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["messages", "conversations", "tools", "question", "answer", "input"]), json))
def test_any_record_is_a_conversation_or_a_data_error(record: dict[str, Any]) -> None:
    with suppress(DataError):
        assert parse_conversation(record).messages


def test_broken_conversations_are_skipped_with_their_line(r1_chat: Chat) -> None:
    rows = [{"question": "a", "answer": "b"}, {"question": "a"}, {"messages": [{"role": "user", "content": "x"}]}]
    skips = Skips()
    found = list(chat_samples(GeneratedSource("rows", rows.__getitem__, 3), r1_chat, skips))
    assert len(found) == 1
    assert skips.items == [
        ("rows:2", "it has no answer (one of response, answer, output, completion, solution)"),
        ("rows:3", "the conversation has no assistant turn"),
    ]
