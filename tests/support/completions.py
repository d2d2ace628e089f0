"""Completions with tool calls in every dialect, the events that they parse to, and a function that parses them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from fathom.text.dialects import Dialect, detect_dialect
from fathom.text.events import AnswerText, Event, ToolCallArguments, ToolCallEnded, ToolCallStarted, coalesce
from fathom.text.parser import Opening, Parser


def dialect(*texts: str) -> Dialect:
    """The dialect of a template made of these texts."""
    template = " ".join(texts)
    return detect_dialect(lambda text: text in template, lambda token: False)


R1 = dialect("<｜Assistant｜>", "</think>", "```json")
V31 = dialect("<｜Assistant｜>", "</think>")
QWEN3 = dialect("<|im_start|>", "<tool_call>", "</think>")
LLAMA3 = dialect("<|start_header_id|>")
CHATML = dialect("<|im_start|>")
MISTRAL = dialect("[INST] ", "[TOOL_CALLS]")
MISTRAL_NAMED = dialect("'[INST]' +", "[TOOL_CALLS]", "[ARGS]")
PHI4 = dialect("<|assistant|>", "<|end|>", "<|/tool|>")
GLM4 = dialect("<|assistant|>", "<|observation|>")
GEMMA = dialect("<start_of_turn>")
EVERY = {
    "r1": R1,
    "v3.1": V31,
    "qwen3": QWEN3,
    "llama3": LLAMA3,
    "chatml": CHATML,
    "mistral": MISTRAL,
    "mistral-named": MISTRAL_NAMED,
    "phi4-mini": PHI4,
    "glm4": GLM4,
    "gemma": GEMMA,
}

THINKING = Opening("thinking")
MAY_THINK = Opening(may_think=True)
ANSWER = Opening()
TOOLS = ("f", "weather")

BEGIN, END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"
ONE, SEP, DONE = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"


def read(
    pieces: Iterable[str], dialect: Dialect, opening: Opening = ANSWER, tools: Sequence[str] = TOOLS
) -> list[Event]:
    numbers = itertools.count()
    parser = Parser(dialect, opening, tools, new_id=lambda: f"call_{next(numbers)}")
    events = [event for piece in pieces for event in parser.push(piece)]
    return [*coalesce([*events, *parser.finish()])]


def call(index: int, name: str, arguments: str, complete: bool = True) -> list[Event]:
    pieces: list[Event] = [ToolCallArguments(index, arguments)] if arguments else []
    return [ToolCallStarted(index, f"call_{index}", name), *pieces, ToolCallEnded(index, complete)]


HERMES_CASES = [
    ('<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>', call(0, "f", '{"a": 1}')),
    (
        'Wait.\n<tool_call>{"name":"f","arguments":{}}</tool_call>\n<tool_call>{"name":"g","arguments":{"s":"</tool_call>"}}</tool_call>\n',
        [AnswerText("Wait."), *call(0, "f", "{}"), *call(1, "g", '{"s":"</tool_call>"}')],
    ),
    ('<tool_call>{"arguments": {"a": [1, {}]}, "name": "f"}</tool_call>', call(0, "f", '{"a": [1, {}]}')),
    ('<tool_call>{"name": "f"}</tool_call> ok', [*call(0, "f", "{}"), AnswerText(" ok")]),
    # without the tags: a call where it names an available tool
    ('{"name": "f", "arguments": {"a": 1}}', call(0, "f", '{"a": 1}')),
    ('\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>', call(0, "f", '{"a": 1}')),
    ('{"name": "Ada", "arguments": {"a": 1}}', [AnswerText('{"name": "Ada", "arguments": {"a": 1}}')]),
    ('So: {"name": "f", "arguments": {}}', [AnswerText('So: {"name": "f", "arguments": {}}')]),
    ('<tool_call>{"name": "f", "arguments": null}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": "{\\"a\\": 1}"}</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"id": 7, "name": "f", "parameters": {"a": 1}, "x": [2]}</tool_call>', call(0, "f", '{"a": 1}')),
    (
        '<tool_call>[{"name": "f", "arguments": {}}, {"name": "g"}]</tool_call>',
        [*call(0, "f", "{}"), *call(1, "g", "{}")],
    ),
    # one brace missing, one too many, cut off
    ('<tool_call>{"name": "f", "arguments": {"a": 1}\n</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"name": "f", "arguments": {"a": 1}}}\n</tool_call>', call(0, "f", '{"a": 1}')),
    ('<tool_call>{"name": "f", "arguments": {"a": "b', call(0, "f", '{"a": "b', complete=False)),
    ('<tool_call>{"name": "f", "arguments": ', call(0, "f", "", complete=False)),
    ('<tool_call>{"name": "f", "arguments": {"a": 1}', call(0, "f", '{"a": 1}')),
    ('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_ca', call(0, "f", "{}")),
    # no arguments
    ('<tool_call>{"name": "f", "arguments": }</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": ""}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": " "}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": [ ]}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"arguments": "", "name": "f"}</tool_call>', call(0, "f", "{}")),
    ('<tool_call>{"name": "f", "arguments": {"a" <b>}}</tool_call>ok', [*call(0, "f", '{"a" <b>}}'), AnswerText("ok")]),
    ('<tool_call>{"name": "f", "arguments": {}} and more', [*call(0, "f", "{}"), AnswerText(" and more")]),
    # no calls
    ("`<tool_call>` opens", [AnswerText("`<tool_call>` opens")]),
    ("<tool_call>\n{oops}\n</tool_call>\n", [AnswerText("<tool_call>\n{oops}\n</tool_call>\n")]),
    ('<tool_call>{"name": 3}</tool_call>', [AnswerText('<tool_call>{"name": 3}</tool_call>')]),
    ('<tool_call>{"name": ""}</tool_call>', [AnswerText('<tool_call>{"name": ""}</tool_call>')]),
    ('<tool_call>{"arguments": {}}</tool_call>', [AnswerText('<tool_call>{"arguments": {}}</tool_call>')]),
    ('x\n\n<tool_call>{"na', [AnswerText('x\n\n<tool_call>{"na')]),
    ("</tool_call> stray\n", [AnswerText("</tool_call> stray\n")]),
    ('<tool_call> <tool_call>{"name": "f"}</tool_call>', [AnswerText("<tool_call> "), *call(0, "f", "{}")]),
]


DEEPSEEK_CASES = [
    (f'{BEGIN}{ONE}function{SEP}f\n```json\n{{"a": 1}}\n```{DONE}{END}', call(0, "f", '{"a": 1}')),
    (f'{BEGIN}{ONE}f{SEP}{{"a": 1}}{DONE}{END}', call(0, "f", '{"a": 1}')),
    (f'{BEGIN}{ONE}function{SEP}{{"a": 1}}{DONE}{END}', call(0, "function", '{"a": 1}')),
    (
        f"Look.\n\n{BEGIN}{ONE}f{SEP}{{}}{DONE}\n{ONE}function{SEP}g\n```json\n{{}}\n```{DONE}{END}\n",
        [AnswerText("Look."), *call(0, "f", "{}"), *call(1, "g", "{}")],
    ),
    (f"{ONE}f{SEP}{{}}{DONE}", call(0, "f", "{}")),  # the outer markers forgotten
    (f"{BEGIN}{ONE}f{SEP}{{}}{DONE}then", [*call(0, "f", "{}"), AnswerText("then")]),
    (f"{BEGIN}{ONE}f{SEP}not json{DONE}{END}", call(0, "f", "not json")),
    (f'{BEGIN}{ONE}function{SEP}f\n```json\n{{"a": "```', call(0, "f", '{"a": "```', complete=False)),
    (f'{BEGIN}{ONE}f{SEP}{{"a": "`` `', call(0, "f", '{"a": "`` `', complete=False)),
    (f"{BEGIN}{ONE}f{SEP}", call(0, "f", "", complete=False)),
    (f"{BEGIN}{ONE}f{SEP}{DONE}{END}", call(0, "f", "{}")),
    (f"{BEGIN}{ONE}f{SEP} \n{DONE}{END}", call(0, "f", "{}")),
    (f"{BEGIN}{ONE}function{SEP}f\n```json\n\n```{DONE}{END}", call(0, "f", "{}")),
    (f"{BEGIN}{ONE}f\n{END}", [AnswerText(f"{BEGIN}{ONE}f\n{END}")]),
    (f"{BEGIN}{ONE}f{SEP}{{}}{DONE}<｜tool▁ca", call(0, "f", "{}")),
    (f"{BEGIN}oops", [AnswerText(f"{BEGIN}oops")]),
    (f"{BEGIN}{END}", [AnswerText(f"{BEGIN}{END}")]),
    (f"{BEGIN}{ONE}{SEP}{{}}{DONE}", [AnswerText(f"{BEGIN}{ONE}{SEP}{{}}{DONE}")]),
    (f"x{END}", [AnswerText(f"x{END}")]),
]


LLAMA_CASES = [
    ('{"name": "f", "parameters": {"a": 1}}', call(0, "f", '{"a": 1}')),
    ('\n{"type": "function", "name": "f", "parameters": {}}', call(0, "f", "{}")),
    ('{"name": "f", "parameters": ""}', call(0, "f", "{}")),
    ('{"name": "f", "parameters": {"a": ', call(0, "f", '{"a": ', complete=False)),
    ('{"name": "f", "parameters": {}}; {"name": "weather"}\n', [*call(0, "f", "{}"), *call(1, "weather", "{}")]),
    ('<|python_tag|>{"name": "unknown", "parameters": {}}', call(0, "unknown", "{}")),
    ('Sure.\n<|python_tag|>{"name": "f"}', [AnswerText("Sure."), *call(0, "f", "{}")]),
    ('{"name": "Bob", "parameters": {}}', [AnswerText('{"name": "Bob", "parameters": {}}')]),  # not on offer: JSON
    ('{"answer": 42}', [AnswerText('{"answer": 42}')]),
    ('It is {"name": "f"}', [AnswerText('It is {"name": "f"}')]),
    ('<|python_tag|>search.call(query="x")', [AnswerText('<|python_tag|>search.call(query="x")')]),
    ('{"name": "f"}; {"a": 1}', [*call(0, "f", "{}"), AnswerText('{"a": 1}')]),
]


MISTRAL_CASES = [
    ('[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}]', call(0, "f", '{"a": 1}')),
    ('[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}, "id": "VvvODy9mT"}]', call(0, "f", '{"a": 1}')),
    (
        '[TOOL_CALLS][{"name": "f", "arguments": {}}, {"name": "g", "arguments": {"s": "]"}}]\n',
        [*call(0, "f", "{}"), *call(1, "g", '{"s": "]"}')],
    ),
    ('Look.\n[TOOL_CALLS]{"name": "f", "arguments": {}}', [AnswerText("Look."), *call(0, "f", "{}")]),
    ('[TOOL_CALLS]f[ARGS]{"a": 1}', call(0, "f", '{"a": 1}')),
    (
        '[TOOL_CALLS]f[CALL_ID]VvvODy9mT[ARGS]{"a": 1}[TOOL_CALLS]g[ARGS]{}',
        [*call(0, "f", '{"a": 1}'), *call(1, "g", "{}")],
    ),
    ('[TOOL_CALLS]f{"a": 1}', call(0, "f", '{"a": 1}')),  # the separator forgotten
    # cut off, one brace too many
    ('[TOOL_CALLS][{"name": "f", "arguments": {"a": "b', call(0, "f", '{"a": "b', complete=False)),
    ('[TOOL_CALLS]f[ARGS]{"a": "b', call(0, "f", '{"a": "b', complete=False)),
    ('[TOOL_CALLS][{"name": "f", "arguments": {}}}]', call(0, "f", "{}")),
    # no calls
    ("[TOOL_CALLS] are markup", [AnswerText("[TOOL_CALLS] are markup")]),
    ("[TOOL_CALLS][]", [AnswerText("[TOOL_CALLS][]")]),
    ("a [TOOL_CALLS]", [AnswerText("a [TOOL_CALLS]")]),
]


PHI_CASES = [
    ('<|tool_call|>[{"name": "f", "arguments": {"a": 1}}]<|/tool_call|>', call(0, "f", '{"a": 1}')),
    (
        '<|tool_call|>[{"name": "f", "arguments": {}}, {"name": "g", "parameters": {}}]<|/tool_call|>',
        [*call(0, "f", "{}"), *call(1, "g", "{}")],
    ),
    ('<|tool_call|>{"name": "f", "arguments": {}}<|/tool_call|> ok', [*call(0, "f", "{}"), AnswerText(" ok")]),
    ('functools[{"name": "f", "arguments": {"a": 1}}]', call(0, "f", '{"a": 1}')),
    ('<|tool_call|>[{"name": "f", "arguments": {"a": "b', call(0, "f", '{"a": "b', complete=False)),
    # no calls
    ("import functools\n@functools.cache", [AnswerText("import functools\n@functools.cache")]),
    ("functools[0]", [AnswerText("functools[0]")]),
    ("<|tool_call|>oops<|/tool_call|>", [AnswerText("<|tool_call|>oops<|/tool_call|>")]),
]


GLM_CASES = [
    ('weather\n{"city": "Rome"}', call(0, "weather", '{"city": "Rome"}')),
    ('\nweather \n{"city": "Rome"}\n', call(0, "weather", '{"city": "Rome"}')),
    ('f\n{}\nweather\n{"a": 1}', [*call(0, "f", "{}"), *call(1, "weather", '{"a": 1}')]),
    ('f\n{"a": "b', call(0, "f", '{"a": "b', complete=False)),
    # no calls
    ("\nweather is nice", [AnswerText("weather is nice")]),
    ("\nHello", [AnswerText("Hello")]),
    ('unknown\n{"a": 1}', [AnswerText('unknown\n{"a": 1}')]),
    ('{"a": 1}', [AnswerText('{"a": 1}')]),
    ("", []),
]
