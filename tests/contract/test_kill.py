"""A server process that is killed in mid-answer, and what becomes of the answer."""

import sys

import pytest

from benchmarks.durability import measure


@pytest.mark.slow
def test_an_answer_outlives_its_server_token_for_token():
    results = measure([sys.executable, "-m", "tiny_server"], kills=3, tokens=1500)
    assert results["kills"] == 3
    assert results["resumed"] > 0, "no kill came in mid-answer"
    assert (results["characters_lost"], results["texts_that_differ"]) == (0, 0)
