"""What is found out about a template by rendering probes, on the constructs of published templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from fathom.text.template.capabilities import TemplateCapabilities
from fathom.text.template.data import CallStyle
from fathom.text.template.template import ChatTemplate

FIXTURES = Path(__file__).parents[3] / "fixtures" / "templates"


def able(source: str, *, tools: bool = False) -> TemplateCapabilities:
    return ChatTemplate(source, bos="<s>", eos="</s>").capabilities(tools=tools)


def fixture(name: str, *, tools: bool = False) -> TemplateCapabilities:
    return able((FIXTURES / f"{name}.jinja").read_text(encoding="utf-8"), tools=tools)


def per_call(body: str, before: str = "") -> str:
    """A template that writes each past call by ``body``, where ``f`` is its function."""
    return (
        before + "{% for m in messages %}[{{ m.role }}]{{ m.content or '' }}"
        "{% for call in m.tool_calls or [] %}{% set f = call.function %}{{ f.name }}:"
        + body
        + "{% endfor %}{% endfor %}"
    )


TEXT, OBJECT = CallStyle("text"), CallStyle("object")


@pytest.mark.parametrize(
    ("body", "style"),
    [
        ("{{ f.arguments }}", TEXT),
        ("{{ 'json\\n' + f['arguments'] + '\\n' }}", TEXT),  # DeepSeek
        ("{{ f.arguments | tojson }}", OBJECT),  # Llama, Qwen2.5
        ("{{ f.arguments if f.arguments is string else f.arguments | tojson }}", TEXT),  # Qwen3
        ("{{ f | tojson }}", OBJECT),  # Mistral
        ("{{ m.tool_calls | tojson }}", OBJECT),
        ("{% for k, v in f.arguments.items() %}<k>{{ k }}</k><v>{{ v }}</v>{% endfor %}", OBJECT),  # GLM
        ("{% for k, v in f.arguments | items %}{{ k }}={{ v }}{% endfor %}", OBJECT),
        ("{% for k in f.arguments %}{{ k }}={{ f.arguments[k] }}{% endfor %}", OBJECT),
        ("{% for k, v in f.arguments | dictsort %}{{ k }}={{ v | tojson }}{% endfor %}", OBJECT),
        (  # Gemma
            "{ {%- if f.arguments is mapping %}{% for k, v in f.arguments | dictsort %}{{ k }}:{{ v }}{% endfor %}"
            "{% elif f.arguments is string %}{{ f.arguments }}{% endif %} }",
            OBJECT,
        ),
        ("{% set a = f.arguments %}{% set b = a %}{{ b | tojson(indent=2) }}", OBJECT),
        ("{{ write(f.arguments) }}", OBJECT),
        ("", None),
        ("{{ f.arguments.missing.missing }}", None),
    ],
)
def test_the_style_of_arguments(body: str, style: CallStyle | None) -> None:
    macro = "{% macro write(value) %}{{ value | tojson }}{% endmacro %}"
    assert able(per_call(body, macro)).call_style == style


def test_a_call_as_metadata() -> None:
    """GLM-4; a template that does not read the key would lose the name."""
    assert fixture("glm4", tools=True).call_style == CallStyle(metadata=True)
    assert fixture("olmo2").call_style is None


def test_a_result_after_a_call_that_is_text() -> None:
    """Mistral's templates leave a native call and its result out of their count of turns, but not a text."""
    assert fixture("qwen3").results_of_texts
    assert fixture("glm4", tools=True).results_of_texts
    assert not fixture("mistral-v3", tools=True).results_of_texts


def test_content_that_must_be_none() -> None:
    assert fixture("deepseek-r1").call_style == CallStyle("text", null_content=True)
    crashes = per_call("{{ f.arguments }}").replace("m.content or ''", "m.content + ''")
    assert able(crashes).call_style == TEXT


@pytest.mark.parametrize(
    ("name", "tools", "expected"),
    [
        # tools, system, several systems, loses systems, text beside calls, several calls, results
        ("deepseek-r1", False, (False, True, False, True, False, True, True)),
        ("deepseek-v31", False, (False, True, True, False, True, True, True)),
        ("qwen25", True, (True, True, True, False, True, True, True)),
        ("qwen3", True, (True, True, True, False, True, True, True)),
        ("llama3", True, (True, True, True, False, False, False, True)),
        ("hermes-tool-use", True, (True, True, True, False, False, True, True)),
        ("gemma", False, (False, False, False, False, False, False, False)),
        ("gemma3", False, (False, True, False, False, False, False, False)),
        ("mistral-v1", False, (False, False, False, False, False, False, False)),
        ("mistral-v3", True, (True, True, False, False, False, True, True)),
        ("mistral-nemo", True, (True, True, False, False, False, True, True)),
        ("phi3", False, (False, True, True, False, False, False, False)),
        ("phi4-mini", True, (False, True, True, False, False, False, False)),
        ("olmo2", False, (False, True, True, False, False, False, False)),
        ("glm4", True, (True, True, True, False, False, False, True)),
        ("smollm3", True, (True, True, False, True, False, False, False)),
    ],
)
def test_templates_of_the_families(name: str, tools: bool, expected: tuple[bool, ...]) -> None:
    found = fixture(name, tools=tools)
    assert (
        found.tools,
        found.system,
        found.several_systems,
        found.loses_systems,
        found.text_beside_calls,
        found.several_calls,
        found.results,
    ) == expected
    assert found.generation_prompt == ""


@pytest.mark.parametrize(
    ("turn", "opening"),
    [
        ("<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n", "<|im_start|>assistant\n"),
        ("{{ '[INST] ' + m.content + ' [/INST]' if m.role == 'user' else ' ' + m.content }}", ""),
        ("{{ '\n### ' + m.role + ': ' + m.content }}", "\n### assistant:"),
        ("{{ m.content }}{% if loop.last and add_generation_prompt %}A:{% endif %}", ""),
        ("{{ raise_exception('no') }}", ""),
    ],
)
def test_a_turn_that_the_template_does_not_open(turn: str, opening: str) -> None:
    assert able("{% for m in messages %}" + turn + "{% endfor %}").generation_prompt == opening
