"""GLM-4's tool calls: a name in a line and its arguments, and answers that only begin like one."""

from __future__ import annotations

import pytest
from completions import GLM4, GLM_CASES, read

from fathom.text.events import Event
from fathom.text.tool_calls.glm import GLMCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), GLM_CASES)
def test_calls(text: str, events: list[Event]) -> None:
    assert read([text], GLM4) == events
    assert read([*text], GLM4) == events


def test_calls_as_written() -> None:
    assert GLMCalls().syntax.write((ToolCall("1", "f", '{"a": 1}'),)) == 'f\n{"a": 1}'


def test_instructions_name_the_tools() -> None:
    assert '{"name": "f", "description": "does it", "parameters": {}}' in GLMCalls().instructions(
        [Tool("f", "does it")]
    )
