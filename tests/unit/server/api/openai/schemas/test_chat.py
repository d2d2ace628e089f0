"""Chat request schema: messages by role, tools, response formats."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fathom.server.api.openai.chat.request import job_of
from fathom.server.api.openai.schemas.chat import AssistantMessage, ChatRequest, JsonSchemaFormat, ToolMessage

ASK = {"messages": [{"role": "user", "content": "Hi"}]}


def test_the_role_chooses_the_message_type():
    messages = [{"role": "assistant"}, {"role": "tool", "content": "1", "tool_call_id": "c"}]
    body = ChatRequest.model_validate({"messages": messages})
    assert [type(message) for message in body.messages] == [AssistantMessage, ToolMessage]


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": []},
        {"messages": [{"role": "judge", "content": "x"}]},
        ASK | {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        ASK | {"top_logprobs": 21},
        ASK | {"thinking": {"type": "maybe"}},
    ],
)
def test_invalid_requests(wrong):
    with pytest.raises(ValidationError):
        ChatRequest.model_validate(wrong)


def test_the_schema_of_a_response_format_is_read_by_its_alias():
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    body = ChatRequest.model_validate(ASK | {"response_format": form})
    assert isinstance(body.response_format, JsonSchemaFormat)
    assert body.response_format.json_schema.schema_ == {"type": "object"}


def test_parts_of_text():
    parts = [
        "a",
        {"type": "text", "text": "b"},
        {"type": "input_text", "text": "c"},
        {"type": "refusal", "refusal": "d"},
    ]
    body = ChatRequest.model_validate({"messages": [{"role": "user", "content": parts}]})
    assert job_of(body).conversation.messages[0].content == "abcd"


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file"])
def test_other_parts_are_refused_by_name(kind):
    messages = [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": kind, kind: {}}]}]
    with pytest.raises(ValidationError, match=f"the model reads text only, no '{kind}'; leave this part out"):
        ChatRequest.model_validate({"messages": messages})
