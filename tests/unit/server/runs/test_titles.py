import pytest

from fathom.server.runs.titles import LONGEST, title_from


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
