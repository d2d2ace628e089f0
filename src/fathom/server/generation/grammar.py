"""Grammars for response formats and tool calls.

A forced call is generated under a grammar of the markup of the model's dialect and the tool's JSON schema, so that even
a small model that was never trained on tools answers with a call that parses. Where the model may think first, the
grammar applies later: after ``</think>`` where the prompt has opened the thinking, and after an optional
``<think>…</think>`` where the model may open it.

The layout of the JSON is fixed (one space after colons and commas), as chat templates show it to models. Each tool's
schema is a document of its own, so that ``#`` in it is the schema of that tool.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fathom.base.errors import SchemaError
from fathom.base.json_path import JsonPath
from fathom.engine.request import GrammarSpec
from fathom.text import markers
from fathom.text.tool_calls.format import CallSyntax
from fathom.types import Tool

if TYPE_CHECKING:
    from fathom.text.conversation import Prompt

THINK = r"""
think: "<think>" thought /\n{0,4}/
thought[lazy]: /(.|\n)*<\/think>/
"""
_CALLS = r"/\n{0,2}/ calls"

MAX_CALLS = 16
"""Calls in one forced answer: a small model that may go on repeats the same call up to the end of its context."""

_ANSWER, _ARGUMENTS, _OBJECT = "answer", "arguments", "object"
"""Rules with a schema: of the response format; of a tool's arguments or the whole object of its call, by its index."""

_OBJECT_KEYWORDS = frozenset(
    {
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "dependentSchemas",
        "enum",
        "if",
        "minProperties",
        "oneOf",
        "patternProperties",
        "propertyNames",
        "required",
        "unevaluatedProperties",
    }
)
"""With one of these a schema without properties says which objects it means."""


def answer_grammar(prompt: Prompt, answer: GrammarSpec, *, think: bool = True) -> GrammarSpec:
    """The grammar of ``answer`` (a JSON kind) after ``prompt``. Without ``think`` the model may not start thinking."""
    if prompt.thinking:
        return replace(answer, after=markers.THINK_CLOSE)
    if not (think and prompt.opening.may_think):
        return answer
    return _turn(prompt, _ANSWER, "", {_ANSWER: _schema_of(answer)}, think=think)


def call_grammar(prompt: Prompt, tools: Sequence[Tool], *, several: bool, think: bool = True) -> GrammarSpec:
    """At least one call of one of ``tools``, exactly one unless ``several``, in the dialect of ``prompt``."""
    rules, schemas = _calls(prompt.dialect.calls.syntax, tools, several)
    return _turn(prompt, _CALLS, rules, schemas, think=think)


def call_or_answer_grammar(
    prompt: Prompt, tools: Sequence[Tool], answer: GrammarSpec, *, several: bool, think: bool = True
) -> GrammarSpec:
    """Calls as of `call_grammar`, or a text as of `answer_grammar`."""
    rules, schemas = _calls(prompt.dialect.calls.syntax, tools, several)
    schemas = {**schemas, _ANSWER: _schema_of(answer)}
    return _turn(prompt, f"({_CALLS} | {_ANSWER})", rules, schemas, think=think)


def fault_of(error: SchemaError) -> tuple[int | None, JsonPath]:
    """The index of the tool whose schema is at fault (None: the response format), and the place in its parameters."""
    kind, _, index = error.rule.rpartition("_")
    if kind == _OBJECT:
        return int(index), error.path[2:]
    return (int(index) if kind == _ARGUMENTS else None), error.path


def parameters_of(tool: Tool) -> Mapping[str, Any]:
    """The schema of a tool's arguments, which are an object. A tool that names no parameters takes none."""
    schema = tool.parameters
    kind = schema.get("type") or "object"
    if "object" not in (kind if isinstance(kind, list) else [kind]):
        raise SchemaError("the parameters of a function are an object", "write the type object", ("type",))
    if not schema.get("properties") and all(schema.get(key) in (None, [], False) for key in _OBJECT_KEYWORDS):
        return {"type": "object", "additionalProperties": False}
    return {**schema, "type": "object"}


def _turn(prompt: Prompt, body: str, rules: str, schemas: Mapping[str, Any], *, think: bool) -> GrammarSpec:
    """A grammar of ``body``, which applies after the thinking."""
    free = think and prompt.opening.may_think
    start = f"start: {'think? ' if free else ''}{body}\n"
    after = markers.THINK_CLOSE if prompt.thinking else None
    return GrammarSpec("lark", start + rules + (THINK if free else ""), after, schemas)


def _calls(syntax: CallSyntax, tools: Sequence[Tool], several: bool) -> tuple[str, dict[str, Any]]:
    """Rules for ``calls``, and their schemas."""
    more = f"({_text(syntax.between)} call){{0,{MAX_CALLS - 1}}}" if several else ""
    rules = [
        f"calls: {_text(syntax.begin)} call {more} {_text(syntax.end)}",
        f"call: {' | '.join(f'call_{index}' for index in range(len(tools)))}",
    ]
    schemas: dict[str, Any] = {}
    for index, tool in enumerate(tools):
        try:
            body, rule, schema = _call(syntax, tool, index)
        except SchemaError as error:
            raise error.within(f"{_ARGUMENTS}_{index}") from None
        rules.append(f"call_{index}: {body}")
        schemas[rule] = schema
    return "\n".join(rules) + "\n", schemas


def _call(syntax: CallSyntax, tool: Tool, index: int) -> tuple[str, str, Any]:
    """The body of a call's rule, the rule that it uses, and the schema of that."""
    parameters = parameters_of(tool)
    if syntax.key and not (syntax.begin or syntax.head):  # it may begin as an answer does, so all of it is one schema
        rule = f"{_OBJECT}_{index}"
        return f"{rule} {_text(syntax.tail)}", rule, _call_object(tool.name, syntax.key, parameters)
    before, after = syntax.around(tool.name)
    rule = f"{_ARGUMENTS}_{index}"
    return f"{_text(before)} {rule} {_text(after)}", rule, parameters


def _call_object(name: str, key: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a call that is an object. With an ``$id`` the parameters are a resource: ``#`` is their root."""
    own = parameters.get("$id")
    identifier = own if isinstance(own, str) and own and not own.startswith("#") else "urn:parameters"
    return {
        "type": "object",
        "properties": {"name": {"const": name}, key: {**parameters, "$id": identifier}},
        "required": ["name", key],
        "additionalProperties": False,
    }


def _schema_of(answer: GrammarSpec) -> Any:
    return {"type": "object"} if answer.kind == "json_object" else answer.value


def _text(text: str) -> str:
    """JSON is also how Lark writes strings; an empty one is left out."""
    return json.dumps(text, ensure_ascii=False) if text else ""
