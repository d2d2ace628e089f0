"""Grammars of response formats and tool calls, against the parser of each dialect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted import EOS, ByteTokenizer

from fathom.base.errors import SchemaError
from fathom.engine.grammar import GrammarCompiler
from fathom.engine.request import GrammarSpec
from fathom.server.generation.grammar import (
    MAX_CALLS,
    answer_grammar,
    call_grammar,
    call_or_answer_grammar,
    fault_of,
    parameters_of,
)
from fathom.text.conversation import Chat, Prompt
from fathom.text.events import assemble_message
from fathom.text.template.template import ChatTemplate
from fathom.types import Conversation, Message, Tool

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = (Tool("weather", "", CITY), Tool("now"))
TEMPLATES = {
    "hermes": "<|im_start|>{{ messages[0].content }}<|im_start|>assistant\n{{ '<tool_call>'[:0] }}",
    "llama": "<|start_header_id|>user{{ messages[0].content }}<|start_header_id|>assistant<|end_header_id|>\n\n",
    "deepseek-r1": "<｜User｜>{{ messages[0].content }}{{ '```json'[:0] }}<｜Assistant｜><think>\n",
    "deepseek-v3.1": "<｜User｜>{{ messages[0].content }}<｜Assistant｜>",
    "mistral": "[INST]{{ messages[0].content }}[/INST]{{ '[TOOL_CALLS]'[:0] }}",
    "mistral-named": "[INST]{{ messages[0].content }}[/INST]{{ '[TOOL_CALLS][ARGS]'[:0] }}",
    "phi4-mini": "<|user|>{{ messages[0].content }}<|end|><|assistant|>{{ '<|/tool|>'[:0] }}",
    "glm4": "<|user|>{{ messages[0].content }}<|assistant|>{{ '<|observation|>'[:0] }}",
    "gemma": "<start_of_turn>user\n{{ messages[0].content }}<end_of_turn>\n<start_of_turn>model\n",
}
CALL = {
    "hermes": '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>',
    "llama": '{"name": "weather", "parameters": {"city": "Köln"}}',
    "deepseek-r1": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
    '{"city": "Köln"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "deepseek-v3.1": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Köln"}'
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "mistral": '[TOOL_CALLS][{"name": "weather", "arguments": {"city": "Köln"}}]',
    "mistral-named": '[TOOL_CALLS]weather[ARGS]{"city": "Köln"}',
    "phi4-mini": '<|tool_call|>[{"name": "weather", "arguments": {"city": "Köln"}}]<|/tool_call|>',
    "glm4": 'weather\n{"city": "Köln"}',
    "gemma": '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>',
}


COMPILER = GrammarCompiler(ByteTokenizer())


def prompt_of(dialect: str) -> tuple[Chat, Prompt]:
    chat = Chat(ByteTokenizer(), ChatTemplate(TEMPLATES[dialect]))
    return chat, chat.render(Conversation((Message("user", "Hi"),), TOOLS))


def accepts(spec: GrammarSpec, text: str) -> bool:
    """Whether ``text`` may be the whole text that the grammar applies to."""
    matcher = COMPILER.compile(replace(spec, after=None)).start()
    for byte in text.encode():
        if not matcher.allowed_tokens()[byte]:
            return False
        matcher.accept(byte)
    return bool(matcher.allowed_tokens()[EOS])


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_a_forced_call_is_one_that_the_parser_reads(dialect):
    chat, prompt = prompt_of(dialect)
    spec = call_grammar(prompt, TOOLS, several=False)
    assert spec.after == ("</think>" if dialect == "deepseek-r1" else None)
    assert accepts(spec, CALL[dialect])
    parser = chat.parser(prompt)
    thought = "</think>" if prompt.thinking else ""
    message = assemble_message([*parser.push(thought + CALL[dialect]), *parser.finish()])
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("weather", '{"city": "Köln"}')]
    assert message.content == ""


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_other_tool_calls_do_not_match(dialect):
    _, prompt = prompt_of(dialect)
    spec = call_grammar(prompt, TOOLS, several=False)
    assert not accepts(spec, "It is warm.")
    assert not accepts(spec, CALL[dialect].replace("weather", "whether"))
    assert not accepts(spec, CALL[dialect].replace('"Köln"', "17"))
    assert not accepts(spec, CALL[dialect].replace('{"city": "Köln"}', "{}"))


@pytest.mark.parametrize("dialect", ["hermes", "llama"])
def test_several_calls_only_where_they_are_allowed(dialect):
    _, prompt = prompt_of(dialect)
    two = CALL[dialect] + between(dialect) + CALL[dialect]
    assert accepts(call_grammar(prompt, TOOLS, several=True), two)
    assert not accepts(call_grammar(prompt, TOOLS, several=False), two)


def between(dialect: str) -> str:
    return "; " if dialect == "llama" else "\n"


def test_the_number_of_forced_calls_is_bounded():
    _, prompt = prompt_of("hermes")
    spec = call_grammar(prompt, TOOLS, several=True)
    assert accepts(spec, "\n".join([CALL["hermes"]] * MAX_CALLS))
    assert not accepts(spec, "\n".join([CALL["hermes"]] * (MAX_CALLS + 1)))


@pytest.mark.parametrize(
    "parameters",
    [{}, {"type": "object"}, {"type": "object", "properties": {}, "required": []}, {"properties": None, "title": "T"}],
)
def test_a_tool_without_parameters_takes_none(parameters):
    assert parameters_of(Tool("now", "", parameters)) == {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_a_call_without_parameters(dialect):
    _, prompt = prompt_of(dialect)
    spec = call_grammar(prompt, [Tool("now")], several=False)
    call = CALL[dialect].replace("weather", "now")
    assert accepts(spec, call.replace('{"city": "Köln"}', "{}"))
    assert not accepts(spec, call)


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "additionalProperties": True},
        {"type": ["object", "null"], "additionalProperties": {}},
        {"additionalProperties": {"type": "string"}},
        {"$ref": "#/$defs/P", "$defs": {"P": {"type": "object"}}},
    ],
)
def test_a_schema_that_says_so_takes_any_object(parameters):
    _, prompt = prompt_of("hermes")
    spec = call_grammar(prompt, [Tool("now", "", parameters)], several=False)
    assert accepts(spec, '<tool_call>\n{"name": "now", "arguments": {"zone": "x"}}\n</tool_call>')
    assert not accepts(spec, '<tool_call>\n{"name": "now", "arguments": null}\n</tool_call>')


@pytest.mark.parametrize("kind", ["string", "array", ["null", "integer"], 5, True, {"object": 1}])
def test_parameters_that_are_no_object_are_refused(kind):
    _, prompt = prompt_of("hermes")
    with pytest.raises(SchemaError, match="type: the parameters of a function are an object") as error:
        call_grammar(prompt, [Tool("now"), Tool("then", "", {"type": kind})], several=True)
    assert fault_of(error.value) == (1, ("type",))


LIST = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["v", "next"],
    "additionalProperties": False,
}
PERSON = {
    "type": "object",
    "properties": {"who": {"allOf": [{"$ref": "#/definitions/P"}]}, "at": {"$ref": "#/$defs/P"}},
    "required": ["who", "at"],
    "definitions": {"P": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    "$defs": {"P": {"type": "integer"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize("dialect", TEMPLATES)
@pytest.mark.parametrize("identifier", [None, "https://example.org/parameters.json", "#root", 7])
def test_references_are_within_the_schema_of_each_tool(dialect, identifier):
    _, prompt = prompt_of(dialect)
    tools = [Tool("weather", "", LIST | {"$id": identifier}), Tool("find", "", PERSON)]
    spec = call_grammar(prompt, tools, several=True)
    first = CALL[dialect].replace('{"city": "Köln"}', '{"v": 1, "next": {"v": 2, "next": null}}')
    assert accepts(spec, first)
    assert not accepts(spec, first.replace("null", '{"name": "weather"}'))
    second = CALL[dialect].replace("weather", "find")
    assert accepts(spec, second.replace('{"city": "Köln"}', '{"who": {"name": "Ann"}, "at": 3}'))
    assert not accepts(spec, second.replace('{"city": "Köln"}', '{"who": {}, "at": 3}'))


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_the_place_of_a_keyword_that_cannot_be_enforced(dialect):
    _, prompt = prompt_of(dialect)
    wrong = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
    spec = call_grammar(prompt, [*TOOLS, Tool("wrong", "", wrong)], several=True)
    with pytest.raises(SchemaError, match="no grammar can enforce this keyword") as error:
        COMPILER.compile(spec)
    assert fault_of(error.value) == (2, ("properties", "a", "uniqueItems"))


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_the_place_that_does_not_compile(dialect):
    _, prompt = prompt_of(dialect)
    wrong = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": "(?!x)"}]}},
    }
    spec = call_grammar(prompt, [*TOOLS, Tool("wrong", "", wrong)], several=True)
    with pytest.raises(SchemaError, match="the schema cannot be compiled: its pattern has look-around") as error:
        COMPILER.compile(spec)
    assert fault_of(error.value) == (2, ("properties", "a", "anyOf", 1))


@pytest.mark.parametrize("dialect", TEMPLATES)
def test_with_a_response_format_the_answer_is_a_call_or_fits(dialect):
    _, prompt = prompt_of(dialect)
    answer = GrammarSpec("json_schema", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    spec = call_or_answer_grammar(prompt, TOOLS, answer, several=True)
    assert spec.after == ("</think>" if dialect == "deepseek-r1" else None)
    assert accepts(spec, CALL[dialect])
    assert accepts(spec, '{"n": 3}')
    for wrong in ("It is warm.", '{"n": "x"}', CALL[dialect].replace("weather", "whether"), '{"n": 3}' + CALL[dialect]):
        assert not accepts(spec, wrong)
    wrong = GrammarSpec("json_schema", {"type": "array", "uniqueItems": True})
    with pytest.raises(SchemaError) as error:
        COMPILER.compile(call_or_answer_grammar(prompt, TOOLS, wrong, several=True))
    assert fault_of(error.value) == (None, ("uniqueItems",))


@pytest.mark.parametrize("name", ["Straße-日本", "a.b/c:d@e", "x" * 128])
@pytest.mark.parametrize("dialect", TEMPLATES)
def test_names_of_any_script(dialect, name):
    chat, prompt = prompt_of(dialect)
    prompt = replace(prompt, tools=(name,))
    call = CALL[dialect].replace("weather", name)
    assert accepts(call_grammar(prompt, [Tool(name, "", CITY)], several=False), call)
    parser = chat.parser(prompt)
    message = assemble_message([*parser.push(("</think>" if prompt.thinking else "") + call), *parser.finish()])
    assert [call.name for call in message.tool_calls] == [name]


def test_a_name_cannot_break_out_of_the_grammar():
    _, prompt = prompt_of("deepseek-v3.1")
    name = 'a" | /.*/ | "'
    spec = call_grammar(prompt, [Tool(name, "", CITY)], several=False)
    assert accepts(spec, CALL["deepseek-v3.1"].replace("weather", name))
    assert not accepts(spec, "anything")


def test_json_applies_after_thinking_that_the_prompt_opened():
    _, prompt = prompt_of("deepseek-r1")
    assert answer_grammar(prompt, GrammarSpec("json_object")) == GrammarSpec("json_object", after="</think>")


def test_json_allows_thinking_that_the_model_may_open():
    _, prompt = prompt_of("hermes")
    assert prompt.opening.may_think
    spec = answer_grammar(prompt, GrammarSpec("json_schema", CITY))
    assert accepts(spec, '<think>\nHm {"a"} </thin\n</think>\n\n{"city": "Köln"}')
    assert accepts(spec, '{"city": "Köln"}')
    assert not accepts(spec, "<think>\nHm\n</think>\n\nno JSON")
    assert answer_grammar(prompt, GrammarSpec("json_object"), think=False) == GrammarSpec("json_object")
