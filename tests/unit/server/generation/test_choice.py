"""The state of one choice: text, thinking, token counts, usage."""

from __future__ import annotations

import pytest

from fathom.engine.request import Chunk
from fathom.server.errors import StoppingError
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import GenerationDelta
from fathom.text.events import AnswerText
from fathom.types import Usage


def test_without_a_parser_all_text_is_answer():
    choice = ChoiceState()
    assert choice.push(Chunk(0, "ab", (1, 2))) == GenerationDelta(0, (AnswerText("ab"),), (1, 2), (), False)
    assert choice.push(Chunk(0, "", (3,), cached_tokens=5)) == GenerationDelta(0, (), (3,), (), False)
    assert (choice.completion_tokens, choice.reasoning_tokens, choice.cached_tokens) == (3, 0, 5)


def test_tokens_without_text_count_as_thinking_while_the_choice_thinks():
    choice = ChoiceState(thinking=True)
    assert choice.push(Chunk(0, "", (1,))).thinking
    assert choice.reasoning_tokens == 1


def test_a_cancelled_chunk_raises():
    with pytest.raises(StoppingError, match="the server is going down; try again when it is back"):
        ChoiceState().push(Chunk(0, "", (), finish_reason="cancelled"))


def test_usage_counts_the_prompt_once():
    choices = [ChoiceState(), ChoiceState()]
    choices[0].push(Chunk(0, "a", (1,), cached_tokens=2))
    choices[1].push(Chunk(1, "bc", (2, 3)))
    assert usage((7, 8, 9), choices) == Usage(prompt_tokens=3, cached_tokens=2, completion_tokens=3)
