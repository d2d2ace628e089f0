"""Grammars of response formats and tool calls, against the parser of each dialect."""

from __future__ import annotations

import json

import pytest
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from scripted import ByteTokenizer

from fathom.engine.request import GrammarSpec
from fathom.server.generation.grammar import answer_grammar, call_grammar
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
}
CALL = {
    "hermes": '<tool_call>\n{"name": "weather", "arguments": {"city": "Köln"}}\n</tool_call>',
    "llama": '{"name": "weather", "parameters": {"city": "Köln"}}',
    "deepseek-r1": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
    '{"city": "Köln"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    "deepseek-v3.1": '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Köln"}'
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
}


class Bytes:
    """A vocabulary of single bytes, as llguidance asks for it."""

    bos_token_id = None
    eos_token_id = 256
    special_token_ids = (256,)
    tokens = (*tuple(bytes([i]) for i in range(256)), b"")

    def __call__(self, text: str) -> list[int]:
        if not isinstance(text, str):
            raise TypeError
        return list(text.encode())


TOKENIZER = LLTokenizer(TokenizerWrapper(Bytes()))


def prompt_of(dialect: str) -> tuple[Chat, Prompt]:
    chat = Chat(ByteTokenizer(), ChatTemplate(TEMPLATES[dialect]))
    return chat, chat.render(Conversation((Message("user", "Hi"),), TOOLS))


def accepts(spec: GrammarSpec, text: str) -> bool:
    """Whether ``text`` may be the whole answer."""
    if spec.kind == "lark":
        source = LLMatcher.grammar_from_lark(spec.value)
    else:
        schema = spec.value if spec.kind == "json_schema" else {"type": "object"}
        source = LLMatcher.grammar_from_json_schema(json.dumps(schema))
    matcher = LLMatcher(TOKENIZER, source, log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    return all(matcher.consume_token(byte) for byte in text.encode()) and matcher.is_accepting()


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
    two = CALL[dialect] + ("; " if dialect == "llama" else "\n") + CALL[dialect]
    assert accepts(call_grammar(prompt, TOOLS, several=True), two)
    assert not accepts(call_grammar(prompt, TOOLS, several=False), two)


def test_a_tool_without_a_schema_takes_any_object():
    _, prompt = prompt_of("hermes")
    spec = call_grammar(prompt, [Tool("now")], several=False)
    assert accepts(spec, '<tool_call>\n{"name": "now", "arguments": {"zone": 1}}\n</tool_call>')


def test_a_name_cannot_break_out_of_the_grammar():
    _, prompt = prompt_of("deepseek-v3.1")
    name = 'a" | /.*/ | "'
    spec = call_grammar(prompt, [Tool(name)], several=False)
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
