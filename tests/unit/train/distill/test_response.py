"""Replies of endpoints: the usual forms, and anything at all."""

import json

import pytest
from fake_endpoint import said
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.train.distill.response import UnreadableReplyError, error_message, read
from fathom.train.distill.teacher import MAX_ANSWER


def parts(*args, **kwargs):
    found = read(said(*args, **kwargs).data())
    return found.message.reasoning, found.message.content, found.ending


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said("4", reasoning_content="2+2"), ("2+2", "4", "stop")),
        (said("4", reasoning="2+2"), ("2+2", "4", "stop")),
        (said("<think>\n2+2\n</think>\n\n4"), ("2+2", "4", "stop")),
        (said("2+2\n</think>\n\n4"), ("2+2", "4", "stop")),  # the prompt had opened the thinking
        (said("<think>\n2+2 and so", finish="length"), ("2+2 and so", "", "length")),
        (said("4", reasoning_content=""), (None, "4", "stop")),
        (said("4", reasoning_content=7), (None, "4", "stop")),
        (said([{"type": "text", "text": "4"}, {"type": "image"}, 3, {"text": "2"}]), (None, "42", "stop")),
        (said(None), (None, "", "stop")),
        (said("4", finish="content_filter"), (None, "4", "filtered")),
        (said("4", finish=["stop"]), (None, "4", "stop")),
        (said("4", tool_calls=[{"function": {"name": "f"}}]), (None, "4", "refused")),
        (said("a</think>b</think>c"), ("a", "b</think>c", "stop")),
    ],
)
def test_reasoning_and_answers_in_every_form_of_reply(reply, expected):
    found = read(reply.data())
    assert (found.message.reasoning, found.message.content, found.ending) == expected


@pytest.mark.parametrize("tokens", [None, "many", -1, True, 1.5, [7]])
def test_an_invalid_token_count_is_ignored(tokens):
    assert read(said(tokens=tokens).data()).tokens is None


def test_invalid_text_becomes_replacement_characters():
    data = said("caf@ \ud800!").data().replace(b"@", b"\xe9")
    found = read(data).message.content
    assert found == "caf\ufffd ?!"
    assert found.encode("utf-8")


def test_an_endless_answer_is_cut_off():
    found = read(said("x" * (MAX_ANSWER + 5)).data())
    assert (len(found.message.content), found.ending) == (MAX_ANSWER, "length")
    found = read(said("y" * 100, reasoning_content="x" * (MAX_ANSWER + 5)).data())
    assert (len(found.message.reasoning), found.message.content, found.ending) == (MAX_ANSWER, "", "length")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("choices", "message", "content", "reasoning_content", "usage", "tool_calls", "error")),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=25, deadline=None)
@given(JSON | st.fixed_dictionaries({"choices": st.lists(st.fixed_dictionaries({"message": JSON}), min_size=1)}))
def test_any_reply_is_read_or_unreadable(reply):
    data = json.dumps(reply).encode()
    try:
        found = read(data)
    except UnreadableReplyError:
        return
    assert isinstance(found.message.content, str)
    assert (found.message.content + (found.message.reasoning or "")).encode() is not None


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_unreadable(data):
    assert isinstance(error_message(data), str)
    with pytest.raises(UnreadableReplyError, match="the reply is"):
        read(data)
