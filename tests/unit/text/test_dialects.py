"""Dialects: which one a template or a vocabulary selects, and what each writes."""

from __future__ import annotations

from completions import EVERY, dialect

from fathom.text.dialects import DIALECTS, PLAIN, detect_dialect
from fathom.text.tool_calls.deepseek import DeepSeekCalls
from fathom.text.tool_calls.hermes import HermesCalls
from fathom.text.tool_calls.mistral import MistralCalls
from fathom.types import Message, ToolCall


def test_templates_select_their_family() -> None:
    assert {name: (row.name, row.thinks) for name, row in EVERY.items()} == {
        "r1": ("deepseek", True),
        "v3.1": ("deepseek", True),
        "qwen3": ("chatml", True),
        "llama3": ("llama3", False),
        "chatml": ("chatml", False),
        "mistral": ("mistral", False),
        "mistral-named": ("mistral", False),
        "phi4-mini": ("phi4-mini", False),
        "glm4": ("glm4", False),
        "gemma": ("gemma", False),
    }
    assert dialect("[INST]", "<<SYS>>").name == "llama2"
    assert dialect("<|assistant|>", "<|end|>").name == "phi3"
    assert dialect("<|user|>", "<|assistant|>").name == "olmo2"
    assert len({row.name for row in DIALECTS}) == len(DIALECTS)


def test_without_a_template_the_vocabulary_decides() -> None:
    detected = detect_dialect(lambda text: False, lambda token: token in ("<|im_start|>", "<think>"))
    assert (detected.name, detected.thinks) == ("chatml", True)
    assert detect_dialect(lambda text: False, lambda token: False) == PLAIN


def test_the_template_selects_the_call_format() -> None:
    assert EVERY["r1"].calls == DeepSeekCalls(fenced=True)
    assert EVERY["v3.1"].calls == DeepSeekCalls(fenced=False)
    assert EVERY["mistral"].calls == MistralCalls(named=False)
    assert EVERY["mistral-named"].calls == MistralCalls(named=True)
    llama = detect_dialect(lambda text: text in "<|start_header_id|> <tool_call>", lambda token: False)
    assert llama.calls == HermesCalls()


def test_a_message_as_the_model_writes_it() -> None:
    message = Message("assistant", "Hi", "Hm.", (ToolCall("1", "f", "{}"),))
    assert EVERY["qwen3"].write(message) == (
        '<think>\nHm.\n</think>\n\nHi\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    )
    assert EVERY["v3.1"].write(Message("assistant", "Hi", "Hm.")) == "<think>Hm.</think>Hi"


def test_a_call_beside_text_needs_an_opener() -> None:
    call = ToolCall("1", "f", "")
    assert EVERY["llama3"].write(Message("assistant", "", None, (call,))) == '{"name": "f", "parameters": {}}'
    assert EVERY["llama3"].write(Message("assistant", "Hi", None, (call,))) == (
        'Hi\n<|python_tag|>{"name": "f", "parameters": {}}'
    )
    assert EVERY["chatml"].write(Message("assistant", "Hi", None, (call,))).startswith("Hi\n<tool_call>\n{")
    assert EVERY["glm4"].write(Message("assistant", "Hi", None, (call,))) == "\nHi\nf\n{}"  # it has no opener
