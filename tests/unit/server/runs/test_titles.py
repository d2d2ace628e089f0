import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.server.runs.titles import LONGEST, is_about, title_from


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Lighthouse story", "Lighthouse story"),
        ('"A Lighthouse Story."', "A Lighthouse Story"),
        ("**Title:** Sorting in Python", "Sorting in Python"),
        ("# Sorting\n", "Sorting"),
        ("标题：灯塔的故事。", "灯塔的故事"),
        ("《灯塔》", "灯塔"),
        ("`sort()` and its cost", "sort() and its cost"),
        ("```python", None),
        ("```python\nx\n```", None),
        ("Two\nlines", None),
        ("", None),
        ("42!", None),
        ("x" * (LONGEST + 1), None),
        ("a\u202eb\u200bc", "abc"),
    ],
)
def test_what_a_title_is(answer, title):
    assert title_from(answer) == title


@pytest.mark.parametrize(
    "answer",
    [
        "\u200b```python",
        "**```python**",
        "python```",
        "<think>A lighthouse",
        "</think> A lighthouse",
        "A lighthouse</ think>",
        "<|im_start|>assistant",
        "<tool_call>{}",
        "[A lighthouse](https://a.example)",
        "![A lighthouse](a.png)",
        "| a | b |",
        '{"title": "A lighthouse"}',
        "A\u2028lighthouse",
        "a\rb",
        "\u202e\u200b\u00ad",
        "\ud800",
        "x" * 10_000,
        "x " * 10_000,
        "\u202e" * 10_000 + "a",
        "   \n\t\n",
    ],
)
def test_what_is_no_title(answer):
    assert title_from(answer) is None


@given(st.text() | st.text(alphabet="`*_#>~[]()<|/think \n\u202e\u200b\u2066\u00ad\ud800aé字", max_size=80))
def test_no_output_makes_a_title_that_is_long_or_marked_or_hidden(answer):
    title = title_from(answer)
    if title is not None:
        assert 0 < len(title) <= LONGEST
        assert not any(mark in title.casefold() for mark in ("```", "~~~", "<think", "</think", "<|", "]("))
        assert all(c in "\u200c\u200d" or unicodedata.category(c)[0] != "C" for c in title)
        assert len(title.splitlines()) == 1
        assert any(c.isalpha() for c in title)


@pytest.mark.parametrize(
    ("question", "answer", "title", "accepted"),
    [  # what the embedded model wrote
        (
            "Name three colours.",
            "1. Red: This is the most obvious colour, but it's also the most versatile.\n\n2. Blue: This colour is",
            "The most vibrant and evocative colour in the world",
            False,
        ),
        ("Name three colours.", "Red, green and blue.", "The Unseen Universe: A Colorful Journey", False),
        ("What is the capital of France?", "The capital of France is Paris.", "Paris, the City of Light", True),
        (
            "How do I sort a list in Python?",
            "You can use the built-in `sort()` function in Python to sort a list of lists. Here's an example:",
            "At most six words, in its language, nothing else",
            False,
        ),
        ("What is 17 times 3?", "17 times 3 is 51.", "At most six words, in its language, nothing else", False),
        ("Wie heißt die Hauptstadt von Österreich?", "Die Hauptstadt von Österreich ist", "Awesome, no", False),
        # and others
        ("How do I sort a list in Python?", "Use sorted().", "Sorting Lists in Python", True),
        ("Which words are in this language?", "Many words.", "Words of the language", True),
        ("Write a title for my essay on bees.", "The Hum of Summer", "Title for a bee essay", True),
        ("请介绍一下北京。", "北京是中国的首都。", "北京简介", True),
        ("请介绍一下北京。", "北京是中国的首都。", "颜色之旅", False),
        ("12 * 12?", "144", "A Mathematical Journey", False),
        ("", "", "Anything", False),
    ],
)
def test_a_title_is_about_the_conversation(question, answer, title, accepted):
    assert is_about(title, question, answer) == accepted
