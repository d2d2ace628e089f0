"""DeepSeek tool calls of R1 and V3.1: what is parsed, what is plain text, what is written."""

from __future__ import annotations

import pytest
from completions import BEGIN, DEEPSEEK_CASES, DONE, END, ONE, R1, SEP, V31, read

from fathom.text.events import Event
from fathom.text.tool_calls.deepseek import DeepSeekCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), DEEPSEEK_CASES)
def test_deepseek_calls(text: str, events: list[Event]) -> None:
    assert read([text], R1) == read([text], V31) == events


CALL = (ToolCall("1", "f", '{"a": 1}'),)


def test_r1_fences_the_arguments() -> None:
    assert DeepSeekCalls().syntax.write(CALL) == f'{BEGIN}{ONE}function{SEP}f\n```json\n{{"a": 1}}\n```{DONE}{END}'


def test_v31_writes_name_and_arguments() -> None:
    assert DeepSeekCalls(fenced=False).syntax.write(CALL) == f'{BEGIN}{ONE}f{SEP}{{"a": 1}}{DONE}{END}'


def test_instructions_end_with_an_example_in_the_format() -> None:
    calls = DeepSeekCalls(fenced=False)
    text = calls.instructions([Tool("f", "does it")])
    assert '{"name": "f", "description": "does it", "parameters": {}}' in text
    assert text.endswith(f'{BEGIN}{ONE}the_function{SEP}{{"the argument": "its value"}}{DONE}{END}')
