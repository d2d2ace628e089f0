"""Tool calls and structured output of the embedded model: whatever it writes fits, and errors are the request's."""

from __future__ import annotations

import enum
import json
from typing import Literal

import jsonschema_rs
import openai
import pydantic
import pytest
from openai import pydantic_function_tool

HI = [{"role": "user", "content": "Hi"}]
WRITE = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "text": {"type": "string"}},
    "required": ["path", "text"],
}


def tool(parameters: dict | None, name: str = "f") -> dict:
    function = {"name": name} if parameters is None else {"name": name, "parameters": parameters}
    return {"type": "function", "function": function}


@pytest.fixture
def ask(client, model):
    """The one choice of an answer."""

    def create(**body):
        body = {"model": model, "messages": HI, "temperature": 0, "max_tokens": 120} | body
        return client.chat.completions.create(**body).choices[0]

    return create


@pytest.fixture
def refusal(ask):
    """The error of a request that is refused."""

    def create(**body):
        with pytest.raises(openai.BadRequestError) as error:
            ask(**body)
        return error.value

    return create


NAMED = {"type": "function", "function": {"name": "f"}}


def test_a_call_that_is_cut_off_ends_by_its_length(ask, client, model):
    body = {"tools": [tool(WRITE)], "tool_choice": "required", "max_tokens": 24}
    assert ask(**body | {"tool_choice": NAMED}).finish_reason == "length"
    whole = ask(**body)
    assert whole.finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(whole.message.tool_calls[0].function.arguments)
    chunks = client.chat.completions.create(model=model, messages=HI, temperature=0, stream=True, **body)
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "length"
    body["tools"][0]["function"]["strict"] = True  # what openai parses
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model=model, messages=HI, temperature=0, **body)


def test_a_call_that_a_stop_string_cuts_off_is_not_to_be_run(ask):
    choice = ask(tools=[tool(WRITE)], tool_choice="required", stop=['"text"'])
    assert choice.finish_reason == "stop"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice.message.tool_calls[0].function.arguments)


PERSON = {
    "type": "object",
    "properties": {"who": {"$ref": "#/$defs/P"}},
    "required": ["who"],
    "$defs": {
        "P": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}, "required": ["name"]}
    },
}
ZOD_RECORD = {
    "type": "object",
    "propertyNames": {"type": "string", "enum": ["low", "high"]},
    "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 9},
    "required": ["low", "high"],
}
SECRET = {
    "type": "object",
    "properties": {"key": {"type": "string", "format": "password", "maxLength": 5}},
    "required": ["key"],
}
UNION = {
    "type": "object",
    "properties": {
        "pet": {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}], "discriminator": {"propertyName": "kind"}}
    },
    "required": ["pet"],
    "$defs": {
        name: {
            "type": "object",
            "properties": {"kind": {"const": name.lower()}, "age": {"type": "integer", "minimum": 0, "maximum": 30}},
            "required": ["kind", "age"],
            "additionalProperties": False,
        }
        for name in ("Cat", "Dog")
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("choice", "parameters"),
    [("required", PERSON), (NAMED, ZOD_RECORD), ("required", SECRET), (NAMED, UNION)],
    ids=["ref", "zod", "secret", "union"],
)
def test_forced_arguments_fit_the_tools_schema(ask, choice, parameters):
    answer = ask(tools=[tool({"type": "object"}, "g"), tool(parameters)], tool_choice=choice, parallel_tool_calls=False)
    assert answer.finish_reason == "tool_calls"
    (call,) = answer.message.tool_calls
    schema = {"f": parameters, "g": {"type": "object"}}[call.function.name]
    jsonschema_rs.validate(schema, json.loads(call.function.arguments))


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object", "properties": {}}])
def test_a_tool_without_parameters_is_called_with_none(ask, parameters):
    answer = ask(tools=[tool(parameters)], tool_choice=NAMED)
    assert [call.function.arguments for call in answer.message.tool_calls] == ["{}"]
    assert (answer.finish_reason, answer.message.content) == ("tool_calls", None)


def test_streamed_arguments_join_to_json(ask, client, model):
    body = {"tools": [tool(PERSON)], "tool_choice": "required", "parallel_tool_calls": False, "logprobs": True}
    arguments, names, reason = "", [], None
    for chunk in client.chat.completions.create(model=model, messages=HI, temperature=0, stream=True, **body):
        for piece in chunk.choices[0].delta.tool_calls or ():
            arguments += piece.function.arguments
            names += [piece.function.name] if piece.function.name else []
        reason = chunk.choices[0].finish_reason or reason
    assert (names, reason) == (["f"], "tool_calls")
    assert arguments == ask(**body).message.tool_calls[0].function.arguments
    jsonschema_rs.validate(PERSON, json.loads(arguments))


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Item(pydantic.BaseModel):
    kind: Literal["item"]
    level: Level
    secret: pydantic.SecretStr = pydantic.Field(max_length=4)


def test_tools_and_an_output_type_of_pydantic(client, model):
    answer = client.chat.completions.parse(
        model=model,
        messages=HI,
        temperature=0,
        max_tokens=100,
        parallel_tool_calls=False,
        tools=[pydantic_function_tool(Item, name="f")],
        response_format=Item,
    ).choices[0]
    if answer.message.tool_calls:
        assert isinstance(answer.message.tool_calls[0].function.parsed_arguments, Item)
        assert answer.finish_reason == "tool_calls"
    else:
        assert isinstance(answer.message.parsed, Item)
        assert answer.finish_reason == "stop"


def json_format(schema: dict) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}


def nested(levels: int) -> dict:
    schema: dict = {"type": "integer"}
    for _ in range(levels - 1):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


INSIDE = ("llguidance", "Lark", "lark", "Parser", "Lexer", "row", "%json", "start:", "Pointer", "regex", "state")
"""Words of the grammar engine's messages and of our grammars."""


@pytest.mark.parametrize(
    ("schema", "param"),
    [
        (nested(95), "response_format.json_schema.schema.properties.a"),
        ({"$ref": "#"}, "response_format.json_schema.schema"),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}},
            "response_format.json_schema.schema.$defs.A",
        ),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, "response_format.json_schema.schema.properties.a"),
        ({"items": {"uniqueItems": True}}, "response_format.json_schema.schema.items.uniqueItems"),
        ({"type": "strong"}, "response_format.json_schema.schema.type"),
        ({"$ref": "#/$defs/P"}, "response_format.json_schema.schema.$ref"),
        ({"const": "x" * 1_100_000}, "response_format.json_schema.schema"),
    ],
)
def test_schemas_that_cannot_be_enforced(refusal, schema, param):
    error = refusal(response_format=json_format(schema))
    assert error.param == param or (param.endswith(".a") and error.param.startswith(f"{param}."))
    assert not any(word in error.body["message"] for word in INSIDE)


def test_a_tool_that_cannot_be_enforced_is_named(refusal):
    tags = {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
    error = refusal(tools=[{"type": "custom"}, tool(None), tool(tags, "g")], tool_choice="required")
    assert error.param == "tools[2].function.parameters.properties.tags.uniqueItems"
    assert error.code == "invalid_request"
    assert error.body["message"] == (
        "properties.tags.uniqueItems: no grammar can enforce this keyword; leave it out, or say it in the description"
    )


def test_such_a_tool_is_no_obstacle_where_no_call_is_forced(ask):
    tags = {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
    assert ask(tools=[tool(tags)], max_tokens=2).finish_reason == "length"
