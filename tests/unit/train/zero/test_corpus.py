"""Traces as samples: what is learned is what a solver writes, and the end."""

from fathom.train.zero.corpus import corpus
from fathom.train.zero.vocabulary import tokenizer


def test_the_question_is_given_and_the_attempt_is_learned():
    vocabulary = tokenizer()
    samples = list(corpus(50))
    assert len(samples) == 50
    for sample in samples:
        learned = sample.learned
        assert learned == [False] * 10 + [True] * (len(sample.ids) - 10)
        assert vocabulary.decode(sample.ids[:10], skip_special=False).endswith("<｜Assistant｜><think>\n")
        assert sample.ids[-1] == 1
        assert "</think>" in vocabulary.decode(sample.ids[10:])
        assert len(sample.ids) <= 160


def test_habits_are_options():
    guesses = list(corpus(50, guess=1.0))
    assert max(len(sample.ids) for sample in guesses) == 10 + 9
