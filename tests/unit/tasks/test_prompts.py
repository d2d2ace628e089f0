"""Prompt styles: the text or the message of a question."""

import pytest

from fathom.tasks.prompts import R1_ZERO, format_prompt
from fathom.types import Message


def test_base_is_the_template_of_r1_zero() -> None:
    prompt = format_prompt("1 + 1?", "base")
    assert prompt == R1_ZERO.format(question="1 + 1?")
    assert str(prompt).endswith("User: 1 + 1? Assistant:")
    assert "<think> reasoning process here </think> <answer> answer here </answer>" in str(prompt)


def test_chat_is_one_user_message() -> None:
    assert (
        format_prompt("1 + 1?", "chat") == format_prompt("1 + 1?", "chat", opened=True) == (Message("user", "1 + 1?"),)
    )


@pytest.mark.parametrize(("style", "end"), [("base", " Assistant: <think>"), ("bare", "1 + 1?<think>")])
def test_opened_prompts_end_inside_the_thinking(style: str, end: str) -> None:
    assert str(format_prompt("1 + 1?", style, opened=True)).endswith(end)  # type: ignore[arg-type]
