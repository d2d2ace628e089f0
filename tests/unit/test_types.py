"""The shared types: defaults, immutability, and that they import without torch."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest

from fathom.types import Conversation, Message, Tool, Usage


def test_a_message_is_frozen() -> None:
    message = Message("user", "Hi")
    with pytest.raises(FrozenInstanceError):
        message.content = "Bye"  # type: ignore[misc]
    assert (message.reasoning, message.tool_calls) == (None, ())


def test_usage_adds_up() -> None:
    assert Usage(prompt_tokens=5, cached_tokens=4, completion_tokens=3, reasoning_tokens=2).total_tokens == 8


def test_tools_do_not_share_their_parameters() -> None:
    assert Tool("f").parameters == {}
    assert Tool("f").parameters is not Tool("g").parameters


def test_a_conversation_leaves_thinking_to_the_template() -> None:
    conversation = Conversation((Message("user"),))
    assert (conversation.thinking, conversation.effort, conversation.prefill) == (None, None, False)


def test_no_torch_is_imported() -> None:
    script = f"import sys; sys.path[:] = {sys.path!r}; import fathom.types; print('torch' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )
