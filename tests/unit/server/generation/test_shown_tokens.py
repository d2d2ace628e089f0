"""Tokens are reported with their text: held back while it is, dropped where it is."""

from __future__ import annotations

from fathom.engine.request import TokenLogprob
from fathom.server.generation.shown_tokens import ShownTokens
from fathom.text.events import TextSpan

HIDDEN = 9


def tokens(*spans: tuple[int, int], first: int = 0) -> list[tuple[TokenLogprob, tuple[int, int]]]:
    return [(TokenLogprob(first + i, -1.0), span) for i, span in enumerate(spans)]


def ids(released: object) -> list[int]:
    return [token.logprob.token_id for token in released]


def test_a_token_waits_for_its_text():
    shown = ShownTokens(frozenset())
    assert shown.push(tokens((0, 2), (2, 3)), []) == ()
    assert ids(shown.push([], [TextSpan(0, 2, False)])) == [0]
    assert ids(shown.push([], [TextSpan(2, 3, False)])) == [1]


def test_the_parts_of_a_character_have_its_place():
    shown = ShownTokens(frozenset())
    released = shown.push(tokens((0, 1), (1, 1), (1, 1), (1, 2), (2, 3)), [TextSpan(0, 3, False)])
    assert [token.offset for token in released] == [0, 1, 1, 1, 2]


def test_tokens_of_text_that_is_never_shown_are_dropped():
    shown = ShownTokens(frozenset({HIDDEN}))
    thought = shown.push(tokens((0, 2), (2, 10)), [TextSpan(0, 2, True)])  # then a tag
    assert [(token.logprob.token_id, token.thinking) for token in thought] == [(0, True)]
    answer = shown.push(tokens((10, 12), (12, 12), first=8), [TextSpan(10, 12, False)])
    assert [(token.logprob.token_id, token.thinking) for token in answer] == [(8, False)]
    assert shown.push(tokens((12, 13), first=3), []) == ()  # a stop string


def test_a_token_with_some_text_is_shown():
    shown = ShownTokens(frozenset())
    assert ids(shown.push(tokens((0, 5), (5, 9)), [TextSpan(0, 1, False), TextSpan(8, 9, False)])) == [0, 1]
