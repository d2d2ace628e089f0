"""Conversations that templates would lose or refuse, as they are rewritten and as they are rendered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fathom.text import r1
from fathom.text.dialects import Dialect, detect_dialect
from fathom.text.events import assemble_message
from fathom.text.parser import Opening, Parser
from fathom.text.polyfills import fit_to_template
from fathom.text.template.template import ChatTemplate
from fathom.types import Conversation, Message, Tool, ToolCall

FIXTURES = Path(__file__).parents[2] / "fixtures" / "templates"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SOURCES = {
    "chatml": CHATML,
    "our own": r1.TEMPLATE,
    **{file.stem: file.read_text(encoding="utf-8") for file in sorted(FIXTURES.glob("*.jinja"))},
}
TEMPLATES = {
    name: ChatTemplate(
        source if name != "hermes-tool-use" else CHATML,
        bos="<s>",
        eos="<｜end▁of▁sentence｜>",
        tool_use=source if name == "hermes-tool-use" else None,
    )
    for name, source in SOURCES.items()
}

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = (Tool("f", "does", PARAMETERS), Tool("g", "does more", PARAMETERS))
USER = Message("user", "Hi")
ROME, BERN = ToolCall("c1", "f", '{"city": "Rome"}'), ToolCall("c2", "g", '{"city": "Bern"}')
RESULTS = (Message("tool", "cold", tool_call_id="c2"), Message("tool", "warm", tool_call_id="c1"))


def dialect_of(template: ChatTemplate) -> Dialect:
    return detect_dialect(template.mentions, lambda token: False)


def fit(name: str, *messages: Message, tools: tuple[Tool, ...] = ()) -> tuple[Message, ...]:
    template = TEMPLATES[name]
    return fit_to_template(Conversation(messages, tools), template, dialect_of(template)).messages


def render(name: str, *messages: Message, tools: tuple[Tool, ...] = ()) -> str:
    template = TEMPLATES[name]
    return template.render(fit_to_template(Conversation(messages, tools), template, dialect_of(template)))


# calls


def test_r1_keeps_a_call() -> None:
    """Its template writes calls only where the content is none."""
    rendered = render("deepseek-r1", USER, Message("assistant", tool_calls=(ROME,)), RESULTS[1])
    assert rendered == (
        "<s><｜User｜>Hi<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n"
        '```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜>'
        "<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>warm<｜tool▁output▁end｜><｜tool▁outputs▁end｜>"
    )
    blank = render("deepseek-r1", USER, Message("assistant", "\n\n", tool_calls=(ROME,)), RESULTS[1])
    assert blank == rendered


def test_r1_keeps_a_call_beside_text() -> None:
    rendered = render("deepseek-r1", USER, Message("assistant", "Let me look.", tool_calls=(ROME,)), RESULTS[1])
    assert rendered == (
        "<s><｜User｜>Hi<｜Assistant｜>Let me look.\n"
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n"
        '```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>'
        "<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>warm<｜tool▁output▁end｜><｜tool▁outputs▁end｜>"
    )


def test_one_call_a_message_for_llama() -> None:
    called = Message("assistant", "", "Hm.", (ROME, BERN))
    assert fit("llama3", USER, called, *RESULTS) == (
        USER,
        Message("assistant", "", "Hm.", (ROME,)),
        Message("tool", "warm", tool_call_id="c1", name="f"),
        Message("assistant", tool_calls=(BERN,)),
        Message("tool", "cold", tool_call_id="c2", name="g"),
    )
    rendered = render("llama3", USER, called, *RESULTS)
    first, second = rendered.find('{"name": "f", "parameters": {"city": "Rome"}}'), rendered.find('{"name": "g"')
    assert 0 < first < rendered.find("warm") < second < rendered.find("cold")
    assert fit("llama3", USER, called)[1:] == (  # without results
        Message("assistant", "", "Hm.", (ROME,)),
        Message("assistant", tool_calls=(BERN,)),
    )


def test_text_beside_a_call_for_llama() -> None:
    """Its template drops the text, so both are written as the model writes them."""
    assert fit("llama3", USER, Message("assistant", "Let me look.", tool_calls=(ROME, BERN)))[1] == Message(
        "assistant",
        'Let me look.\n<|python_tag|>{"name": "f", "parameters": {"city": "Rome"}}; '
        '{"name": "g", "parameters": {"city": "Bern"}}',
    )


def test_broken_arguments_are_written_as_the_model_wrote_them() -> None:
    """Where the template wants an object: `tojson` would quote them, `items` would fail."""
    broken = ToolCall("c1", "f", '{"city": ')
    assert fit("qwen25", USER, Message("assistant", tool_calls=(broken,)))[1].content == (
        '<tool_call>\n{"name": "f", "arguments": {"city": }\n</tool_call>'
    )
    assert fit("qwen3", USER, Message("assistant", tool_calls=(broken,)))[1].tool_calls == (broken,)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("arguments", ["", "null", '"{}"'])
def test_no_arguments_are_an_empty_object(name: str, arguments: str) -> None:
    rendered = render(name, USER, Message("assistant", tool_calls=(ToolCall("c1", "f", arguments),)), tools=TOOLS)
    written = rendered[rendered.rfind("f", 0, rendered.rfind("{}")) :]
    assert written.startswith(
        ('f", "arguments": {}', 'f", "parameters": {}', "f\n```json\n{}", "f<｜tool▁sep｜>{}", "f \n{}")
    )


# results


def test_results_come_in_the_order_of_the_calls() -> None:
    called = Message("assistant", tool_calls=(ROME, BERN))
    assert fit("chatml", USER, called, *RESULTS)[2:] == (
        Message("user", "<tool_response>\nwarm\n</tool_response>\n<tool_response>\ncold\n</tool_response>"),
    )
    for name in ("deepseek-r1", "deepseek-v31", "qwen25", "qwen3", "our own"):
        named = (
            Message("tool", "warm", tool_call_id="c1", name="f"),
            Message("tool", "cold", tool_call_id="c2", name="g"),
        )
        assert fit(name, USER, called, *RESULTS)[2:] == named


@pytest.mark.parametrize(
    ("ids", "order"),
    [
        (("c2", None), "10"),  # without an id: the call that has no result
        (("x", "y"), "01"),
        ((None, "c1", "more"), "102"),
        (("c1", "c1"), "01"),
        (("c2", "c1", "c2"), "102"),
    ],
)
def test_results_without_a_known_id(ids: tuple[str | None, ...], order: str) -> None:
    results = tuple(Message("tool", str(index), tool_call_id=each) for index, each in enumerate(ids))
    fitted = fit("qwen3", USER, Message("assistant", tool_calls=(ROME, BERN)), *results)
    assert "".join(message.content for message in fitted[2:]) == order


def test_calls_with_the_same_id_take_results_in_order() -> None:
    calls = (ToolCall("", "f", "{}"), ToolCall("", "g", "{}"))
    results = (Message("tool", "1", tool_call_id=""), Message("tool", "2", tool_call_id=""))
    fitted = fit("qwen3", USER, Message("assistant", tool_calls=calls), *results)
    assert [(message.content, message.name) for message in fitted[2:]] == [("1", "f"), ("2", "g")]


def test_results_without_a_call() -> None:
    lone = Message("tool", "1", tool_call_id="c1")
    assert fit("qwen3", lone, USER) == (lone, USER)
    assert fit("chatml", lone, USER) == (Message("user", "<tool_response>\n1\n</tool_response>"), USER)


def test_results_before_a_users_message() -> None:
    """They become a user message, of which Gemma's template refuses two in a row; what the user sent stays refused."""
    asked = (USER, Message("assistant", tool_calls=(ROME,)), RESULTS[1], Message("user", "And?"))
    response = "<tool_response>\nwarm\n</tool_response>"
    assert fit("gemma", *asked)[2:] == (Message("user", f"{response}\n\nAnd?"),)
    assert fit("chatml", *asked)[2:] == (Message("user", response), Message("user", "And?"))
    assert fit("gemma", USER, USER) == (USER, USER)


# tools and system messages


def test_tools_are_described_only_where_the_template_does_not() -> None:
    for name in ("chatml", "deepseek-r1", "deepseek-v31", "our own"):
        assert fit(name, USER, tools=TOOLS)[0].role == "system"
    for name in ("qwen25", "qwen3", "llama3", "hermes-tool-use"):
        assert fit(name, USER, tools=TOOLS) == (USER,)


def test_a_template_without_system_messages() -> None:
    system = Message("system", "Be brief.")
    assert fit("gemma", system, system, USER) == (Message("user", "Be brief.\n\nBe brief.\n\nHi"),)
    assert fit("gemma", system) == (Message("user", "Be brief."),)
    rendered = render("gemma", system, USER, Message("assistant", "Yo"), USER)
    assert rendered == (
        "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nYo<end_of_turn>\n"
        "<start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n"
    )


def test_system_messages_that_would_be_lost_are_joined() -> None:
    """R1's template keeps the last one."""
    one, two = Message("system", "One."), Message("system", "Two.")
    assert fit("deepseek-r1", one, two, USER) == (Message("system", "One.\n\nTwo."), USER)
    assert fit("deepseek-r1", one, USER, two) == (Message("system", "One.\n\nTwo."), USER)
    assert fit("deepseek-v31", one, USER, two) == (one, USER, two)
    assert fit("qwen3", one, USER, two) == (one, USER, two)


# families

CALLED = Message("assistant", tool_calls=(ToolCall("call_1", "f", '{"city": "Rome"}'),))
WARM = Message("tool", "warm", tool_call_id="call_1")


def test_mistral_gets_ids_that_its_template_takes() -> None:
    rendered = render("mistral-v3", USER, CALLED, WARM, tools=TOOLS[:1])
    assert rendered == (
        '<s>[AVAILABLE_TOOLS] [{"type": "function", "function": {"name": "f", "description": "does", "parameters": '
        '{"type": "object", "properties": {"city": {"type": "string"}}}}}][/AVAILABLE_TOOLS][INST] Hi[/INST]'
        '[TOOL_CALLS] [{"name": "f", "arguments": {"city": "Rome"}, "id": "BU2HUL5e5"}]<｜end▁of▁sentence｜>'
        '[TOOL_RESULTS] {"content": warm, "call_id": "BU2HUL5e5"}[/TOOL_RESULTS]'
    )


def test_a_result_without_an_id_gets_that_of_its_call() -> None:
    rendered = render("mistral-nemo", USER, CALLED, Message("tool", "warm"))
    assert rendered.count("BU2HUL5e5") == 2


@pytest.mark.parametrize("name", ["mistral-v1", "mistral-v3", "mistral-nemo"])
def test_mistral_keeps_a_text_beside_a_call(name: str) -> None:
    """With its result as a user's message where the template counts turns, as Nemo's here does not."""
    said = Message("assistant", "Let me see.", tool_calls=CALLED.tool_calls)
    rendered = render(name, USER, said, WARM, Message("assistant", "Warm."), USER)
    assert "Let me see.\n" in rendered
    nemo, others = '[TOOL_RESULTS]{"content": warm', "<tool_response>\nwarm\n</tool_response>"
    assert (nemo if name == "mistral-nemo" else others) in rendered


def test_glm_has_calls_as_metadata_and_results_as_observations() -> None:
    said = Message("assistant", "Let me see.", tool_calls=(ROME, BERN))
    rendered = render("glm4", USER, said, *RESULTS)
    assert rendered == (
        "[gMASK]<sop><|user|>\nHi<|assistant|>\nLet me see."
        '<|assistant|>f \n{"city": "Rome"}<|observation|>\nwarm'
        '<|assistant|>g \n{"city": "Bern"}<|observation|>\ncold<|assistant|>'
    )


def test_smollm3_describes_tools_under_a_name_of_its_own() -> None:
    rendered = render("smollm3", Message("system", "Short. /no_think"), USER, tools=TOOLS[:1])
    assert "Reasoning Mode: /no_think" in rendered
    assert "<tools>\n{'type': 'function', 'function': {'name': 'f'" in rendered
    assert rendered.endswith("<|im_start|>assistant\n<think>\n\n</think>\n")


def test_phi_4_mini_has_tools_in_its_system_message() -> None:
    assert render("phi4-mini", Message("system", "Short."), USER, tools=TOOLS[:1]) == (
        "<|system|>Short.\n\nYou are a helpful assistant with some tools.<|tool|>"
        '[{"name": "f", "description": "does", "parameters": {"type": "object", "properties": '
        '{"city": {"type": "string"}}}}]<|/tool|><|end|><|user|>Hi<|end|><|assistant|>'
    )


@pytest.mark.parametrize("name", ["gemma", "mistral-v1"])
def test_tools_and_system_are_in_the_first_question_where_there_is_no_other_place(name: str) -> None:
    rendered = render(name, Message("system", "Short."), USER, CALLED, WARM, tools=TOOLS)
    assert rendered.index("Short.") < rendered.index("<tools>") < rendered.index("Hi")
    assert '<tool_call>\n{"name": "f", "arguments": {"city": "Rome"}}\n</tool_call>' in rendered


# there and back

texts = st.text(st.characters(codec="utf-8", exclude_characters="<>{}|｜\r\0", exclude_categories=["Cs", "Cc"]))
spoken = texts.map(str.strip)
arguments = st.dictionaries(st.text("abc", min_size=1), st.integers() | texts, max_size=3).map(json.dumps)


@st.composite
def produced(draw: st.DrawFn) -> tuple[Message, ...]:
    """A conversation as the server produces it: answers with thinking and calls, followed by results in any order."""
    messages: list[Message] = [Message("user", draw(spoken))]
    for turn in range(draw(st.integers(1, 3))):
        names = draw(st.lists(st.sampled_from("fg"), max_size=3))
        calls = tuple(ToolCall(f"call{turn}{at:04}", name, draw(arguments)) for at, name in enumerate(names))
        reasoning = draw(st.none() | spoken.filter(bool)) if calls else None
        messages.append(Message("assistant", draw(spoken), reasoning, calls))
        if calls:
            results = [Message("tool", draw(spoken), tool_call_id=call.id) for call in calls]
            messages += draw(st.permutations(results))
        else:
            messages.append(Message("user", draw(spoken)))
    return tuple(messages)


def calls_in(rendered: str, dialect: Dialect) -> list[tuple[str, object]]:
    """The calls that are read in the assistant's turns of a prompt."""
    turns = [rendered]
    for mark in (*dialect.turns, *dialect.ends, "<｜User｜>", "<|start_header_id|>"):
        turns = [piece for turn in turns for piece in turn.split(mark)]
    found = []
    for turn in turns:
        message = assemble(turn.strip("\n"), dialect)
        found += [(c.name, json.loads(c.arguments)) for c in message.tool_calls if c.name in ("f", "g")]
    return found


def assemble(text: str, dialect: Dialect) -> Message:
    parser = Parser(dialect, Opening(), ("f", "g"))
    return assemble_message([*parser.push(text), *parser.finish()])


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=25)
@given(messages=produced(), with_tools=st.booleans())
def test_what_was_produced_is_rendered_and_read_again(
    name: str, messages: tuple[Message, ...], with_tools: bool
) -> None:
    rendered = render(name, *messages, tools=TOOLS if with_tools else ())
    expected = [(call.name, json.loads(call.arguments)) for message in messages for call in message.tool_calls]
    assert calls_in(rendered, dialect_of(TEMPLATES[name])) == expected
    for message in messages:
        assert message.content.strip() in rendered
