"""Grammars for response formats and forced tool calls.

A forced call is generated under a grammar of the markup of the model's dialect and the tool's JSON schema, so that even
a small model that was never trained on tools answers with a call that parses. Where the model may think first, the
grammar applies later: after ``</think>`` where the prompt has opened the thinking, and after an optional
``<think>…</think>`` where the model may open it.

The layout of the JSON is fixed (one space after colons and commas), as chat templates show it to models.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fathom.engine.request import GrammarSpec
from fathom.text import markers
from fathom.text.conversation import Prompt
from fathom.text.tool_calls.deepseek import DeepSeekCalls
from fathom.text.tool_calls.format import CallFormat
from fathom.text.tool_calls.llama import LlamaCalls
from fathom.types import Tool

THINK = r"""
think: "<think>" thought /\n{0,4}/
thought[lazy]: /(.|\n)*<\/think>/
"""
LAYOUT = {"whitespace_flexible": False, "key_separator": ": ", "item_separator": ", "}


def answer_grammar(prompt: Prompt, answer: GrammarSpec, *, think: bool = True) -> GrammarSpec:
    """The grammar of ``answer`` (a JSON kind) after ``prompt``. Without ``think`` the model may not start thinking."""
    if prompt.thinking:
        return replace(answer, after=markers.THINK_CLOSE)
    if not (think and prompt.opening.may_think):
        return answer
    schema = {"type": "object"} if answer.kind == "json_object" else answer.value
    return GrammarSpec("lark", f"start: think? answer\nanswer: %json {_json(schema)}\n{THINK}")


def call_grammar(prompt: Prompt, tools: Sequence[Tool], *, several: bool, think: bool = True) -> GrammarSpec:
    """At least one call of one of ``tools``, exactly one unless ``several``, in the dialect of ``prompt``."""
    rules = _calls(prompt.dialect.calls, tools, several)
    free = think and prompt.opening.may_think
    start = f"start: {'think? ' if free else ''}/\\n{{0,2}}/ calls\n"
    after = markers.THINK_CLOSE if prompt.thinking else None
    return GrammarSpec("lark", start + rules + (THINK if free else ""), after)


def _calls(call_format: CallFormat, tools: Sequence[Tool], several: bool) -> str:
    """Rules for ``calls``, in the syntax of ``call_format``."""
    if isinstance(call_format, DeepSeekCalls):
        begin, end = _json(markers.CALLS_BEGIN), _json(markers.CALLS_END)
        more = ' ("\\n" call)*' if several else ""
        branches = " | ".join(f"call_{i}" for i in range(len(tools)))
        rules = [f"calls: {begin} call{more} {end}", f"call: {branches}"]
        for i, tool in enumerate(tools):
            head, tail = _deepseek_frame(tool.name, call_format.fenced)
            rules.append(f"call_{i}: {_json(head)} %json {_json(_laid_out(tool.parameters))} {_json(tail)}")
        return "\n".join(rules) + "\n"
    key, opener, closer, between = "arguments", f"{markers.TOOL_CALL_OPEN}\n", f"\n{markers.TOOL_CALL_CLOSE}", "\n"
    if isinstance(call_format, LlamaCalls):
        key, opener, closer, between = "parameters", "", "", "; "
    call = " ".join(part for part in (_text(opener), "object", _text(closer)) if part)
    more = f" ({_text(between)} {call})*" if several else ""
    objects = {"anyOf": [_call_schema(tool, key) for tool in tools]}
    return f"calls: {call}{more}\nobject: %json {_json(_laid_out(objects))}\n"


def _deepseek_frame(name: str, fenced: bool) -> tuple[str, str]:
    if fenced:
        head = f"{markers.CALL_BEGIN}function{markers.CALL_SEPARATOR}{name}\n```json\n"
        return head, f"\n```{markers.CALL_END}"
    return f"{markers.CALL_BEGIN}{name}{markers.CALL_SEPARATOR}", markers.CALL_END


def _call_schema(tool: Tool, key: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, key: _arguments(tool)},
        "required": ["name", key],
        "additionalProperties": False,
    }


def _arguments(tool: Tool) -> dict[str, Any]:
    """A tool without a schema takes any object."""
    return dict(tool.parameters) or {"type": "object"}


def _laid_out(schema: Any) -> dict[str, Any]:
    return {**(dict(schema) or {"type": "object"}), "x-guidance": LAYOUT}


def _text(text: str) -> str:
    return _json(text) if text else ""


def _json(value: Any) -> str:
    """JSON is also how Lark writes strings."""
    return json.dumps(value, ensure_ascii=False)
