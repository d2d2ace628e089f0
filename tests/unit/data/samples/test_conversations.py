"""Conversations in the formats of datasets, and records that are refused."""

import json
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
        (
            {"messages": None, "conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]},
            (HI, HO),
        ),
        ({"messages": '[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]'}, (HI, HO)),
        (
            {"system": "S", "conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ho"}]},
            (Message("system", "S"), HI, HO),
        ),
        (
            {"system": "S ", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "hi"}]},
            (Message("system", "S"), HI),
        ),
        ({"question": "6*7?", "answer": 42}, (Message("user", "6*7?"), Message("assistant", "42"))),
        ({"instruction": "hi", "context": "you", "response": "ho"}, (Message("user", "hi\n\nyou"), HO)),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}, (HI,)),
        ({"messages": [{"role": "user", "content": ["hi"]}]}, (HI,)),
    ],
)
def test_formats(record: dict[str, Any], expected: tuple[Message, ...]) -> None:
    parsed = parse_conversation(record)
    assert parsed.conversation == Conversation(expected)
    assert parsed.learned == {at for at, message in enumerate(expected) if message.role == "assistant"}


def test_a_turn_that_is_marked_out_is_context(smollm_chat: Chat) -> None:
    turns = [("user", "a", {}), ("assistant", "BAD", {"weight": 0}), ("user", "c", {}), ("assistant", "GOOD", {})]
    record = {"messages": [{"role": role, "content": text, **mark} for role, text, mark in turns]}
    (sample,) = chat_samples(GeneratedSource("rows", lambda _: record, 1), smollm_chat, Skips())
    tokenizer = smollm_chat.tokenizer
    assert sample.learned is not None
    learned = [index for index, own in zip(sample.ids, sample.learned, strict=True) if own]
    assert tokenizer.decode(learned, skip_special=False) == "GOOD<|im_end|>"
    assert "BAD" in tokenizer.decode(sample.ids)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "train": False}]},
            "all of its assistant turns are marked as not to be learned",
        ),
        (
            {"messages": [{"role": "assistant", "content": "hello"}, {"role": "user", "content": "a"}]},
            "its assistant turns answer no user",
        ),
        ({"messages": [{"role": "system", "content": "S"}]}, "the conversation has no assistant turn"),
    ],
)
def test_a_conversation_without_a_turn_to_learn_is_skipped(
    smollm_chat: Chat, record: dict[str, Any], reason: str
) -> None:
    skips = Skips()
    assert list(chat_samples(GeneratedSource("rows", lambda _: record, 1), smollm_chat, skips)) == []
    assert skips.items == [("rows:1", reason)]


@pytest.mark.parametrize("mark", [{"weight": 0}, {"weight": 0.0}, {"train": False}, {"loss_mask": 0}])
def test_a_record_that_is_marked_as_a_whole_is_refused(mark: dict[str, Any]) -> None:
    for record in (
        {"prompt": "a", "completion": "b"},
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
    ):
        with pytest.raises(DataError, match=f"it is marked as not to be learned .{next(iter(mark))}."):
            parse_conversation(record | mark)
        parse_conversation(record | {"weight": 1, "train": True, "loss": 0.0, "loss_mask": None})


@pytest.mark.parametrize("empty", [None, []])
def test_of_several_formats_the_one_that_is_filled_is_read(empty: Any) -> None:
    talk = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    assert parse_conversation({"messages": empty, "conversations": talk}) == parse_conversation({"messages": talk})
    pair = {"question": "a", "answer": "b"}
    assert parse_conversation({"messages": empty, **pair}) == parse_conversation(pair)
    assert parse_conversation({"input": float("nan"), **pair}) == parse_conversation(pair)


def test_a_greeting_is_context(smollm_chat: Chat) -> None:
    turns = (("assistant", "Welcome!"), ("user", "hi"), ("assistant", "ho"))
    record = {"messages": [{"role": role, "content": text} for role, text in turns]}
    (sample,) = chat_samples(GeneratedSource("rows", lambda _: record, 1), smollm_chat, Skips())
    assert sample.learned is not None
    assert (
        smollm_chat.tokenizer.decode([index for index, own in zip(sample.ids, sample.learned, strict=True) if own])
        == "ho"
    )
    assert "Welcome!" in smollm_chat.tokenizer.decode(sample.ids)


def test_of_trls_form_the_completion_is_learned() -> None:
    before = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    parsed = parse_conversation({"prompt": before, "completion": [{"role": "assistant", "content": "d"}]})
    assert [message.content for message in parsed.conversation.messages] == ["a", "b", "c", "d"]
    assert parsed.learned == {3}
    assert parse_conversation({"prompt": before, "completion": "d"}) == parsed
    assert parse_conversation({"prompt": json.dumps(before), "completion": "d"}) == parsed


def test_a_text_that_looks_like_a_list_is_a_text() -> None:
    parsed = parse_conversation({"prompt": "[3, 1, 2]", "completion": "[1, 2, 3]"})
    assert [message.content for message in parsed.conversation.messages] == ["[3, 1, 2]", "[1, 2, 3]"]


def test_earlier_turns_of_alpacas_form_are_learned_too() -> None:
    parsed = parse_conversation({"instruction": "c", "output": "d", "history": [["a", "b"]], "system": "S"})
    assert [message.content for message in parsed.conversation.messages] == ["S", "a", "b", "c", "d"]
    assert parsed.learned == {2, 4}


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
    assert parse_conversation(record).conversation == Conversation(
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
        ({"messages": [{"role": "user", "content": {"a": 1}}]}, "the content of a user message is an object, not text"),
        ({"text": "hi"}, "it holds a text, not a conversation"),
        ({"question": "hi", "answer": ["a", "b"]}, "its answer is a list, not text"),
        (
            {"question": "hi", "answer": None},
            "it has no answer (one of response, answer, output, completion, solution)",
        ),
        (
            {"prompt": "hi", "chosen": "ho", "rejected": "no"},
            "it is a preference (chosen, rejected), and fine-tuning learns one answer: rename chosen to completion",
        ),
        ({"prompt": "hi", "completion": "no", "label": False}, "its label is false: the answer is one not to give"),
        (
            {"messages": [{"role": "user", "content": "hi"}], "images": ["a.png"]},
            "it has images, and only text is learned",
        ),
        (
            {"system": "S", "messages": [{"role": "system", "content": "T"}, {"role": "user", "content": "hi"}]},
            "it has two system prompts, and they differ",
        ),
        (
            {"instruction": "a", "output": "b", "history": ["c"]},
            "its history is no list of questions with their answers",
        ),
        ({"messages": [{"role": "assistant", "content": " "}]}, "an answer is empty"),
        ({"messages": [{"role": "assistant", "content": "", "tool_calls": [{}]}]}, "a tool call has no name"),
        ({"messages": [{"role": "user", "content": "hi"}], "tools": [{}]}, "a tool has no name"),
    ],
)
def test_records_without_a_conversation(record: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_conversation(record)
    assert caught.value.message == message


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "from", "content", "tool_calls", "function", "name", "user", "weight"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


FIELDS = [
    "messages",
    "conversations",
    "tools",
    "question",
    "answer",
    "input",
    "prompt",
    "completion",
    "history",
    "system",
]


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_any_record_is_a_conversation_or_a_data_error(record: dict[str, Any]) -> None:
    with suppress(DataError):
        parsed = parse_conversation(record)
        assert all(parsed.conversation.messages[at].role == "assistant" for at in parsed.learned)


def test_broken_conversations_are_skipped_with_their_line(r1_chat: Chat) -> None:
    rows = [{"question": "a", "answer": "b"}, {"question": "a"}, {"messages": [{"role": "user", "content": "x"}]}]
    skips = Skips()
    found = list(chat_samples(GeneratedSource("rows", rows.__getitem__, 3), r1_chat, skips))
    assert len(found) == 1
    assert skips.items == [
        ("rows:2", "it has no answer (one of response, answer, output, completion, solution)"),
        ("rows:3", "the conversation has no assistant turn"),
    ]
