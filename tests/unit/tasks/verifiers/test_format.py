import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.format import AnswerFormat, last_boxed

TAGS = AnswerFormat()
OPENED = AnswerFormat(opened=True)
BOXED = AnswerFormat("boxed", thinking=False)
PLAIN = AnswerFormat("plain", opened=True)


@pytest.mark.parametrize(
    ("form", "completion", "answer"),
    [
        (TAGS, "<think>a</think><answer>7</answer>", "7"),
        (TAGS, " <think>a</think>\n\n<answer> 7 </answer>\n", "7"),
        (TAGS, "<think></think><answer>3 < 4 > 2</answer>", "3 < 4 > 2"),
        (OPENED, "a</think><answer>7</answer>", "7"),
        (AnswerFormat(thinking=False), "<answer>7</answer>", "7"),
        (AnswerFormat(thinking=False), "<think>a</think><answer>7</answer>", "7"),
        (BOXED, "So \\boxed{7}.", "7"),
        (BOXED, "<think>\\boxed{1}</think>So \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        (BOXED, "\\boxed {\\{1, 2\\}}", "\\{1, 2\\}"),
        (BOXED, "So $\\boxed 7$.", "7"),
        (BOXED, "\\boxed{7}. Mark it with \\boxed ", "7"),
        (BOXED, "\\fbox{7}", "7"),
        (PLAIN, "a</think>\n7", "7"),
    ],
)
def test_well_formed(form: AnswerFormat, completion: str, answer: str) -> None:
    found = form.extract(completion)
    assert (found.answer, found.well_formed, found.detail) == (answer, True, "")


@pytest.mark.parametrize(
    ("form", "completion", "detail"),
    [
        (TAGS, "", "<think> is missing"),
        (TAGS, "7", "<think> is missing"),
        (TAGS, "<think>a", "</think> is missing"),
        (TAGS, "<think>a</think>7", "<answer> is missing"),
        (TAGS, "<think>a</think><answer>7", "</answer> is missing"),
        (TAGS, "<think>a</think><answer></answer>", "the answer is empty"),
        (TAGS, "<think>a</think><answer>7</answer><answer>8</answer>", "<answer> occurs 2 times"),
        (TAGS, "<think><think>a</think><answer>7</answer>", "<think> occurs 2 times"),
        (TAGS, "<answer>7</answer><think>a</think>", "tags out of order"),
        (TAGS, "<think><answer>7</answer></think>", "tags out of order"),
        (TAGS, "hm <think>a</think><answer>7</answer>", "text before <think>"),
        (TAGS, "<think>a</think>so<answer>7</answer>", "text outside the tags"),
        (TAGS, "<think>a</think><answer>7</answer>done", "text outside the tags"),
        (TAGS, "<THINK>a</THINK><answer>7</answer>", "<think> is missing"),
        (TAGS, "<think>a</think><answer >7</answer>", "<answer> is missing"),
        (OPENED, "<think>a</think><answer>7</answer>", "<think> is not allowed here"),
        (BOXED, "7", "no box"),
        (BOXED, "\\boxed{7} or \\boxed{8}", "2 boxes instead of one"),
        (BOXED, "\\boxed{7", "the box is never closed"),
        (BOXED, "<think>\\boxed{7}</think>7", "no box"),
        (BOXED, "<answer>\\boxed{7}</answer>", "<answer> is not allowed here"),
        (PLAIN, "7", "</think> is missing"),
        (PLAIN, "a</think> ", "the answer is empty"),
        (TAGS, "x" * 1_000_001, "more than 1,000,000 characters"),
    ],
)
def test_malformed(form: AnswerFormat, completion: str, detail: str) -> None:
    found = form.extract(completion)
    assert (found.answer, found.well_formed, found.detail) == (None, False, detail)


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("<think>a</think><answer>7</answer>", "7"),
        ("<answer>6</answer> no, <answer>7</answer>", "7"),
        ("<answer>7", "7"),
        ("\\boxed{6}, or rather \\boxed{7}", "7"),
        ("\\boxed{6}\n<answer>7</answer>", "7"),
        ("I think\nit is 7", "it is 7"),
        ("<think>a</think>\n7\n", "7"),
        ("<think>a\n7", "7"),
        ("", None),
        ("<think></think>", None),
    ],
)
def test_lenient(completion: str, answer: str | None) -> None:
    assert TAGS.extract_lenient(completion).answer == answer


def test_lenient_still_says_what_the_format_lacks() -> None:
    found = TAGS.extract_lenient("\\boxed{7}")
    assert (found.well_formed, found.detail) == (False, "<think> is missing")


def test_last_box() -> None:
    assert last_boxed("\\boxed{1} \\boxed{\\text{a}}") == "\\text{a}"
    assert last_boxed("\\boxed 7") == "7"
    assert last_boxed("our answer is $\\boxed 2$.") == "2"
    assert last_boxed("\\boxed 1,234.") == "1,234"
    assert last_boxed("\\boxed\\frac{1}{2}") == "\\frac{1}{2}"
    assert last_boxed("\\fbox{3}") == "3"
    assert last_boxed("\\boxed{5}. Mark it with \\boxed ") == "5"
    assert last_boxed("\\boxed{5}. Use \\boxed for it: \\boxed{6") == "5"
    assert last_boxed("\\boxedfor 7") == ""
    assert last_boxed("\\boxed{" * 10_000) == ""
    assert last_boxed("\\boxed{" + "{" * 400_000 + "}" * 400_000) == ""


PIECES = st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "{", "}", "\\", "7", " ", "\n"])


@given(st.text() | st.lists(PIECES, max_size=15).map("".join), st.sampled_from([TAGS, OPENED, BOXED, PLAIN]))
def test_nothing_raises_and_an_answer_is_never_empty(text: str, form: AnswerFormat) -> None:
    for found in (form.extract(text), form.extract_lenient(text)):
        assert found.answer is None or found.answer.strip()
    assert (form.extract(text).answer is None) == bool(form.extract(text).detail)
