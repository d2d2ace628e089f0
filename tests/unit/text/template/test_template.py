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


def test_the_template_for_tools_is_chosen_where_there_are_tools(tmp_path: Path) -> None:
    """As transformers chooses among named templates."""
    named = {"default": "{{ bos_token }}plain", "tool_use": "{{ bos_token }}{{ tools[0].function.name }}"}
    write(tmp_path / "tokenizer_config.json", {"bos_token": "<s>", "chat_template": named})
    template = ChatTemplate.from_directory(tmp_path)
    assert template is not None
    assert template.texts == named
    assert template.render(HELLO) == "<s>plain"
    assert template.render(Conversation(HELLO.messages, (Tool("f"),))) == "<s>f"
    assert template.mentions("tools[0]")
    assert template.variables == {"bos_token", "tools"}
    from_gguf = ChatTemplate.from_gguf({"tokenizer.chat_template": "one", "tokenizer.chat_template.tool_use": "two"})
    assert from_gguf is not None
    assert from_gguf.render(Conversation(HELLO.messages, (Tool("f"),))) == "two"


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
        ("{% for k, v in messages[0].tool_calls[0].function.arguments.items() %}{{ k }}={{ v }}{% endfor %}", "x=1"),
        ("{{ messages[0].tool_calls[0].function | tojson }}", '{"name": "f", "arguments": {"x": 1}}'),
        ("{{ messages[0].tool_calls[0].function.arguments + '!' }}", '{"x": 1}!'),
    ],
)
def test_arguments_as_the_template_wants_them(source: str, text: str) -> None:
    assert render(source, CALLED) == text


def test_bad_arguments_stay_text() -> None:
    bad = Conversation((Message("assistant", "", None, (ToolCall("1", "f", '{"x": '),)),))
    assert render("{{ messages[0].tool_calls[0].function.arguments | tojson }}", bad) == '"{\\"x\\": "'


@pytest.mark.parametrize(
    "part",
    [
        "{{ part.text }}",
        "{% if part['type'] == 'text' %}{{ part['text'] | trim }}{% endif %}",
        "{{ part['text'] + '' }}",
    ],
)
def test_a_template_that_reads_parts(part: str) -> None:
    """Those of models that see; a template that reads both, or a text only, is given text."""
    loop = "{% for part in m.content %}" + part + "{% endfor %}"
    source = "{% for m in messages %}<{{ m.role }}>" + loop + "{% endfor %}"
    assert render(source) == "<user>Hello"
    begun = Conversation((*HELLO.messages, Message("assistant", "Sure")), prefill=True)
    assert render(source, begun) == "<user>Hello<assistant>Sure"
    both = "{% for m in messages %}{% if m.content is string %}text: {{ m.content }}{% else %}" + loop
    assert render(both + "{% endif %}{% endfor %}") == "text: Hello"


def test_further_variables() -> None:
    source = (
        "{% if not date is defined %}{% set date = 'today' %}{% endif %}{{ date }}"
        "{{ documents | length if documents else '' }}"
    )
    assert render(source) == "today"
    assert render(source, Conversation(HELLO.messages, template_variables={"date": "May", "documents": [1]})) == "May1"


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
    with pytest.raises(TokenizerError, match="the message to continue has tool calls; send their results instead"):
        render(source, Conversation(CALLED.messages, prefill=True))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{% if %}", "the chat template failed in line 2: Expected an expression"),
        ("a\n\n{{ x.y.z }}", "the chat template failed in line 3: 'x' is undefined"),
        (
            "{{ raise_exception('only ' ~ 1) }}",
            "the chat template refuses the conversation in line 1: only 1; change the messages as it says",
        ),
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


@pytest.mark.parametrize(
    ("roles", "remedy"),
    [
        ("user user", "merge user messages that follow each other into one"),
        ("system user assistant assistant", "merge assistant messages that follow each other into one"),
        ("system assistant user", "begin with a user message"),
        ("user system user", "send one system message, at the beginning"),
        ("system system user", "send one system message, at the beginning"),
        ("user tool", "change the messages as it says"),
    ],
)
def test_a_refusal_says_what_to_change(roles: str, remedy: str) -> None:
    conversation = Conversation(tuple(Message(role, "x") for role in roles.split()))  # type: ignore[arg-type]
    with pytest.raises(TokenizerError, match=f"refuses the conversation in line 1: roles must alternate; {remedy}$"):
        render("{{ raise_exception('roles must alternate') }}", conversation)


def test_a_long_conversation_is_within_the_limits(smollm_metadata: dict[str, Any]) -> None:
    template = ChatTemplate.from_gguf(smollm_metadata)
    assert template is not None
    text = template.render(Conversation(tuple(Message("user", "x" * 100) for _ in range(20_000))))
    assert text.count("<|im_start|>user\n") == 20_000
