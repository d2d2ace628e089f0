"""Chat templates: where they are read from, what they are given, how they fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fathom.base.errors import TokenizerError
from fathom.text.template.template import ChatTemplate
from fathom.types import Conversation, Message, Tool, ToolCall

HELLO = Conversation((Message("user", "Hello"),))


def render(source: str, conversation: Conversation = HELLO) -> str:
    return ChatTemplate(source, bos="<s>", eos="</s>").render(conversation)


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def test_every_file_that_may_hold_it(tmp_path: Path) -> None:
    assert ChatTemplate.from_directory(tmp_path) is None
    write(tmp_path / "chat_template.json", {"chat_template": "one"})
    assert ChatTemplate.from_directory(tmp_path).text == "one"  # type: ignore[union-attr]
    config: dict[str, Any] = {"bos_token": "<s>", "eos_token": {"content": "</s>"}}
    named = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "two"}]
    write(tmp_path / "tokenizer_config.json", {**config, "chat_template": named})
    template = ChatTemplate.from_directory(tmp_path)
    assert template is not None
    assert (template.text, template.bos, template.eos) == ("two", "<s>", "</s>")
    (tmp_path / "chat_template.jinja").write_text("{{ bos_token }}three", encoding="utf-8")
    assert ChatTemplate.from_directory(tmp_path).render(HELLO) == "<s>three"  # type: ignore[union-attr]


def test_of_several_templates_one_must_be_the_default(tmp_path: Path) -> None:
    """As transformers: no guess, and no other model's format in its place."""
    several = [{"name": "tool_use", "template": "one"}, {"name": "rag", "template": "two"}]
    write(tmp_path / "tokenizer_config.json", {"chat_template": several[:1]})
    assert ChatTemplate.from_directory(tmp_path).text == "one"  # type: ignore[union-attr]
    write(tmp_path / "tokenizer_config.json", {"chat_template": several})
    with pytest.raises(TokenizerError, match="2 chat templates, none called 'default': tool_use, rag; save the one"):
        ChatTemplate.from_directory(tmp_path)


def test_from_gguf() -> None:
    metadata = {
        "tokenizer.chat_template": "{{ bos_token }}{{ eos_token }}",
        "tokenizer.ggml.tokens": ["a", "b"],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 7,
    }
    template = ChatTemplate.from_gguf(metadata)
    assert template is not None
    assert template.render(HELLO) == "b"
    assert ChatTemplate.from_gguf({}) is None


def test_variables_of_a_template() -> None:
    conversation = Conversation(
        (Message("assistant", "A", "R", (ToolCall("1", "f", '{"x": "é<"}'),)), Message("tool", "T", tool_call_id="1")),
        (Tool("f", "does", {"type": "object"}),),
        thinking=False,
        effort="max",
    )
    source = (
        "{{ messages[0].reasoning_content }}{{ messages[0].tool_calls[0].function.arguments }}"
        "{{ messages[1].tool_call_id }}"
        "{{ tools | tojson }}{{ enable_thinking }}{{ thinking }}{{ reasoning_effort }}{{ add_generation_prompt }}"
    )
    assert render(source, conversation) == (
        'R{"x": "é<"}1[{"type": "function", "function": {"name": "f", "description": "does", '
        '"parameters": {"type": "object"}}}]FalseFalsemaxTrue'
    )
    assert (
        render("{{ tools is none }}{{ enable_thinking is defined }}{{ 'tool_calls' in messages[0] }}")
        == "TrueFalseFalse"
    )


CALLED = Conversation((Message("assistant", "", None, (ToolCall("1", "f", '{"x": 1}'),)),))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ messages[0].tool_calls[0].function.arguments | tojson }}", '{"x": 1}'),
        ("{{ messages[0]['tool_calls'][0]['function']['arguments'] | tojson }}", '{"x": 1}'),
        ("{% set a = messages[0].tool_calls[0].function.arguments %}{{ a | tojson }}", '{"x": 1}'),
        ("{% for k, v in messages[0].tool_calls[0].function.arguments | items %}{{ k }}={{ v }}{% endfor %}", "x=1"),
        (
            "{% set a = messages[0].tool_calls[0].function.arguments %}{{ a if a is string else a | tojson }}",
            '{"x": 1}',
        ),
        ("{{ messages[0].tool_calls[0].function.arguments + '!' }}", '{"x": 1}!'),
    ],
)
def test_arguments_as_the_template_wants_them(source: str, text: str) -> None:
    assert render(source, CALLED) == text


def test_bad_arguments_stay_text() -> None:
    bad = Conversation((Message("assistant", "", None, (ToolCall("1", "f", '{"x": '),)),))
    assert render("{{ messages[0].tool_calls[0].function.arguments | tojson }}", bad) == '"{\\"x\\": "'


def test_prefill() -> None:
    source = "{% for m in messages %}[{{ m.content | trim if trim else m.content }}]{% endfor %}"
    conversation = Conversation((Message("user", "a"), Message("assistant", "b \n")), prefill=True)
    assert render("{% set trim = false %}" + source, conversation) == "[a][b \n"
    with pytest.raises(
        TokenizerError, match="there is no assistant message to continue; end the conversation with one"
    ):
        render(source, Conversation((Message("user", "a"),), prefill=True))
    with pytest.raises(TokenizerError, match="leaves out the message that is to be continued"):
        render("nothing", conversation)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{% if %}", "the chat template failed in line 2: Expected an expression"),
        ("a\n\n{{ x.y.z }}", "the chat template failed in line 3: 'x' is undefined"),
        ("{{ raise_exception('only ' ~ 1) }}", "the chat template refuses the conversation in line 1: only 1"),
        ("a\n{{ 1 / 0 }}", "the chat template failed in line 2: division by zero"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "the chat template failed in line 1: it nests too deeply"),
        ("{{ " + "(" * 5000 + ")" * 5000 + " }}", "it nests too deeply"),
        ("{% include 'x' %}", "the chat template failed in line 1: no loader"),
    ],
)
def test_failures_name_the_line(source: str, message: str) -> None:
    with pytest.raises(TokenizerError) as failed:
        render(source)
    assert message in str(failed.value)


def test_a_long_conversation_is_within_the_limits(smollm_metadata: dict[str, Any]) -> None:
    template = ChatTemplate.from_gguf(smollm_metadata)
    assert template is not None
    text = template.render(Conversation(tuple(Message("user", "x" * 100) for _ in range(20_000))))
    assert text.count("<|im_start|>user\n") == 20_000
