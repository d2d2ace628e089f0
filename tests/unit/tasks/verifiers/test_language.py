import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError
from fathom.tasks.verifiers.language import SCRIPTS, language_share


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("we add three and five", "en", 1.0),
        ("we add 三 and 五", "en", 0.6),
        ("所以 x = 3", "zh", 2 / 3),
        ("我们先算", "zh", 1.0),
        ("我们先算", "en", 0.0),
        ("それは答えです", "ja", 1.0),
        ("漢字", "ja", 1.0),
        ("Ответ равен пяти", "ru", 1.0),
        ("La réponse naïve", "en", 1.0),
        ("don't", "en", 1.0),
        ("", "en", 1.0),
        ("3 + 5 = 8", "zh", 1.0),
        ("$x + y$ 和 \\frac 积", "zh", 1.0),
        ("```python\nprint(x)\n```结果", "zh", 1.0),
        ("`print` <think>好</think>", "zh", 1.0),
        ("word单词word", "en", 0.5),
        ("\ud800\x00", "en", 1.0),
    ],
)
def test_shares(text: str, language: str, expected: float) -> None:
    assert language_share(text, language) == pytest.approx(expected)


def test_an_unknown_language() -> None:
    with pytest.raises(ConfigError, match="language 'klingon' is not known; choose one of ar, bg, de"):
        language_share("nuqneH", "klingon")


@given(st.text(), st.sampled_from(sorted(SCRIPTS)))
def test_it_is_a_share(text: str, language: str) -> None:
    assert 0.0 <= language_share(text, language) <= 1.0


def test_a_long_text_with_marks_that_never_close() -> None:
    assert language_share("$" * 50_000 + "`" * 50_000 + "\\(" * 50_000 + "<" * 50_000 + " word", "en") == 1.0
    assert language_share("```" * 30_000, "en") == 1.0
