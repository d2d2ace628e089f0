"""The state of one choice: text, thinking, token counts, usage."""

from __future__ import annotations

import pytest
from completions import CHATML, dialect

from fathom.engine.request import Chunk, TokenLogprob
from fathom.server.errors import StoppingError
from fathom.server.generation.choice import ChoiceState, usage
from fathom.server.generation.events import GenerationDelta
from fathom.server.generation.shown_tokens import ShownToken
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
)
from fathom.text.parser import Opening, Parser
from fathom.types import Usage


def test_without_a_parser_all_text_is_answer():
    choice = ChoiceState()
    assert choice.push(Chunk(0, "ab", (1, 2))) == GenerationDelta(0, (AnswerText("ab"),), (1, 2), ())
    assert choice.push(Chunk(0, "", (3,), cached_tokens=5)) == GenerationDelta(0, (), (3,), ())
    assert (choice.completion_tokens, choice.reasoning_tokens, choice.cached_tokens) == (3, 0, 5)


def test_tokens_without_text_count_as_thinking_while_the_choice_thinks():
    choice = ChoiceState(thinking=True)
    choice.push(Chunk(0, "", (1,)))
    assert choice.reasoning_tokens == 1


LOGPROBS = (TokenLogprob(1, -1.0), TokenLogprob(2, -3.0))


def test_log_probabilities_follow_the_text():
    choice = ChoiceState()
    assert choice.push(Chunk(0, "", (1,), LOGPROBS[:1], spans=((0, 1),))).logprobs == ()
    last = choice.push(Chunk(0, "a", (2,), LOGPROBS[1:], "stop", spans=((1, 1),)))
    assert last.logprobs == (ShownToken(LOGPROBS[0], 0, False),)
    assert choice.mean_logprob == -2.0


def test_every_token_is_reported_where_that_is_asked():
    delta = ChoiceState(hidden=None).push(Chunk(0, "", (1, 2), LOGPROBS, "stop", spans=((0, 1), (1, 1))))
    assert delta.logprobs == (ShownToken(LOGPROBS[0], 0, False), ShownToken(LOGPROBS[1], 1, False))


def test_an_answer_that_was_thinking_counts_as_thinking():
    choice = ChoiceState(Parser(dialect("</think>"), Opening(may_think=True)))
    choice.push(Chunk(0, "Hm.\n", (1, 2)))
    assert choice.push(Chunk(0, "</think>\n", (3,))).events == (AnswerWasThinking(),)
    assert choice.reasoning_tokens == 3
    choice.push(Chunk(0, "Yes", (4,)))
    assert (choice.completion_tokens, choice.reasoning_tokens) == (4, 3)


def test_a_cancelled_chunk_raises():
    with pytest.raises(StoppingError, match="the server is going down; try again when it is back"):
        ChoiceState().push(Chunk(0, "", (), finish_reason="cancelled"))


def test_usage_counts_the_prompt_once():
    choices = [ChoiceState(), ChoiceState()]
    choices[0].push(Chunk(0, "a", (1,), cached_tokens=2))
    choices[1].push(Chunk(1, "bc", (2, 3)))
    assert usage((7, 8, 9), choices) == Usage(prompt_tokens=3, cached_tokens=2, completion_tokens=3)


def call_state(text: str, ended: str | None, **options: object) -> ChoiceState:
    """The state after one chunk with ``text``."""
    choice = ChoiceState(Parser(CHATML, Opening(), ("f",)), **options)
    choice.push(Chunk(0, text, (1,), finish_reason=ended))
    return choice


WHOLE = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
CUT = '<tool_call>\n{"name": "f", "arguments": {"a": "x'


@pytest.mark.parametrize(
    ("text", "ended", "stop_strings", "reason"),
    [
        ("Hi", "stop", False, "stop"),
        ("Hi", "length", False, "length"),
        (WHOLE, "stop", False, "tool_calls"),
        (WHOLE, "stop", True, "tool_calls"),
        (WHOLE + "Done", "stop", True, "tool_calls"),
        (WHOLE, "length", False, "length"),
        (CUT, "length", False, "length"),
        (WHOLE + CUT, "length", True, "length"),
        (CUT, "stop", True, "stop"),
        (WHOLE + CUT, "stop", True, "stop"),
        (CUT, "stop", False, "tool_calls"),  # the model ended it: the client tells the model what is wrong
    ],
)
def test_the_finish_reason(text, ended, stop_strings, reason):
    assert call_state(text, ended).finish_reason(ended, stop_strings=stop_strings) == reason


@pytest.mark.parametrize("ended", [None, "stop", "length"])
def test_nothing_follows_the_last_call_that_is_allowed(ended):
    choice = ChoiceState(Parser(CHATML, Opening(), ("f",)), most_calls=1)
    events = choice.push(Chunk(0, f"Hm.{WHOLE}{WHOLE}{CUT}", (1,), finish_reason=ended)).events
    assert [type(event) for event in events] == [AnswerText, ToolCallStarted, ToolCallArguments, ToolCallEnded]
    assert choice.has_called_enough
    assert choice.finish_reason(ended, stop_strings=True) == "tool_calls"


def test_a_call_that_was_cut_off_does_not_count_as_the_last():
    choice = call_state(CUT, "length", most_calls=1)
    assert not choice.has_called_enough
    assert choice.finish_reason("length", stop_strings=False) == "length"
