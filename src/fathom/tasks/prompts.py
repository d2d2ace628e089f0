"""Prompt styles: R1-Zero's template for base models, a message for chat models, or the question alone."""

from __future__ import annotations

from typing import Literal

from fathom.types import Message

Style = Literal["base", "chat", "bare"]
"""``base``: R1-Zero's template around the question; ``chat``: one user message; ``bare``: the question alone."""

R1_ZERO = (
    "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant "
    "first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning "
    "process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., <think> "
    "reasoning process here </think> <answer> answer here </answer>. User: {question} Assistant:"
)
"""R1 table 1, verbatim."""


def format_prompt(question: str, style: Style, *, opened: bool = False) -> str | tuple[Message, ...]:
    """The prompt of an item. ``opened`` adds ``<think>`` to a text; chat templates open the thinking themselves."""
    if style == "chat":
        return (Message("user", question),)
    text = R1_ZERO.format(question=question) if style == "base" else question
    if not opened:
        return text
    return f"{text} <think>" if style == "base" else f"{text}<think>"
