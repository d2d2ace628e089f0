"""Chat requests to jobs: messages, thinking, effort, and fields that contradict each other."""

from __future__ import annotations

import pytest

from fathom.base.errors import SchemaError
from fathom.engine.request import GrammarSpec
from fathom.server.api.openai.chat.request import job_of, schema_param
from fathom.server.api.openai.schemas.chat import ChatRequest
from fathom.server.errors import ApiError
from fathom.server.generation.jobs import ChatJob
from fathom.types import Conversation, Message, Tool, ToolCall

ASK = {"messages": [{"role": "user", "content": "Hi"}]}
CALLS = [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}]


def chat_job(**body: object) -> ChatJob:
    return job_of(ChatRequest.model_validate(ASK | body))


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


def test_what_other_clients_send():
    """A refusal, reasoning by its other name, arguments as an object, an empty result, a result's name."""
    called = [{"id": "c1", "function": {"name": "now", "arguments": {"zone": "é"}}}]
    messages = [
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "assistant", "content": None, "reasoning_content": "cut off"},
        {"role": "assistant", "content": "", "reasoning": "kept", "tool_calls": called},
        {"role": "tool", "content": None, "tool_call_id": "c1", "name": "now"},
    ]
    assert chat_job(messages=messages).conversation.messages == (
        Message("assistant", "No."),
        Message("assistant", ""),
        Message("assistant", "", "kept", (ToolCall("c1", "now", '{"zone": "é"}'),)),
        Message("tool", "", tool_call_id="c1", name="now"),
    )


@pytest.mark.parametrize("function", [{"name": "now"}, {"name": "now", "arguments": None}])
def test_a_past_call_may_have_no_arguments(function):
    messages = [{"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "function": function}]}]
    assert chat_job(messages=messages).conversation.messages[0].tool_calls == (ToolCall("c1", "now", "{}"),)


def test_a_message_to_continue():
    last = {"role": "assistant", "content": "Sure", "reasoning_content": "Hm."}
    for body in (
        {"messages": [*ASK["messages"], last | {"prefix": True}]},
        {"messages": [*ASK["messages"], last], "continue_final_message": True, "add_generation_prompt": False},
    ):
        conversation = chat_job(**body).conversation
        assert conversation.prefill
        assert conversation.messages[-1] == Message("assistant", "Sure", "Hm.")
    assert not chat_job(add_generation_prompt=True, continue_final_message=False).conversation.prefill


@pytest.mark.parametrize(
    ("body", "thinking", "variables"),
    [
        ({"chat_template_kwargs": {"enable_thinking": False}}, False, {}),
        ({"chat_template_kwargs": {"thinking": True, "date_string": "May"}}, True, {"date_string": "May"}),
        ({"chat_template_kwargs": {"enable_thinking": False}, "thinking": {"type": "disabled"}}, False, {}),
        ({"chat_template_kwargs": {"enable_thinking": True}, "model": "deepseek-chat"}, True, {}),
        ({"chat_template_kwargs": {"enable_thinking": False}, "reasoning_effort": "high"}, False, {}),
        ({"chat_template_kwargs": {}}, None, {}),
    ],
)
def test_variables_of_the_template(body, thinking, variables):
    conversation = chat_job(**body).conversation
    assert (conversation.thinking, conversation.template_variables) == (thinking, variables)


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 5.0}, 5),
        ({"max_tokens": 7, "max_completion_tokens": None}, 7),
        ({"max_tokens": -1}, None),
        ({"max_tokens": 7, "max_completion_tokens": -1}, None),
    ],
)
def test_the_newer_limit_of_tokens_counts(body, most):
    assert chat_job(**body).sampling["max_tokens"] == most


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


TOOL = {"type": "function", "function": {"name": "now"}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"tool_choice": "required"}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "then"}}},
            "tool_choice.function.name",
        ),
        ({"tools": [TOOL, TOOL | {"function": {"name": "now", "description": "x"}}]}, "tools[1].function.name"),
        (
            {
                "tools": [TOOL],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [TOOL, TOOL | {"function": {"name": "then"}}]},
                },
            },
            "tool_choice.allowed_tools.tools[1].function.name",
        ),
        ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, "tool_choice"),
        ({"messages": [{"role": "assistant", "content": "x", "prefix": True}, *ASK["messages"]]}, "messages[0].prefix"),
        ({"continue_final_message": True}, "continue_final_message"),
        ({"add_generation_prompt": False}, "add_generation_prompt"),
        ({"chat_template_kwargs": {"enable_thinking": "no"}}, "chat_template_kwargs.enable_thinking"),
        ({"chat_template_kwargs": {"messages": []}}, "chat_template_kwargs.messages"),
        ({"chat_template_kwargs": {"thinking": True}, "thinking": {"type": "disabled"}}, "thinking"),
    ],
)
def test_contradictions_are_refused(body, param):
    with pytest.raises(ApiError) as error:
        chat_job(**body)
    assert (error.value.problem.status, error.value.problem.param) == (422, param)


def test_sampling_grammar_and_calls():
    job = chat_job(max_tokens=5, max_completion_tokens=7, logprobs=True, response_format={"type": "json_object"})
    assert job.sampling == {"max_tokens": 7, "logprobs": 0}
    assert job.grammar == GrammarSpec("json_object")
    job = chat_job(tools=[TOOL], tool_choice="required", parallel_tool_calls=False)
    assert (job.call, job.parallel_calls) == (True, False)
    assert chat_job(tools=[TOOL], tool_choice="none").conversation.tools == ()


def test_tools_of_other_types_are_left_out():
    custom = {"type": "custom", "custom": {"name": "grep", "format": {"type": "grammar"}}}
    job = chat_job(tools=[{"type": "web_search"}, TOOL, custom])
    assert job.conversation.tools == (Tool("now"),)


def test_a_tool_that_is_sent_twice_counts_once():
    assert chat_job(tools=[TOOL, TOOL]).conversation.tools == (Tool("now"),)


@pytest.mark.parametrize(("mode", "call"), [("auto", False), ("required", True)])
def test_allowed_tools_are_a_part_of_all(mode, call):
    then = {"type": "function", "function": {"name": "then", "description": "d", "parameters": None}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [TOOL]}}
    job = chat_job(tools=[then, TOOL], tool_choice=choice)
    assert (job.conversation.tools, job.call) == ((Tool("now"),), call)


def test_an_object_may_have_a_schema():
    form = {"type": "json_object", "schema": {"items": {"not": {"const": 1}}}}
    body = ChatRequest.model_validate(ASK | {"response_format": form})
    job = job_of(body)
    assert job.grammar == GrammarSpec("json_schema", form["schema"])
    error = SchemaError("m", "r", ("items", "not"))
    assert schema_param(job, body, error) == "response_format.schema.items.not"


def test_a_response_format_beside_tools():
    job = chat_job(tools=[TOOL], response_format={"type": "json_object"})
    assert (job.grammar, job.call) == (GrammarSpec("json_object"), False)


@pytest.mark.parametrize(
    ("choice", "rule", "path", "param"),
    [
        ("required", "arguments_1", ("properties", "a b", "not"), "tools[2].function.parameters.properties['a b'].not"),
        ("required", "object_1", ("properties", "parameters", "type"), "tools[2].function.parameters.type"),
        ({"type": "function", "function": {"name": "then"}}, "arguments_0", (), "tools[2].function.parameters"),
        ("auto", "answer", ("items",), "response_format.json_schema.schema.items"),
        ("none", "", (), "response_format.json_schema.schema"),
    ],
)
def test_the_place_of_a_schema_at_fault(choice, rule, path, param):
    then = {"type": "function", "function": {"name": "then"}}
    body = ChatRequest.model_validate(ASK | {"tools": [TOOL, {"type": "custom"}, then], "tool_choice": choice})
    assert schema_param(job_of(body), body, SchemaError("m", "r", path, rule)) == param
