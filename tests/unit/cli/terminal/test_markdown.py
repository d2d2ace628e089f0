import pytest

from fathom.cli.terminal.markdown import complete_length


@pytest.mark.parametrize(
    ("done", "rest"),
    [
        ("", "a paragraph that may go on"),
        ("", "a paragraph\nand its second line\n"),
        ("", "a paragraph\n\n"),  # the next line may be anything
        ("a paragraph\n\n", "N"),
        ("one\n\ntwo\n\n", "three"),
        ("", "```python\nx = 1\n\ny = 2\n"),
        ("```python\nx = 1\n\ny = 2\n```\n\n", "after"),
        ("", "````\n```\n\ninner"),  # a shorter fence does not close
        ("", "~~~\n```\n\ninner"),  # nor do other marks
        ("", "- one\n\n- two"),
        ("", "- one\n\n  still one"),
        ("", "1. one\n\n2"),  # may become "2." with the next character
        ("- one\n- two\n\n", "After the list"),
        ("intro\n\n", "- one\n\n- two"),
        ("", "\n\n"),
    ],
)
def test_only_final_elements_are_complete(done: str, rest: str) -> None:
    assert complete_length(done + rest) == len(done)


def test_complete_length_never_shrinks() -> None:
    text = (
        "# Title\n\nIntro.\n\n1. one\n\n   more\n\n2. two\n\n```\ncode\n\ncode\n```\n\n| a | b |\n|---|---|\n| 1 |\n\n"
    )
    text += "End."
    ends = [complete_length(text[:length]) for length in range(len(text) + 1)]
    assert ends == sorted(ends)
    assert text[: ends[-1]].endswith("| 1 |\n\n")
